"""The fast path seen from a behaviour: nothing differs from Autobahn's own path but the number of writes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from twisted.internet.testing import MemoryReactorClock

from echod.settings import Limits
from echod.websocket.context import make_context
from echod.websocket.factory import EndpointFactory
from echod.websocket.protocol import Echo, EchodProtocol
from tests.pair import BINARY, CLOSE, PING, PONG, TEXT, Journal, MemoryNet, masked, plain, unframe
from tests.streams import opened

ABC = masked(TEXT, b"a") + masked(TEXT, b"b") + masked(TEXT, b"c")


def serve(kind: type[EchodProtocol], debug: bool = False, **limits: Any) -> Any:
    """A protocol of this class whose handshake is done."""
    factory_kind = type("Factory", (EndpointFactory,), {"protocol": kind})
    return opened(factory_kind(make_context(MemoryReactorClock(), Limits(ping_interval_s=0, **limits), debug=debug)))


def ask(server: Any, data: bytes) -> list[bytes]:
    """What is written when this arrives, write by write."""
    server.transport.clear()
    server.dataReceived(data)
    return list(server.transport.stream)


class Told(EchodProtocol):
    """Does with each message what its text says."""

    def onMessage(self, payload: bytes, is_binary: bool) -> None:
        self.sendMessage(payload, is_binary)
        getattr(self, f"do_{payload.decode()}", lambda: None)()

    def do_close(self) -> None:
        self.sendClose(4000, "enough")

    def do_raise(self) -> None:
        raise RuntimeError("as told")

    def do_ping(self) -> None:
        self.sendPing(b"?")

    def do_drop(self) -> None:
        self.dropConnection()

    def do_twice(self) -> None:
        self.sendMessage(b"again", True)

    def do_sync(self) -> None:
        self.sendMessage(b"now", sync=True)

    def do_chop(self) -> None:
        self.sendData(b"\x81\x02ok", chopsize=1)


def told(*words: str) -> bytes:
    return b"".join(masked(TEXT, word.encode()) for word in words)


def test_the_replies_to_a_chunk_leave_in_one_write() -> None:
    assert ask(serve(Echo), ABC) == [plain(TEXT, b"a") + plain(TEXT, b"b") + plain(TEXT, b"c")]
    assert ask(serve(Told), ABC) == [plain(TEXT, b"a") + plain(TEXT, b"b") + plain(TEXT, b"c")]


def test_types_keep_their_order() -> None:
    sent = masked(TEXT, b"a") + masked(BINARY, b"b") + masked(TEXT, b"c")
    assert unframe(b"".join(ask(serve(Echo), sent))) == [(TEXT, b"a"), (BINARY, b"b"), (TEXT, b"c")]


@pytest.mark.parametrize("kind", [Echo, Told])
def test_what_autobahn_answers_keeps_its_place(kind: type[EchodProtocol]) -> None:
    answers = unframe(b"".join(ask(serve(kind), ABC + masked(PING, b"!") + ABC)))
    assert answers == [*unframe(plain(TEXT, b"a") + plain(TEXT, b"b") + plain(TEXT, b"c")), (PONG, b"!"), *answers[:3]]


def test_a_hook_may_send_what_it_likes_and_the_order_is_kept() -> None:
    answers = unframe(b"".join(ask(serve(Told), told("a", "ping", "b", "twice", "c"))))
    assert answers == [(TEXT, b"a"), (TEXT, b"ping"), (PING, b"?"), (TEXT, b"b"), (TEXT, b"twice"), (BINARY, b"again"),
                       (TEXT, b"c")]  # fmt: skip


def test_a_message_that_is_not_to_wait_takes_those_before_it_along() -> None:
    first, *rest = ask(serve(Told), told("a", "sync", "b"))
    assert first == plain(TEXT, b"a") + plain(TEXT, b"sync")
    assert rest == [plain(TEXT, b"now"), plain(TEXT, b"b")]


def test_a_message_that_is_not_to_wait_comes_before_the_answer_to_a_close() -> None:
    answers = unframe(b"".join(ask(serve(Told), told("sync") + masked(CLOSE, b"\x03\xe8"))))
    assert answers == [(TEXT, b"sync"), (TEXT, b"now"), (CLOSE, b"\x03\xe8")]


def test_octets_may_be_sent_in_pieces_and_keep_their_place() -> None:
    writes = ask(serve(Told), told("a", "chop", "b"))
    assert writes == [plain(TEXT, b"a") + plain(TEXT, b"chop"), b"\x81", b"\x02", b"o", b"k", plain(TEXT, b"b")]


def test_after_a_close_nothing_is_sent() -> None:
    answers = unframe(b"".join(ask(serve(Told), told("a", "close", "b"))))
    assert answers == [(TEXT, b"a"), (TEXT, b"close"), (CLOSE, b"\x0f\xa0enough")]


def test_replies_before_a_drop_are_sent() -> None:
    server = serve(Told)
    assert unframe(b"".join(ask(server, told("a", "drop", "b")))) == [(TEXT, b"a"), (TEXT, b"drop")]


def test_a_hook_that_raises_ends_with_1011_and_the_replies_before_it(log: Any) -> None:
    answers = unframe(b"".join(ask(serve(Told), told("a", "raise", "b"))))
    assert answers == [(TEXT, b"a"), (TEXT, b"raise"), (CLOSE, b"\x03\xf3")]
    assert [type(failure) for failure in log.take_failures()] == [RuntimeError]


class Nesting(Told):
    """Gets another chunk while it has a message in its hand."""

    def do_more(self) -> None:
        self.dataReceived(told("x", "y"))


def test_a_chunk_that_comes_within_a_hook_takes_no_reply_away() -> None:
    server = serve(Nesting)
    answers = unframe(b"".join(ask(server, told("a", "more", "b"))))
    assert answers == [(TEXT, word) for word in (b"a", b"more", b"x", b"y", b"b")]
    assert unframe(b"".join(ask(server, told("c")))) == [(TEXT, b"c")]


class Shout(Echo):
    """An echo with another message."""

    def onMessage(self, payload: bytes, is_binary: bool) -> None:
        self.sendMessage(payload.upper(), is_binary)


def test_a_subclass_of_the_echo_is_asked_for_each_message() -> None:
    assert unframe(b"".join(ask(serve(Shout), ABC))) == [(TEXT, b"A"), (TEXT, b"B"), (TEXT, b"C")]


class Watching(Echo):
    """Wants to see frames."""

    def __init__(self) -> None:
        super().__init__()
        self.seen: list[int] = []

    def onMessageFrameBegin(self, length: int) -> None:
        self.seen.append(length)
        super().onMessageFrameBegin(length)


def test_who_watches_frames_sees_each_of_them() -> None:
    server = serve(Watching)
    assert len(ask(server, ABC)) == 3
    assert server.seen == [1, 1, 1]


def test_who_listens_for_messages_is_told_of_each() -> None:
    server, heard = serve(Echo), []
    server.on("message", lambda payload, **_: heard.append(payload))
    ask(server, ABC)
    assert heard == [b"a", b"b", b"c"]


def test_who_listens_in_a_client_is_told_too(net: MemoryNet) -> None:
    opening, heard = net.connect("/echo"), []
    opening.contract._connection.on("message", lambda payload, **_: heard.append(payload))
    opening.contract.send("x")
    net.settle()
    assert heard == [b"x"]


def test_frames_that_are_logged_go_autobahns_way() -> None:
    assert not serve(Echo, debug=True).fast_path.is_on
    assert serve(Echo).fast_path.is_on


def test_with_an_extension_everything_goes_autobahns_way(net: MemoryNet) -> None:
    peer = net.open("/echo", "Sec-WebSocket-Extensions: permessage-deflate")
    assert unframe(peer.ask(masked(0xC2, b"\x4b\x4c\x04\x00"))) != []


def test_a_large_message_may_come_in_any_pieces(net: MemoryNet) -> None:
    payload = bytes(range(256)) * 400
    frame = masked(BINARY, payload)
    peer = net.open("/echo")
    peer.send(frame[:7], frame[7:9], frame[9:15], frame[15:70_000], frame[70_000:] + ABC)
    assert unframe(peer.take()) == [(BINARY, payload), (TEXT, b"a"), (TEXT, b"b"), (TEXT, b"c")]


def test_text_that_cannot_become_utf8_is_refused_before_it_is_whole(net: MemoryNet) -> None:
    peer = net.open("/echo")
    [(first, payload)] = unframe(peer.ask(masked(TEXT, b"a" * 1000 + b"\xff" + b"a" * 70_000)[:2000]))
    assert (first, payload[:2]) == (CLOSE, b"\x03\xef")


def test_a_large_message_counts_for_the_budget_while_it_comes(make_net: Callable[..., MemoryNet]) -> None:
    net = make_net(limits=Limits(max_unfinished_bytes=100_000))
    first, second = net.open("/echo"), net.open("/echo")
    first.send(masked(BINARY, bytes(90_000))[:80_000])
    [(opcode, payload)] = unframe(second.ask(masked(BINARY, bytes(90_000))[:80_000]))
    assert (opcode, payload[:2]) == (CLOSE, b"\x03\xf5")
    first.send(masked(BINARY, bytes(90_000))[80_000:])
    assert unframe(first.take()) == [(BINARY, bytes(90_000))]
    third = net.open("/echo")
    assert unframe(third.ask(masked(BINARY, bytes(90_000)))) == [(BINARY, bytes(90_000))]


def test_a_large_message_whose_connection_is_lost_is_forgotten(make_net: Callable[..., MemoryNet]) -> None:
    net = make_net(limits=Limits(max_unfinished_bytes=100_000))
    peer = net.open("/echo")
    peer.send(masked(BINARY, bytes(90_000))[:80_000])
    peer.vanish()
    assert unframe(net.open("/echo").ask(masked(BINARY, bytes(90_000)))) == [(BINARY, bytes(90_000))]


def test_a_large_message_that_ends_after_our_close_gets_no_answer(net: MemoryNet) -> None:
    journal = Journal()
    net.publish("/p", **journal.callbacks)
    peer, frame = net.open("/p"), masked(BINARY, bytes(90_000))
    peer.send(frame[:50_000])
    journal.contract.close(4000)
    net.settle()
    peer.send(frame[50_000:], masked(CLOSE, b"\x0f\xa0"))
    assert unframe(peer.take()) == [(CLOSE, b"\x0f\xa0")]
    assert journal.lines == ["open", bytes(90_000), (4000, "")]


def test_the_replies_of_a_client_leave_in_one_write_too(net: MemoryNet) -> None:
    far = Journal()
    net.publish("/p", **far.callbacks)
    opening = net.connect("/p", on_message=lambda contract, data, _: contract.send(data))
    for letter in "abc":
        far.contract.send(letter)
    net.settle()
    assert far.lines == ["open", "a", "b", "c"]
    assert opening.contract.state.name == "OPEN"
