"""Whoever is refused or cut is counted, by kind."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from echod.counters import Counters
from echod.settings import Limits
from echod.site.generated import answer_behaviours
from tests.pair import BINARY, TEXT, MemoryNet, RawPeer, masked, request

CHUNK = masked(BINARY, bytes(100_000), b"\0\0\0\0")


@pytest.fixture
def strict(make_net: Callable[..., MemoryNet]) -> MemoryNet:
    """A server with low limits."""
    limits = Limits(
        max_header_count=20, max_message_bytes=200_000, max_fragments=2, max_unfinished_bytes=1000, max_per_address=2
    )
    return make_net(limits=limits)


def test_a_tally_says_what_it_has_counted() -> None:
    counters = Counters()
    for kind in ("stall timeout", "431", "431"):
        counters.count(kind)

    assert str(counters) == "431 ×2, stall timeout ×1"
    assert counters.counts() == {"431": 2, "stall timeout": 1}
    assert (counters["431"], counters["408"]) == (2, 0)


@pytest.mark.parametrize(
    ("sent", "kind"),
    [
        (request("/echo", *["X: y"] * 20), "431"),
        (b"\0", "400"),
        (request("/nowhere"), "404"),
        (b"POST /info HTTP/1.1\r\nHost: h\r\n\r\n", "405"),
        (request("/echo?status=404"), "as asked"),
        (request("/echo", "Sec-WebSocket-Protocol: a", "Sec-WebSocket-Protocol: a,"), "400"),
    ],
)
def test_a_refused_handshake_is_counted_by_its_status(strict: MemoryNet, sent: bytes, kind: str) -> None:
    strict.raw().send(sent)

    assert strict.server.counters.counts() == {kind: 1}


def test_a_refusal_after_a_hold_is_counted_as_asked(net: MemoryNet) -> None:
    net.raw().send(request("/echo?status=404&hold=1s"))

    net.wait(1)

    assert net.server.counters.counts() == {"as asked": 1}


@pytest.mark.parametrize("asked", ["/echo?status=404&hold=0s", "/echo?status=404&hold=1ms", "/behaviours", "/nowhere"])
def test_who_stays_after_an_answer_is_counted(net: MemoryNet, asked: str) -> None:
    net.server.publish_page("/behaviours", answer_behaviours)
    peer = net.raw()
    peer.keeps_open = True
    peer.send(request(asked))

    net.wait(0.001)
    net.wait(5)

    assert net.server.counters["close timeout"] == 1


def test_who_is_held_when_all_are_sent_off_is_counted(net: MemoryNet) -> None:
    net.raw().send(request("/echo?hold=9s"))

    net.shut_down()

    assert net.server.counters.counts() == {"503 leaving": 1}


@pytest.mark.parametrize(("begun", "kind"), [(b"GET /", "408"), (b"", "silent")])
def test_a_head_that_does_not_come_is_counted(net: MemoryNet, begun: bytes, kind: str) -> None:
    net.raw().send(begun)

    net.wait(5)

    assert net.server.counters.counts() == {kind: 1}


def test_another_origin_is_counted(net: MemoryNet) -> None:
    net.server.publish("/p", net.server.endpoints.find("/echo").factory, ["https://example.com"])

    net.raw().send(request("/p", "Origin: https://evil.example"))

    assert net.server.counters.counts() == {"403": 1}


def test_who_finds_no_room_is_counted_by_the_reason(make_net: Callable[..., MemoryNet]) -> None:
    full, crowded = (make_net(limits=Limits(**{name: 1})) for name in ("max_connections", "max_per_address"))
    for net in (full, crowded):
        net.open("/echo")
        net.raw().send(request("/echo"))

    assert full.server.counters.counts() == {"503 full": 1}
    assert crowded.server.counters.counts() == {"503 crowded": 1}


def test_who_comes_while_all_are_sent_off_is_counted(net: MemoryNet) -> None:
    net.open("/echo").transport.pauseProducing()
    net.shut_down()

    net.raw().send(request("/echo"))

    assert net.server.counters["503 leaving"] == 1


@pytest.mark.parametrize(
    ("sent", "kind"),
    [
        (b"\x81\x01x", "protocol error"),
        (masked(TEXT, b"\xff"), "invalid payload"),
        (masked(BINARY, bytes(200_001), b"\0\0\0\0")[:20], "message too big"),
        (masked(0x02) + masked(0x00) * 2, "too many fragments"),
        (masked(0x02, bytes(1001), b"\0\0\0\0"), "too much unfinished"),
    ],
)
def test_a_failed_connection_is_counted_by_what_was_wrong(strict: MemoryNet, sent: bytes, kind: str) -> None:
    strict.open("/echo").send(sent)

    assert strict.server.counters.counts() == {kind: 1}


def test_who_takes_nothing_is_counted(make_net: Callable[..., MemoryNet]) -> None:
    net = make_net(limits=Limits(ping_interval_s=0))
    peer = net.open("/echo")
    peer.transport.pauseProducing()
    peer.send(CHUNK, CHUNK)

    net.wait(20)

    assert net.server.counters.counts() == {"stall timeout": 1}


def test_a_missing_pong_is_counted(net: MemoryNet) -> None:
    net.open("/echo")

    net.wait(20)
    net.wait(20)

    assert net.server.counters["ping timeout"] == 1


def test_a_close_that_is_not_answered_is_counted(net: MemoryNet) -> None:
    net.open("/echo")
    [protocol] = net.server.connections.all()
    protocol.sendCloseFrame(code=1000)

    net.wait(5)

    assert net.server.counters.counts() == {"close timeout": 1}


def test_who_behaves_is_not_counted(net: MemoryNet) -> None:
    peer: RawPeer = net.open("/echo")
    peer.send(masked(TEXT, b"a"), masked(0x88, b"\x03\xe8"))

    assert net.server.counters.counts() == {}
