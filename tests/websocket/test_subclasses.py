"""Autobahn programmers' own subclasses: a hook that raises is logged once, and closes its connection with 1011."""

from __future__ import annotations

from typing import Any

import pytest

from echod.websocket.factory import EndpointFactory
from echod.websocket.protocol import Echo
from tests.pair import TEXT, MemoryNet, masked, request

SORRY = b"\x88\x02\x03\xf3"


class Oops(Exception):
    """What the hooks raise."""


class RaisingOnOpen(Echo):
    def onOpen(self) -> None:
        super().onOpen()
        raise Oops


class RaisingOnMessage(Echo):
    def onMessage(self, payload: bytes, is_binary: bool) -> None:
        raise Oops


@pytest.fixture(params=[RaisingOnOpen, RaisingOnMessage])
def raising(request: pytest.FixtureRequest, net: MemoryNet) -> MemoryNet:
    """A server with such a protocol on /p."""

    class RaisingFactory(EndpointFactory):
        protocol: Any = request.param

    net.server.publish("/p", RaisingFactory(net.server.context))
    return net


def test_a_message_in_the_segment_of_the_handshake_ends_with_1011(raising: MemoryNet, log: Any) -> None:
    answer = raising.raw().ask(request("/p") + masked(TEXT, b"x") * 2)

    assert answer.partition(b"\r\n\r\n")[2] == SORRY
    assert [type(failure) for failure in log.take_failures()] == [Oops]


def test_a_message_after_the_handshake_ends_with_1011(raising: MemoryNet, log: Any) -> None:
    peer = raising.raw()
    peer.send(request("/p"))
    peer.send(masked(TEXT, b"x"), masked(TEXT, b"y"))

    assert peer.take().partition(b"\r\n\r\n")[2] == SORRY
    assert [type(failure) for failure in log.take_failures()] == [Oops]
