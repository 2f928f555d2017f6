"""Hooks of Autobahn that a subclass may override, and that raise: their connection fails, and nobody else notices."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from twisted.internet.defer import Deferred

from echod.settings import Limits
from echod.websocket.factory import EndpointFactory
from echod.websocket.protocol import Echo
from tests.deflate import deflated
from tests.pair import BINARY, CLOSE, PING, TEXT, Journal, MemoryNet, masked, request, unframe

SORRY = b"\x88\x02\x03\xf3"
"""A Close with 1011 and no reason."""


class Oops(Exception):
    """What the hooks of these tests raise."""


class NoPing(Echo):
    def onPing(self, payload: bytes) -> None:
        raise Oops


class NoEnd(Echo):
    def onClose(self, *_: object) -> None:
        raise Oops


class Loud(Echo):
    def sendMessage(self, payload: bytes, isBinary: bool = False, *_: Any, **__: Any) -> None:
        super().sendMessage(payload.upper(), isBinary)


class Slow(Echo):
    """`onConnect` decides when it is told to."""

    decision: Deferred[None]

    def onConnect(self, request: Any) -> Any:
        return self.decision


def publish(net: MemoryNet, kind: type[Echo]) -> None:
    """This protocol at `/s`."""
    factory = EndpointFactory(net.server.context)
    factory.protocol = kind
    net.server.publish("/s", factory)


def kinds(log: Any) -> list[type]:
    return [type(failure) for failure in log.take_failures()]


def test_a_ping_that_cannot_be_answered_closes_with_1011(net: MemoryNet, log: Any) -> None:
    publish(net, NoPing)
    peer = net.open("/s")
    assert peer.ask(masked(TEXT, b"a") + masked(PING), masked(TEXT, b"b")) == b"\x81\x01a" + SORRY
    assert kinds(log) == [Oops]


def test_also_in_the_segment_of_the_handshake(net: MemoryNet, log: Any) -> None:
    publish(net, NoPing)
    assert net.raw().ask(request("/s") + masked(PING), masked(TEXT, b"b")).endswith(b"\r\n\r\n" + SORRY)
    assert kinds(log) == [Oops]


def test_also_in_a_slice_and_the_connection_is_freed(net: MemoryNet, log: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("echod.websocket.time_slices.SLICE_S", -1.0)
    publish(net, NoPing)
    peer, other = net.open("/s"), net.open("/echo")
    peer.send(masked(TEXT, b"a") + masked(BINARY, b"b") + masked(PING) + masked(TEXT, b"c"))
    other.send(masked(TEXT, b"d") + masked(PING) + masked(TEXT, b"e"))
    for _ in range(8):
        net.wait(0)
    assert peer.take() == b"\x81\x01a\x82\x01b" + SORRY
    assert peer.lost
    assert [payload for _, payload in unframe(other.take())] == [b"d", b"", b"e"]
    assert kinds(log) == [Oops]


def test_an_end_that_cannot_be_told_is_counted_all_the_same(make_net: Callable[..., MemoryNet], log: Any) -> None:
    net = make_net(limits=Limits(max_connections=1))
    publish(net, NoEnd)
    net.open("/s").vanish()
    assert kinds(log) == [Oops]
    assert (len(net.server.admission), len(net.server.connections)) == (0, 0)
    assert net.open("/echo").ask(masked(TEXT, b"x")) == b"\x81\x01x"


def test_an_overridden_send_is_used_for_every_message(net: MemoryNet) -> None:
    publish(net, Loud)
    peer = net.open("/s")
    assert peer.ask(masked(TEXT, b"a"), masked(0x01, b"b") + masked(0x80, b"c")) == b"\x81\x01A\x81\x02BC"


def test_nothing_more_is_read_while_on_connect_decides(net: MemoryNet) -> None:
    Slow.decision = Deferred()
    publish(net, Slow)
    peer = net.raw()
    peer.send(request("/s"), masked(TEXT, b"x"))
    assert peer.take() == b""
    assert peer.transport.stream

    Slow.decision.callback(None)
    net.settle()

    assert peer.take().endswith(b"\r\n\r\n\x81\x01x")


def test_nothing_more_is_read_by_a_decision_that_is_a_refusal(net: MemoryNet, log: Any) -> None:
    Slow.decision = Deferred()
    publish(net, Slow)
    peer = net.raw()
    peer.send(request("/s"), masked(TEXT, b"x"))
    Slow.decision.errback(Oops())
    net.settle()
    assert peer.take().startswith(b"HTTP/1.1 500 ")
    assert peer.lost
    assert kinds(log) == [Oops]


@pytest.mark.parametrize(
    ("sent", "headers"),
    [
        (masked(TEXT, b"\xff"), ()),
        (masked(0x01, b"ab") + masked(0x80, b"\xc3"), ()),
        (masked(0xC1, deflated(b"\xff")), ("Sec-WebSocket-Extensions: permessage-deflate",)),
    ],
)
def test_what_is_wrong_behind_our_close_is_not_delivered(net: MemoryNet, sent: bytes, headers: tuple[str, ...]) -> None:
    journal = Journal()
    net.publish("/p", **journal.callbacks)
    peer = net.open("/p", *headers)
    journal.contract.close()
    peer.send(sent)
    net.wait(5)
    assert [line for line in journal.lines if isinstance(line, str)] == ["open"]


BAD_DEFLATE = (b"\0\0\0" + b"\xff" * 20, b"\xff\xff\xff\xff", b"\x02\x7e\0\0\0\0", b"J\x05\x13\0\0")


@pytest.mark.parametrize("body", BAD_DEFLATE)
def test_the_reason_of_a_close_fits_into_a_control_frame(net: MemoryNet, body: bytes) -> None:
    peer = net.open("/echo", "Sec-WebSocket-Extensions: permessage-deflate")
    [(first, payload)] = unframe(peer.ask(masked(0xC1, body)))
    assert (first, payload[:2]) == (CLOSE, b"\x03\xef")
    assert len(payload) <= 125


class Listening(Echo):
    """Sees every chunk, and listens to Autobahn's event for each message."""

    def makeConnection(self, transport: Any) -> None:  # noqa: N802 - a hook of Twisted
        self.chunks: list[bytes] = []
        self.heard: list[bytes] = []
        self.on("message", lambda payload, **_: self.heard.append(payload))
        super().makeConnection(transport)

    def dataReceived(self, data: bytes) -> None:
        self.chunks.append(data)
        super().dataReceived(data)


def test_a_subclass_may_see_every_chunk_and_listen_before_it_is_connected(net: MemoryNet) -> None:
    publish(net, Listening)
    assert net.open("/s").ask(masked(TEXT, b"a")) == b"\x81\x01a"
    [connection] = net.server.connections.all()
    assert (connection.chunks, connection.heard) == ([masked(TEXT, b"a")], [b"a"])
