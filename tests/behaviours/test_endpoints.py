"""Any endpoint works with every behaviour: it says once what it does, as a program of Autobahn."""

from __future__ import annotations

from typing import Any

import pytest

from echod import EndpointFactory
from echod.server.standard import publish
from echod.websocket.protocol import EchodProtocol
from tests.pair import BINARY, CLOSE, TEXT, MemoryNet, RawPeer, masked, plain, unframe

ABC = masked(TEXT, b"abc")
REPLY = plain(TEXT, b"ABC")


class Upper(EchodProtocol):
    """Says nothing but what it replies."""

    def onMessage(self, payload: bytes, is_binary: bool) -> None:
        self.sendMessage(payload.upper(), is_binary)


class Chatty(EchodProtocol):
    """Greets, and sends several messages or none for each."""

    def onOpen(self) -> None:
        super().onOpen()
        self.sendMessage(b"welcome")

    def onMessage(self, payload: bytes, is_binary: bool) -> None:
        for number in range(int(payload)):
            self.sendMessage(str(number).encode())


class Named(EchodProtocol):
    """Needs what its factory has."""

    factory: NamedFactory

    def onMessage(self, payload: bytes, is_binary: bool) -> None:
        self.sendMessage(self.factory.name, is_binary)


class NamedFactory(EndpointFactory):
    protocol = Named
    name = b"factory"


class Loud(Upper):
    """Changes whatever it sends."""

    def sendMessage(self, payload: bytes, isBinary: bool = False, *args: Any, **options: Any) -> None:
        super().sendMessage(payload + b"!", isBinary, *args, **options)


class Once(EchodProtocol):
    """Closes behind its first reply."""

    def onMessage(self, payload: bytes, is_binary: bool) -> None:
        self.sendMessage(payload, is_binary)
        self.sendClose(4000)


class Failing(EchodProtocol):
    """Raises behind its first reply."""

    def onMessage(self, payload: bytes, is_binary: bool) -> None:
        self.sendMessage(payload, is_binary)
        raise RuntimeError


def open_endpoint(net: MemoryNet, kind: type[EchodProtocol], query: str, *headers: str) -> RawPeer:
    """A client of an endpoint that is made of this class alone."""
    factory = EndpointFactory(net.server.context)
    factory.protocol = kind
    publish(net.server, "/own", factory, None, behaviours=True)
    return net.open(f"/own?{query}", *headers)


@pytest.mark.parametrize(
    ("query", "replies"),
    [
        ("", REPLY),
        ("times=2", REPLY * 2),
        ("drop=1", b""),
        ("reply=size", plain(TEXT, b"3")),
        ("reply=none", b""),
        ("fragment=2", b"\x01\x02AB\x80\x01C"),
        ("close=4001&after=1", REPLY + plain(CLOSE, b"\x0f\xa1")),
        ("close=4001&after=1&reply=none", plain(CLOSE, b"\x0f\xa1")),
        ("bad=rsv&after=1", REPLY + b"\x91\x05hello"),
    ],
)
def test_what_an_endpoint_replies_is_shaped_as_asked(net: MemoryNet, query: str, replies: bytes) -> None:
    assert open_endpoint(net, Upper, query).ask(ABC) == replies


def test_its_reply_keeps_its_type(net: MemoryNet) -> None:
    assert open_endpoint(net, Upper, "times=2").ask(masked(BINARY, b"abc")) == plain(BINARY, b"ABC") * 2


def test_its_reply_is_delayed(net: MemoryNet) -> None:
    peer = open_endpoint(net, Upper, "delay=1s")
    assert peer.ask(ABC) == b""
    net.wait(1)
    assert peer.take() == REPLY


def test_unsolicited_messages_come_beside_its_replies(net: MemoryNet) -> None:
    peer = open_endpoint(net, Upper, "greet=hello&push=tick")
    assert peer.ask(ABC) == plain(TEXT, b"hello") + REPLY
    net.wait(1)
    assert peer.take() == plain(TEXT, b"tick")


def test_what_it_sends_when_it_opens_comes_before_the_greeting_and_once(net: MemoryNet) -> None:
    peer = open_endpoint(net, Chatty, "greet=hello&times=2&delay=1s")
    assert peer.take() == plain(TEXT, b"welcome") + plain(TEXT, b"hello")


def test_several_replies_or_none_are_each_repeated_in_order(net: MemoryNet) -> None:
    peer = open_endpoint(net, Chatty, "times=2")
    peer.take()
    assert peer.ask(masked(TEXT, b"0")) == b""
    assert [payload for _, payload in unframe(peer.ask(masked(TEXT, b"2")))] == [b"0", b"0", b"1", b"1"]


def test_each_message_has_one_size_however_it_is_answered(net: MemoryNet) -> None:
    peer = open_endpoint(net, Chatty, "reply=size")
    peer.take()
    assert peer.ask(masked(TEXT, b"0"), masked(TEXT, b"2")) == plain(TEXT, b"1") * 2


def test_what_its_factory_has_is_there(net: MemoryNet) -> None:
    publish(net.server, "/named", NamedFactory(net.server.context), None, behaviours=True)
    assert net.open("/named?times=2").ask(ABC) == plain(TEXT, b"factory") * 2


def test_a_class_may_change_what_it_sends(net: MemoryNet) -> None:
    assert open_endpoint(net, Loud, "times=2").ask(ABC) == plain(TEXT, b"ABC!") * 2


def test_an_option_of_sending_holds(net: MemoryNet) -> None:
    class Plain(EchodProtocol):
        def onMessage(self, payload: bytes, is_binary: bool) -> None:
            self.sendMessage(payload, is_binary, doNotCompress=True)

    peer = open_endpoint(net, Plain, "times=2", "Sec-WebSocket-Extensions: permessage-deflate")
    assert peer.ask(ABC) == plain(TEXT, b"abc") * 2


def test_its_close_waits_for_its_replies(net: MemoryNet) -> None:
    peer = open_endpoint(net, Once, "delay=1s&times=2")
    assert peer.ask(ABC) == b""
    net.wait(1)
    assert peer.take() == plain(TEXT, b"abc") * 2 + plain(CLOSE, b"\x0f\xa0")


def test_what_it_sends_before_it_raises_is_a_reply(net: MemoryNet, log: Any) -> None:
    peer = open_endpoint(net, Failing, "times=2")
    assert peer.ask(ABC) == plain(TEXT, b"abc") * 2 + plain(CLOSE, b"\x03\xf3")
    assert [type(error) for error in log.take_failures()] == [RuntimeError]


def test_an_endpoint_that_raises_when_it_is_closed_leaves_no_timer(net: MemoryNet, log: Any) -> None:
    class Sore(Upper):
        def onClose(self, was_clean: bool, code: int | None, reason: str | None) -> None:
            raise RuntimeError

    open_endpoint(net, Sore, "push=tick&stall=9s&delay=9s").vanish()
    assert net.clock.getDelayedCalls() == []
    assert [type(error) for error in log.take_failures()] == [RuntimeError]


def test_a_protocol_that_is_set_later_is_used(net: MemoryNet) -> None:
    factory = EndpointFactory(net.server.context)
    publish(net.server, "/own", factory, None, behaviours=True)
    assert net.open("/own?times=2").ask(ABC) == plain(TEXT, b"abc") * 2
    factory.protocol = Upper
    assert net.open("/own?times=2").ask(ABC) == REPLY * 2


def test_its_class_is_derived_once(net: MemoryNet) -> None:
    publish(net.server, "/named", NamedFactory(net.server.context), None, behaviours=True)
    net.open("/named?times=2")
    net.open("/named?delay=1s")
    first, second = net.server.connections.all()
    assert type(first) is type(second)
    assert type(first).__name__ == "Named"
