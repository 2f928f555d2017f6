"""permessage-deflate on the server: what is negotiated, and what goes compressed (RFC 7692)."""

from __future__ import annotations

import os
import zlib
from collections.abc import Callable, Sequence
from typing import Any

import pytest

from echod.settings import Limits
from echod.websocket.autobahn.deflate import MOST_DEFLATED_BYTES
from echod.websocket.factory import EndpointFactory
from echod.websocket.protocol import Echo
from tests.deflate import EMPTY_STREAM, HELLO, HELLO_ENDED, HELLO_IN_TWO_BLOCKS, HELLO_STORED, TAIL, deflated
from tests.pair import CLOSE, TEXT, Journal, MemoryNet, RawPeer, masked, request, unframe

OFFER = "Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits"
COMPRESSED_TEXT = 0xC1


def extensions_for(net: MemoryNet, offer: str) -> bytes | None:
    """What a 101 answer says to this offer; None when it says nothing."""
    answer = net.raw().ask(request("/echo", f"Sec-WebSocket-Extensions: {offer}"))
    assert answer.startswith(b"HTTP/1.1 101 ")
    found = [line for line in answer.split(b"\r\n") if line.startswith(b"Sec-WebSocket-Extensions: ")]
    return found[0].partition(b": ")[2] if found else None


def say(peer: RawPeer, payload: bytes, inflate: Any) -> bytes:
    """The one reply, which is compressed, to a compressed text."""
    [(first, body)] = unframe(peer.ask(masked(COMPRESSED_TEXT, deflated(payload))))
    assert first == COMPRESSED_TEXT
    inflated: bytes = inflate.decompress(body + TAIL)
    return inflated


@pytest.mark.parametrize(
    ("offer", "answer"),
    [
        ("permessage-deflate; client_max_window_bits", b"permessage-deflate"),
        ("permessage-deflate", b"permessage-deflate"),
        ("permessage-deflate; server_max_window_bits=10", b"permessage-deflate; server_max_window_bits=10"),
        ("permessage-deflate; server_no_context_takeover", b"permessage-deflate; server_no_context_takeover"),
        ("x-other, permessage-deflate", b"permessage-deflate"),
        ("permessage-deflate; nonsense, permessage-deflate", b"permessage-deflate"),
        # What is built on gorilla/websocket offers this, and wants both confirmed.
        (
            "permessage-deflate; server_no_context_takeover; client_no_context_takeover",
            b"permessage-deflate; server_no_context_takeover; client_no_context_takeover",
        ),
        ("permessage-deflate; client_max_window_bits=8", b"permessage-deflate"),
        ("permessage-deflate; server_max_window_bits=8", b"permessage-deflate; server_max_window_bits=8"),
        ("permessage-deflate; server_max_window_bits=+10, permessage-deflate", b"permessage-deflate"),
    ],
)
def test_the_first_good_offer_is_accepted_as_it_is(net: MemoryNet, offer: str, answer: bytes) -> None:
    assert extensions_for(net, offer) == answer


@pytest.mark.parametrize(
    "offer",
    [
        "permessage-deflate; nonsense",
        "permessage-deflate; client_max_window_bits=99",
        "permessage-deflate; server_max_window_bits=+10",
        "permessage-deflate; server_max_window_bits",
        "permessage-deflate; server_no_context_takeover=1",
        "permessage-deflate; client_max_window_bits; client_max_window_bits",
        "permessage-bzip2",
        "x-webkit-deflate-frame",
    ],
)
def test_a_bad_offer_is_declined_and_the_handshake_succeeds(net: MemoryNet, offer: str) -> None:
    assert extensions_for(net, offer) is None


def test_with_compression_off_every_offer_is_declined(make_net: Callable[..., MemoryNet]) -> None:
    assert extensions_for(make_net(compression=False), "permessage-deflate") is None


def test_messages_are_compressed_both_ways_with_one_context(net: MemoryNet) -> None:
    peer, inflate = net.open("/simple-echo", OFFER), zlib.decompressobj(-15)

    replies = [say(peer, text, inflate) for text in (b"hello " * 50, b"add", b"hello " * 50, b"none", b"")]

    assert replies == [b"hello " * 50, b"add...added...", b"hello " * 50 + b"...added...", b"none", b""]


def test_the_context_of_replies_is_kept(net: MemoryNet) -> None:
    peer, payload = net.open("/echo", OFFER), os.urandom(500)

    lengths = [len(peer.ask(masked(COMPRESSED_TEXT ^ 3, deflated(payload)))) for _ in range(2)]

    assert lengths[0] > 500 > 50 > lengths[1]


def test_without_context_takeover_every_reply_stands_alone(net: MemoryNet) -> None:
    peer = net.open("/echo", OFFER + "; server_no_context_takeover")

    for _ in range(2):
        assert say(peer, b"hello", zlib.decompressobj(-15)) == b"hello"


def test_an_uncompressed_message_is_allowed_and_its_reply_compressed(net: MemoryNet) -> None:
    [(first, body)] = unframe(net.open("/echo", OFFER).ask(masked(TEXT, b"hello")))

    assert first == COMPRESSED_TEXT
    assert zlib.decompressobj(-15).decompress(body + TAIL) == b"hello"


def test_a_compressed_message_may_be_fragmented(net: MemoryNet) -> None:
    body = deflated(b"hello")

    [(_, reply)] = unframe(net.open("/echo", OFFER).ask(masked(0x41, body[:3]) + masked(0x80, body[3:])))

    assert zlib.decompressobj(-15).decompress(reply + TAIL) == b"hello"


def test_control_frames_are_never_compressed(net: MemoryNet) -> None:
    peer = net.open("/echo", OFFER)

    assert peer.ask(b"\x89\x82\0\0\0\0hi") == b"\x8a\x02hi"
    assert peer.ask(b"\x88\x82\0\0\0\0\x03\xe8") == b"\x88\x02\x03\xe8"


def test_zlib_costs_nothing_until_the_first_message(net: MemoryNet) -> None:
    peer = net.open("/echo", OFFER)
    [protocol] = net.server.connections._open
    codec = protocol._perMessageCompress
    assert codec.deflater.is_idle
    assert codec.inflater.is_idle

    peer.send(masked(COMPRESSED_TEXT, deflated(b"hello")))

    assert not codec.deflater.is_idle
    assert not codec.inflater.is_idle


def test_a_message_is_measured_after_inflation(make_net: Callable[..., MemoryNet]) -> None:
    net = make_net(limits=Limits(max_message_bytes=1000))
    peer = net.open("/echo", OFFER)
    bomb = deflated(bytes(1_000_000))
    assert len(bomb) < 1100

    [(first, payload)] = unframe(peer.ask(masked(COMPRESSED_TEXT ^ 3, deflated(bytes(1001)))))

    assert (first, payload[:2]) == (CLOSE, b"\x03\xf1")


@pytest.mark.parametrize(
    ("body", "code"), [(deflated(bytes(100_000)), 1009), (b"\xff" * 10, 1007)], ids=["a bomb", "no deflate stream"]
)
def test_after_bad_compressed_data_the_closing_handshake_is_completed(net: MemoryNet, body: bytes, code: int) -> None:
    journal = Journal()
    net.publish("/p", max_message_size=1000, **journal.callbacks)
    peer = net.open("/p", OFFER)
    [(first, close)] = unframe(peer.ask(masked(COMPRESSED_TEXT, body)))
    assert (first, close[:2]) == (CLOSE, code.to_bytes(2, "big"))

    peer.send(masked(CLOSE, close[:2]))

    assert peer.lost
    assert journal.lines[-1][0] == code


@pytest.mark.parametrize(("size", "first"), [(MOST_DEFLATED_BYTES, 0xC2), (MOST_DEFLATED_BYTES + 1, 0x82)])
def test_what_takes_long_to_compress_goes_as_it_is(net: MemoryNet, size: int, first: int) -> None:
    payload = bytes(size)

    [frame] = unframe(net.open("/echo", OFFER).ask(masked(0xC2, deflated(payload))))

    assert frame[0] == first
    assert (zlib.decompressobj(-15).decompress(frame[1] + TAIL) if first & 0x40 else frame[1]) == payload


def test_a_reply_that_goes_as_it_is_leaves_the_context_as_it_was(net: MemoryNet) -> None:
    peer, inflate = net.open("/echo", OFFER), zlib.decompressobj(-15)
    assert say(peer, b"hello", inflate) == b"hello"

    [(first, _)] = unframe(peer.ask(masked(0x82, bytes(MOST_DEFLATED_BYTES + 1), b"\0\0\0\0")))

    assert first == 0x82
    assert say(peer, b"hello", inflate) == b"hello"


def test_a_compressed_message_without_a_byte_keeps_nobody_behind_it_waiting(net: MemoryNet) -> None:
    peer = net.open("/echo", OFFER)
    assert len(unframe(peer.ask(masked(0xC2) + masked(0x82, b"y")))) == 2


# Streams that end (RFC 7692, 7.2.3.4).

PATHS = "/echo", "/multi-echo", "/echo?delay=0s", "/echo?chop=3", "/echo?deflate=no-context-takeover"
ENDED = [
    pytest.param([HELLO_ENDED, HELLO], id="then one that goes on"),
    pytest.param([HELLO_ENDED] * 3, id="each"),
    pytest.param([HELLO_ENDED[:-1]] * 3, id="each, without an empty block"),
    pytest.param([HELLO, HELLO_ENDED, EMPTY_STREAM + HELLO, HELLO_STORED, HELLO_IN_TWO_BLOCKS], id="mixed"),
]


def inflated(frames: Sequence[tuple[int, bytes]], takes_over: bool = True) -> list[bytes]:
    """The payloads of these compressed texts."""
    inflate, payloads = zlib.decompressobj(-15), []
    for first, body in frames:
        assert first == COMPRESSED_TEXT
        payloads.append(inflate.decompress(body + TAIL))
        inflate = inflate if takes_over else zlib.decompressobj(-15)
    return payloads


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("bodies", ENDED)
def test_after_a_stream_that_has_ended_every_message_is_echoed(
    net: MemoryNet, path: str, bodies: Sequence[bytes]
) -> None:
    peer = net.open(path, OFFER)

    peer.send(*(masked(COMPRESSED_TEXT, body) for body in bodies))
    net.wait(0.1)

    assert inflated(unframe(peer.take()), "no-context" not in path) == [b"Hello"] * len(bodies)


def test_the_exact_bytes_of_a_client_that_ends_its_stream(net: MemoryNet) -> None:
    peer = net.open("/echo", "Sec-WebSocket-Extensions: permessage-deflate")

    first = peer.ask(b"\xc1\x88\0\0\0\0\xf3\x48\xcd\xc9\xc9\x07\x00\x00")
    second = peer.ask(b"\xc1\x87\0\0\0\0\xf2\x48\xcd\xc9\xc9\x07\x00")

    assert first == b"\xc1\x07\xf2\x48\xcd\xc9\xc9\x07\x00"
    assert second == b"\xc1\x05\xf2\x00\x11\x00\x00"


@pytest.mark.parametrize("size", [1, 3, 8])
def test_a_stream_may_end_in_any_frame_of_a_message(net: MemoryNet, size: int) -> None:
    body = HELLO_ENDED[:-1] + EMPTY_STREAM + HELLO
    pieces = [body[start : start + size] for start in range(0, len(body), size)]
    peer = net.open("/echo", OFFER)

    peer.send(masked(0x41, pieces[0]), *(masked(0, piece) for piece in pieces[1:]), masked(0x80))

    assert inflated(unframe(peer.take())) == [b"HelloHello"]


def test_what_follows_a_stream_that_has_ended_is_a_stream_or_corrupt(net: MemoryNet) -> None:
    """It is inflated, and not piled up."""
    peer = net.open("/echo", OFFER)
    peer.ask(masked(COMPRESSED_TEXT, HELLO_ENDED))

    [(first, close)] = unframe(peer.ask(masked(0xC2, b"\xff" * 100_000, b"\0\0\0\0")))

    assert (first, close[:2]) == (CLOSE, b"\x03\xef")


def test_a_compressed_message_that_is_cut_short_is_corrupt(net: MemoryNet) -> None:
    [(first, close)] = unframe(net.open("/echo", OFFER).ask(masked(COMPRESSED_TEXT, HELLO[:-2])))

    assert (first, close[:2]) == (CLOSE, b"\x03\xef")
    assert close.endswith(b"it is cut short")


# Limits.


def close_of(peer: RawPeer, *sent: bytes) -> tuple[int, str]:
    """Code and reason of the Close that is the answer to this."""
    first, close = unframe(peer.ask(b"".join(sent)))[-1]
    assert first == CLOSE
    return int.from_bytes(close[:2], "big"), close[2:].decode()


ANNOUNCED = b"\xc2\xff\0\0\0\0\x02\0\0\0\0\0\0\0"
"""A compressed message of 32 MiB."""


@pytest.mark.parametrize(
    "sent",
    [
        ANNOUNCED,
        b"\x82" + ANNOUNCED[1:],
        masked(0xC2, deflated(bytes(2000))),
        masked(0x42, b"\0" + TAIL) + masked(0, (b"\0" + TAIL) * 500) * 2,
    ],
    ids=["announced, compressed", "announced", "inflated", "nothing but empty blocks"],
)
def test_the_reason_of_a_close_names_the_limit_that_was_set(make_net: Callable[..., MemoryNet], sent: bytes) -> None:
    peer = make_net(limits=Limits(max_message_bytes=1000)).open("/echo", OFFER)

    assert close_of(peer, sent) == (1009, "a message may have 1000 bytes")


def test_received_bytes_are_limited_where_they_come_to_nothing(make_net: Callable[..., MemoryNet]) -> None:
    """Up to what the compressed form of a message of the limit may have: 1000 + 1000 // 16 + 1024."""
    peer = make_net(limits=Limits(max_message_bytes=1000)).open("/echo", OFFER)
    blocks = b"\0" + (TAIL + b"\0") * 416

    assert len(blocks) == 2081
    assert peer.ask(masked(0x42, blocks) + masked(0x00, TAIL + b"\0")) == b""
    assert close_of(peer, masked(0x80, b"\0"))[0] == 1009


def test_received_bytes_count_for_the_rate_where_they_come_to_less(make_net: Callable[..., MemoryNet]) -> None:
    peer = make_net(limits=Limits(inflated_bytes_per_s=10_000)).open("/echo", OFFER)

    peer.send(masked(0xC2, b"\0" + (TAIL + b"\0") * 4000) * 2)

    assert peer.transport.far.paused
    assert len(unframe(peer.take())) == 1


def test_all_streams_of_a_message_but_the_first_count_as_fragments(make_net: Callable[..., MemoryNet]) -> None:
    peer = make_net(limits=Limits(max_fragments=5)).open("/echo", OFFER)

    assert len(unframe(peer.ask(masked(0x42, EMPTY_STREAM * 4) + masked(0x80)))) == 1
    assert close_of(peer, masked(0x42, EMPTY_STREAM * 5) + masked(0x80)) == (1009, "too many fragments")


def test_too_many_streams_are_noticed_before_their_message_ends(make_net: Callable[..., MemoryNet]) -> None:
    peer = make_net(limits=Limits(max_fragments=5)).open("/echo", OFFER)

    assert close_of(peer, masked(0x42, EMPTY_STREAM * 6)) == (1009, "too many fragments")


def test_streams_that_end_within_a_message_count_for_the_rate(make_net: Callable[..., MemoryNet]) -> None:
    net = make_net(limits=Limits(inflated_bytes_per_s=100_000))
    peer = net.open("/echo", OFFER)

    peer.send(masked(0xC2, EMPTY_STREAM * 200))
    assert peer.transport.far.paused
    net.wait(4)
    assert peer.take() == b""
    net.wait(1)

    assert len(unframe(peer.take())) == 1


def test_a_stream_in_each_message_costs_nothing_of_the_rate(make_net: Callable[..., MemoryNet]) -> None:
    peer = make_net(limits=Limits(inflated_bytes_per_s=100_000)).open("/echo", OFFER)

    assert len(unframe(peer.ask(masked(COMPRESSED_TEXT, HELLO_ENDED) * 1000))) == 1000


# What is kept.


def test_what_zlib_holds_is_free_once_a_connection_is_lost(net: MemoryNet) -> None:
    peer = net.open("/echo", OFFER)
    peer.send(masked(COMPRESSED_TEXT, HELLO))
    [protocol] = net.server.connections._open

    peer.vanish()

    assert protocol._perMessageCompress.deflater.is_idle
    assert protocol._perMessageCompress.inflater.is_idle


class Streaming(Echo):
    """Sends as Autobahn's interface for streams of frames has it."""

    def onMessage(self, payload: bytes, is_binary: bool) -> None:
        self.beginMessage(is_binary)
        self.sendMessageFrame(payload)
        self.sendMessageFrame(payload)
        self.endMessage()


def test_a_protocol_may_send_compressed_frames_one_by_one(net: MemoryNet) -> None:
    factory = EndpointFactory(net.server.context)
    factory.protocol = Streaming
    net.server.publish("/s", factory)

    frames = unframe(net.open("/s", OFFER).ask(masked(TEXT, b"hello")))

    assert [first for first, _ in frames] == [0x41, 0x00, 0x80]
    assert zlib.decompressobj(-15).decompress(b"".join(body for _, body in frames) + TAIL) == b"hellohello"
