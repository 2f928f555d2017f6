"""Every way in which a connection to the server ends: what the peer sees, and what `on_close` is told."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from echod.settings import Limits
from tests.pair import CLOSE, TEXT, Journal, MemoryNet, RawPeer, masked, request, unframe

BYE = b"\x88\x85\0\0\0\0\x03\xe8bye"


@pytest.fixture
def journal(net: MemoryNet) -> Journal:
    """What happens at `/p`."""
    journal = Journal()
    net.publish("/p", **journal.callbacks)
    return journal


@pytest.mark.parametrize("path", ["/echo", "/simple-echo", "/multi-echo", "/"])
@pytest.mark.parametrize(
    ("close", "reply"),
    [
        (b"\x88\x80\0\0\0\0", b"\x88\x00"),
        (b"\x88\x82\0\0\0\0\x03\xe8", b"\x88\x02\x03\xe8"),
        (BYE, b"\x88\x05\x03\xe8bye"),
        (b"\x88\x84\0\0\0\0\x0f\xa0\xc3\xa4", b"\x88\x04\x0f\xa0\xc3\xa4"),
        (masked(CLOSE, b"\x13\x87" + b"x" * 123), b"\x88\x7d\x13\x87" + b"x" * 123),
    ],
)
def test_code_and_reason_are_echoed(net: MemoryNet, path: str, close: bytes, reply: bytes) -> None:
    peer = net.open(path)

    assert peer.ask(close) == reply
    assert peer.lost


@pytest.mark.parametrize("path", ["/echo", "/simple-echo"])
@pytest.mark.parametrize("code", [1000, 1001, 1002, 1003, *range(1007, 1015), 3000, 4999])
def test_every_registered_code_is_echoed(net: MemoryNet, path: str, code: int) -> None:
    """RFC 6455, 7.4, and the registry of IANA."""
    payload = code.to_bytes(2, "big") + b"why"

    assert net.open(path).ask(masked(CLOSE, payload)) == b"\x88\x05" + payload
    assert net.server.counters.counts() == {}


@pytest.mark.parametrize("code", [0, 999, 1004, 1005, 1006, 1015, 1016, 2999, 5000, 65535])
def test_every_other_code_is_a_violation(net: MemoryNet, code: int) -> None:
    """1005, 1006 and 1015 say how a Close was missing, and so stand in none (RFC 6455, 7.4.1)."""
    answer = net.open("/echo").ask(masked(CLOSE, code.to_bytes(2, "big")))

    assert answer[2:4] == b"\x03\xea"
    assert net.server.counters.counts() == {"protocol error": 1}


def test_the_peer_closes_with_1014(net: MemoryNet, journal: Journal) -> None:
    net.open("/p").send(masked(CLOSE, b"\x03\xf6bad gateway"))

    assert journal.lines == ["open", (1014, "bad gateway")]


def test_what_comes_behind_a_close_gets_no_reply(net: MemoryNet) -> None:
    peer = net.open("/echo")

    assert peer.ask(b"\x81\x81\0\0\0\0a" + BYE + b"\x81\x81\0\0\0\0b") == b"\x81\x01a" + b"\x88\x05\x03\xe8bye"


def test_the_peer_closes_with_code_and_reason(net: MemoryNet, journal: Journal) -> None:
    net.open("/p").send(BYE)

    assert journal.lines == ["open", (1000, "bye")]


def test_a_bare_close_is_1005(net: MemoryNet, journal: Journal) -> None:
    net.open("/p").send(b"\x88\x80\0\0\0\0")

    assert journal.lines == ["open", (1005, "")]


@pytest.mark.parametrize("leave", [RawPeer.vanish, RawPeer.hang_up])
def test_a_connection_that_is_lost_is_1006(net: MemoryNet, journal: Journal, leave: Callable[[RawPeer], None]) -> None:
    leave(net.open("/p"))

    assert journal.lines == ["open", (1006, "")]


def test_code_and_reason_have_their_types(net: MemoryNet, journal: Journal) -> None:
    net.open("/p").vanish()
    net.open("/p").send(b"\x88\x80\0\0\0\0")
    net.open("/p").send(BYE)

    closed = [line for line in journal.lines if line != "open"]
    assert [(isinstance(code, int), type(reason)) for code, reason in closed] == [(True, str)] * 3


def test_we_close_and_the_peer_answers(net: MemoryNet, journal: Journal) -> None:
    peer = net.open("/p")
    journal.contract.close(3000, "enough")
    net.settle()
    assert peer.take() == b"\x88\x08\x0b\xb8enough"
    assert journal.lines == ["open"]

    peer.send(masked(CLOSE, b"\x0b\xb8"))

    assert journal.lines == ["open", (3000, "")]
    assert peer.lost


def test_we_close_and_the_peer_never_answers(net: MemoryNet, journal: Journal) -> None:
    peer = net.open("/p")
    journal.contract.close()
    net.wait(4.9)
    assert not peer.lost

    net.wait(0.1)

    assert journal.lines == ["open", (1006, "")]
    assert peer.lost


def test_the_time_for_an_answer_is_a_limit_of_the_server(make_net: Callable[..., MemoryNet]) -> None:
    net, journal = make_net(limits=Limits(close_timeout_s=1)), Journal()
    net.publish("/p", **journal.callbacks)
    net.open("/p")
    journal.contract.close()

    net.wait(1)

    assert journal.lines == ["open", (1006, "")]


def test_the_peer_leaves_instead_of_answering_our_close(net: MemoryNet, journal: Journal) -> None:
    peer = net.open("/p")
    journal.contract.close()
    net.settle()

    peer.vanish()

    assert journal.lines == ["open", (1006, "")]


def test_both_close_at_once(net: MemoryNet, journal: Journal) -> None:
    peer = net.open("/p")

    peer.transport.write(masked(CLOSE, b"\x0b\xb9theirs"))
    journal.contract.close(3000, "ours")
    net.settle()

    assert peer.take() == b"\x88\x06\x0b\xb8ours"
    assert journal.lines == ["open", (3001, "theirs")]
    assert peer.lost


def test_our_close_goes_out_even_when_the_peers_is_read_with_it(net: MemoryNet) -> None:
    """`on_message` closes, and the peer's Close came in the same segment as the message."""
    net.publish("/p", on_message=lambda contract, _data, _ext: contract.close(3000, "ours"))
    peer = net.open("/p")

    assert peer.ask(masked(TEXT, b"stop") + BYE) == b"\x88\x06\x0b\xb8ours"
    assert peer.lost


def test_a_message_before_the_close_is_heard_first(net: MemoryNet, journal: Journal) -> None:
    net.open("/p").send(masked(TEXT, b"last") + BYE)

    assert journal.lines == ["open", "last", (1000, "bye")]


def test_messages_that_cross_our_close_are_heard(net: MemoryNet, journal: Journal) -> None:
    peer = net.open("/p")
    journal.contract.close()

    peer.send(masked(TEXT, b"late"), BYE)

    assert journal.lines == ["open", "late", (1000, "bye")]


@pytest.mark.parametrize("frame", [masked(TEXT, b"x"), masked(0x89, b"x")])
def test_nothing_is_sent_after_our_close(net: MemoryNet, frame: bytes) -> None:
    peer = net.open("/echo")
    net.shut_down()
    assert peer.take() == b"\x88\x02\x03\xe9"

    assert peer.ask(frame) == b""


def test_a_refused_client_is_neither_opened_nor_closed(net: MemoryNet, journal: Journal) -> None:
    refused = net.raw()
    refused.send(request("/p", "Sec-WebSocket-Protocol: a, a"))

    assert refused.lost
    assert journal.lines == []


def test_pings_that_are_not_answered_end_the_connection(net: MemoryNet, journal: Journal) -> None:
    peer = net.open("/p")
    net.wait(20)
    [(first, payload)] = unframe(peer.take())
    assert (first, len(payload)) == (0x89, 12)

    net.wait(20)

    assert journal.lines == ["open", (1006, "")]
    assert peer.lost


def test_pings_that_are_answered_keep_the_connection(net: MemoryNet, journal: Journal) -> None:
    peer = net.open("/p")

    for _ in range(5):
        net.wait(20)
        [(_, payload)] = unframe(peer.take())
        peer.send(masked(0x8A, payload))

    assert journal.lines == ["open"]
