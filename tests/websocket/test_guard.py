"""What one connection may take of the others: fragments, sizes, unfinished messages, inflated bytes, zlib objects."""

from __future__ import annotations

import os
import zlib
from collections.abc import Callable
from typing import Any

import pytest

from echod.settings import Limits
from echod.websocket.message_limits import outer_limit
from tests.deflate import deflated
from tests.pair import (
    BINARY,
    CLOSE,
    PING,
    PONG,
    TEXT,
    Journal,
    MemoryNet,
    RawPeer,
    accept,
    masked,
    plain,
    request,
    unframe,
)

OFFER = "Sec-WebSocket-Extensions: permessage-deflate"
DEFLATED_TEXT, DEFLATED_BINARY = 0xC1, 0xC2
BEGIN, MORE, END = 0x02, 0x00, 0x80
"""First bytes of the frames of a fragmented binary message."""
TAIL = b"\x00\x00\xff\xff"


def inflated(payload: bytes) -> bytes:
    return zlib.decompressobj(-15).decompress(payload + TAIL)


def close_code(data: bytes) -> int:
    """The code of the one frame, a Close, in these bytes."""
    [(first, payload)] = unframe(data)
    assert first == CLOSE
    return int.from_bytes(payload[:2], "big")


def protocol_of(net: MemoryNet) -> Any:
    """The server's end of the one open connection."""
    [protocol] = net.server.connections.all()
    return protocol


def limited(make_net: Callable[..., MemoryNet], **limits: Any) -> MemoryNet:
    return make_net(limits=Limits(**{"ping_interval_s": 0, **limits}))


def fragments(count: int) -> bytes:
    """A message of that many empty frames."""
    return masked(BEGIN) + masked(MORE) * (count - 2) + masked(END)


def test_a_message_may_have_as_many_fragments_as_the_cap(make_net: Callable[..., MemoryNet]) -> None:
    peer = limited(make_net, max_fragments=10).open("/echo")

    assert peer.ask(fragments(10) * 2) == plain(BINARY) * 2


def test_one_fragment_more_is_1009(make_net: Callable[..., MemoryNet]) -> None:
    peer = limited(make_net, max_fragments=10).open("/echo")

    assert close_code(peer.ask(fragments(11))) == 1009
    assert peer.lost


def test_control_frames_are_no_fragments(make_net: Callable[..., MemoryNet]) -> None:
    peer = limited(make_net, max_fragments=2).open("/echo")

    answer = peer.ask(masked(BEGIN, b"a") + masked(PING) * 5 + masked(END, b"b"))

    assert answer == plain(PONG) * 5 + plain(BINARY, b"ab")


@pytest.mark.parametrize(
    "announced",
    [b"\x82\xfe\x03\xe9\0\0\0\0", b"\x82\xff\x7f\xff\xff\xff\xff\xff\xff\xff\0\0\0\0"],
    ids=["a byte more", "2^63 - 1"],
)
def test_a_size_over_the_limit_is_refused_before_it_comes(make_net: Callable[..., MemoryNet], announced: bytes) -> None:
    peer = limited(make_net, max_message_bytes=1000).open("/echo")

    assert close_code(peer.ask(announced)) == 1009


def test_what_fragments_add_up_to_is_refused_before_it_comes(make_net: Callable[..., MemoryNet]) -> None:
    peer = limited(make_net, max_message_bytes=1000).open("/echo")
    assert peer.ask(masked(BEGIN, bytes(600))) == b""

    assert close_code(peer.ask(b"\x80\xfe\x01\x91\0\0\0\0")) == 1009


@pytest.mark.parametrize("path", ["/echo", "/p"])
def test_whoever_asks_for_more_than_all_may_have_unfinished_gets_1013(
    make_net: Callable[..., MemoryNet], path: str
) -> None:
    net = limited(make_net, max_unfinished_bytes=1000)
    net.publish("/p")
    patient, greedy = net.open("/echo"), net.open(path)
    patient.send(masked(BEGIN, bytes(600)))

    assert close_code(greedy.ask(masked(BEGIN, bytes(401)))) == 1013

    assert patient.ask(masked(END, b"")) == plain(BINARY, bytes(600))


@pytest.mark.parametrize("leave", ["finish", "vanish", "violate", "half close"])
def test_what_was_unfinished_is_given_back(make_net: Callable[..., MemoryNet], leave: str) -> None:
    net = limited(make_net, max_unfinished_bytes=1000)
    peer = net.open("/echo")
    peer.send(masked(BEGIN, bytes(1000)))

    {
        "finish": lambda: peer.send(masked(END)),
        "vanish": peer.vanish,
        "violate": lambda: peer.send(masked(TEXT)),
        "half close": peer.half_close,
    }[leave]()

    assert net.open("/echo").ask(masked(BEGIN, bytes(1000))) == b""


def test_a_frame_that_has_not_come_whole_is_counted(make_net: Callable[..., MemoryNet]) -> None:
    net = limited(make_net, max_unfinished_bytes=1000)
    net.open("/echo").send(masked(BINARY, bytes(900))[:-1])

    assert close_code(net.open("/echo").ask(masked(BINARY, bytes(900))[:-1])) == 1013


def test_messages_that_were_answered_leave_nothing_in_the_budget(make_net: Callable[..., MemoryNet]) -> None:
    net = limited(make_net, max_unfinished_bytes=1000)
    peer = net.open("/echo", OFFER)

    for _ in range(5):
        assert len(unframe(peer.ask(masked(BINARY, bytes(900)) + masked(DEFLATED_BINARY, deflated(bytes(900)))))) == 2

    assert net.server.context.quota.reserved == 0


# Deflate: the edges of the limit.

LIMIT = 500_000


@pytest.fixture
def half_million(make_net: Callable[..., MemoryNet]) -> MemoryNet:
    """A server that takes messages of 500,000 bytes."""
    return limited(make_net, max_message_bytes=LIMIT, inflated_bytes_per_s=0)


@pytest.mark.parametrize("payload", [bytes(LIMIT), os.urandom(LIMIT)], ids=["zeros", "noise"])
def test_a_deflated_message_of_exactly_the_limit_is_echoed(half_million: MemoryNet, payload: bytes) -> None:
    peer = half_million.open("/echo", OFFER)

    # So large a reply is not deflated.
    assert unframe(peer.ask(masked(DEFLATED_BINARY, deflated(payload), b"\0\0\0\0"))) == [(BINARY, payload)]


@pytest.mark.parametrize("payload", [bytes(LIMIT + 1), os.urandom(LIMIT + 1)], ids=["zeros", "noise"])
def test_a_deflated_message_of_one_byte_more_is_1009(half_million: MemoryNet, payload: bytes) -> None:
    peer = half_million.open("/echo", OFFER)

    assert close_code(peer.ask(masked(DEFLATED_BINARY, deflated(payload), b"\0\0\0\0"))) == 1009


@pytest.mark.parametrize("size", [0, 1, 5, 100, 1000, LIMIT])
def test_a_small_limit_leaves_room_for_the_compressed_form_too(make_net: Callable[..., MemoryNet], size: int) -> None:
    net = limited(make_net, max_message_bytes=max(1, size))
    payload = os.urandom(size)

    [(first, reply)] = unframe(net.open("/echo", OFFER).ask(masked(DEFLATED_BINARY, deflated(payload), b"\0\0\0\0")))

    assert (inflated(reply) if first == DEFLATED_BINARY else reply) == payload


@pytest.mark.parametrize("size", [1, 100, 16384, 65536, LIMIT])
def test_stored_blocks_are_within_the_outer_limit(size: int) -> None:
    """The largest form that a sane compressor gives: nothing compressed, in blocks of 16 KiB and less."""
    compressor = zlib.compressobj(level=0, wbits=-15, memLevel=1)

    stored = compressor.compress(os.urandom(size)) + compressor.flush(zlib.Z_SYNC_FLUSH)

    assert size < len(stored) < outer_limit(size)


def test_a_deflated_message_in_fragments_is_measured_as_one(half_million: MemoryNet) -> None:
    body = deflated(bytes(LIMIT + 1))

    answer = half_million.open("/echo", OFFER).ask(masked(0x42, body[:500]) + masked(END, body[500:]))

    assert close_code(answer) == 1009


# Deflate: the rate, and the memory.


def test_who_inflates_faster_than_the_rate_is_not_read_from_for_a_while(make_net: Callable[..., MemoryNet]) -> None:
    net = limited(make_net, inflated_bytes_per_s=100_000)
    peer = net.open("/echo", OFFER)
    bomb = masked(DEFLATED_BINARY, deflated(bytes(300_000)))

    answer = peer.ask(bomb + bomb)
    assert len(unframe(answer)) == 1
    assert peer.transport.far.paused
    net.wait(1.9)
    assert peer.take() == b""
    net.wait(0.2)

    assert len(unframe(peer.take())) == 1


def test_reading_goes_on_when_the_rate_allows(make_net: Callable[..., MemoryNet]) -> None:
    net = limited(make_net, inflated_bytes_per_s=100_000)
    peer = net.open("/echo", OFFER)
    peer.send(masked(DEFLATED_BINARY, deflated(bytes(300_000))) + masked(DEFLATED_BINARY, deflated(b"x")))
    assert peer.transport.far.paused

    net.wait(2.1)

    assert not peer.transport.far.paused
    assert len(unframe(peer.take())) == 2


def test_others_are_not_slowed_by_one_who_inflates_much(make_net: Callable[..., MemoryNet]) -> None:
    net = limited(make_net, inflated_bytes_per_s=100_000)
    greedy, other = net.open("/echo", OFFER), net.open("/echo", OFFER)
    greedy.send(masked(DEFLATED_BINARY, deflated(bytes(300_000))) * 2)

    assert other.ask(masked(TEXT, b"x")) != b""


def test_what_comes_uncompressed_has_no_rate(make_net: Callable[..., MemoryNet]) -> None:
    net = limited(make_net, inflated_bytes_per_s=1000)
    peer = net.open("/echo")

    assert len(unframe(peer.ask(masked(BINARY, bytes(50_000)) * 3))) == 3


NO_TAKEOVER = "; server_no_context_takeover; client_no_context_takeover"


def zlib_objects(protocol: Any) -> tuple[bool, bool]:
    """Whether the connection holds a compressor and a decompressor."""
    codec = protocol._perMessageCompress
    return not codec.deflater.is_idle, not codec.inflater.is_idle


@pytest.mark.parametrize("path", ["/echo", "/silent"])
@pytest.mark.parametrize(
    ("parameters", "kept"),
    [
        ("", (True, True)),
        ("; server_no_context_takeover", (False, True)),
        ("; client_no_context_takeover", (True, False)),
        (NO_TAKEOVER, (False, False)),
    ],
)
@pytest.mark.parametrize(
    "message", [masked(DEFLATED_TEXT, deflated(b"hello")), masked(TEXT, b"hello")], ids=["deflated", "plain"]
)
def test_zlib_objects_whose_context_nobody_needs_are_freed(
    net: MemoryNet, path: str, parameters: str, kept: tuple[bool, bool], message: bytes
) -> None:
    net.publish("/silent")
    peer = net.open(path, OFFER + parameters)

    peer.send(message, message)

    needed = (path == "/echo", message[0] == DEFLATED_TEXT)
    assert zlib_objects(protocol_of(net)) == (kept[0] and needed[0], kept[1] and needed[1])


@pytest.mark.parametrize("parameters", ["", NO_TAKEOVER])
def test_messages_are_understood_after_objects_were_freed(net: MemoryNet, parameters: str) -> None:
    peer, inflate = net.open("/echo", OFFER + parameters), zlib.decompressobj(-15)
    for word in (b"hello", b"hello again", b"and again"):
        [(_, reply)] = unframe(peer.ask(masked(DEFLATED_TEXT, deflated(word))))
        if parameters:
            inflate = zlib.decompressobj(-15)

        assert inflate.decompress(reply + TAIL) == word


@pytest.mark.parametrize(
    ("parameters", "kept"),
    [
        ("", (True, True)),
        ("; client_no_context_takeover", (False, True)),
        ("; server_no_context_takeover", (True, False)),
    ],
)
def test_a_client_frees_by_its_own_side_of_the_deal(net: MemoryNet, parameters: str, kept: tuple[bool, bool]) -> None:
    server = RawPeer()
    opening = net.connect(far_end=lambda: server)
    server.send(accept(server.take(), f"Sec-WebSocket-Extensions: permessage-deflate{parameters}"))

    opening.contract.send("hello")
    server.send(plain(DEFLATED_TEXT, deflated(b"hello")))
    opening.contract.send("hello again")

    assert zlib_objects(opening.contract._connection) == kept
    server.vanish()


# Pings.


@pytest.fixture
def pinged(make_net: Callable[..., MemoryNet]) -> MemoryNet:
    """A server that pings after ten seconds of silence and waits five for the pong."""
    return make_net(limits=Limits(ping_interval_s=10, ping_timeout_s=5, stall_timeout_s=0, inflated_bytes_per_s=100))


def pings(peer: RawPeer) -> list[bytes]:
    """The payloads of the pings that came; nothing else has come."""
    frames = unframe(peer.take())
    assert {first for first, _ in frames} <= {PING}
    return [payload for _, payload in frames]


def test_a_silent_peer_is_pinged_after_the_interval(pinged: MemoryNet) -> None:
    peer = pinged.open("/echo")
    pinged.wait(9.9)
    assert pings(peer) == []

    pinged.wait(0.1)

    assert len(pings(peer)) == 1


def test_a_peer_that_talks_is_not_pinged(pinged: MemoryNet) -> None:
    peer = pinged.open("/echo")

    for _ in range(20):
        pinged.wait(4)
        assert peer.ask(masked(TEXT, b"x")) == b"\x81\x01x"


def test_the_silence_is_counted_from_the_last_byte(pinged: MemoryNet) -> None:
    peer = pinged.open("/echo")
    pinged.wait(8)
    peer.ask(masked(TEXT, b"x"))
    pinged.wait(9.9)
    assert pings(peer) == []

    pinged.wait(0.1)

    assert len(pings(peer)) == 1


def test_a_peer_that_answers_is_pinged_again_after_the_interval(pinged: MemoryNet) -> None:
    peer = pinged.open("/echo")
    for _ in range(3):
        pinged.wait(10)
        [payload] = pings(peer)
        peer.send(masked(PONG, payload))

    assert not peer.lost


def test_a_peer_that_answers_nothing_is_cut(pinged: MemoryNet) -> None:
    peer = pinged.open("/echo")
    pinged.wait(10)
    pinged.wait(4.9)
    assert not peer.lost

    pinged.wait(0.1)

    assert peer.lost


def test_a_peer_that_says_anything_instead_of_the_pong_stays(pinged: MemoryNet) -> None:
    peer = pinged.open("/echo")
    pinged.wait(10)
    peer.take()

    pinged.wait(3)
    peer.send(masked(PONG, b"other"))
    pinged.wait(2)
    assert not peer.lost
    pinged.wait(5)

    assert peer.lost


def test_a_pong_that_cannot_be_seen_while_reading_is_held_is_not_missed(pinged: MemoryNet) -> None:
    peer = pinged.open("/echo")
    pinged.wait(10)
    [payload] = pings(peer)
    protocol_of(pinged).guard.flow.hold("a")
    peer.send(masked(PONG, payload))
    pinged.wait(60)
    assert not peer.lost

    protocol_of(pinged).guard.flow.release("a")
    pinged.settle()
    pinged.wait(9)

    assert not peer.lost


def test_a_peer_that_is_still_silent_when_reading_goes_on_is_cut(pinged: MemoryNet) -> None:
    peer = pinged.open("/echo")
    pinged.wait(10)
    protocol_of(pinged).guard.flow.hold("a")
    pinged.wait(60)

    protocol_of(pinged).guard.flow.release("a")
    pinged.wait(5)

    assert peer.lost


def test_a_pong_that_is_missing_does_not_cut_a_closing_peer_that_takes_what_it_is_owed(
    pinged: MemoryNet, monkeypatch: pytest.MonkeyPatch
) -> None:
    taken = iter(range(100))
    monkeypatch.setattr("echod.flow.stall_timeout.taken_from", lambda _: (next(taken),))
    peer = pinged.open("/echo")
    pinged.wait(10)
    pinged.shut_down()

    for _ in range(8):
        pinged.wait(1)

    assert not peer.lost
    assert unframe(peer.take())[-1] == (CLOSE, b"\x03\xe9")
    peer.send(masked(CLOSE, b"\x03\xe9"))


def test_a_client_of_ours_pings_a_silent_server_and_gives_it_up(net: MemoryNet) -> None:
    server, journal = RawPeer(), Journal()
    net.connect(far_end=lambda: server, limits=Limits(ping_interval_s=10, ping_timeout_s=5), **journal.callbacks)
    server.send(accept(server.take()))
    net.wait(10)
    [(first, payload)] = unframe(server.take())
    server.send(plain(PONG, payload))
    net.wait(10)
    assert (first, server.lost) == (PING, False)

    net.wait(5)

    assert server.lost
    assert journal.lines == ["open", (1006, "")]


def test_a_client_of_ours_keeps_a_server_that_talks(net: MemoryNet) -> None:
    server = RawPeer()
    net.connect(far_end=lambda: server, limits=Limits(ping_interval_s=10, ping_timeout_s=5))
    server.send(accept(server.take()))
    net.wait(10)

    net.wait(3)
    server.send(plain(PING))
    net.wait(3)

    assert not server.lost
    server.vanish()


# Several lines of offers.


@pytest.mark.parametrize(
    "lines",
    [
        ["permessage-deflate", "permessage-deflate; client_max_window_bits"],
        ["x-unknown", "permessage-deflate"],
        ["permessage-deflate", "x-unknown", "x-other"],
    ],
)
def test_offers_on_several_lines_are_one_offer(net: MemoryNet, lines: list[str]) -> None:
    names = ["Sec-WebSocket-Extensions", "SEC-websocket-extensions", "sec-websocket-extensions"]
    offers = [f"{name}: {line}" for name, line in zip(names, lines, strict=False)]

    peer = net.open("/echo", *offers)

    [(first, _)] = unframe(peer.ask(masked(TEXT, b"hello")))
    assert first == DEFLATED_TEXT


def test_frames_behind_several_lines_of_offers_are_answered(net: MemoryNet) -> None:
    head = request("/echo", "Sec-WebSocket-Extensions: x-a", "Sec-WebSocket-Extensions: x-b")

    assert net.raw().ask(head + masked(TEXT, b"hello")).endswith(b"\r\n\r\n\x81\x05hello")
