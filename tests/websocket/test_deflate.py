"""permessage-deflate on the server: what is negotiated, and what goes compressed (RFC 7692)."""

from __future__ import annotations

import os
import zlib
from collections.abc import Callable
from typing import Any

import pytest

from echod.settings import Limits
from echod.websocket.autobahn.deflate import MOST_DEFLATED_BYTES
from tests.deflate import deflated
from tests.pair import CLOSE, TEXT, Journal, MemoryNet, RawPeer, masked, request, unframe

OFFER = "Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits"
COMPRESSED_TEXT = 0xC1
TAIL = b"\x00\x00\xff\xff"


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
    ],
)
def test_the_first_good_offer_is_accepted_as_it_is(net: MemoryNet, offer: str, answer: bytes) -> None:
    assert extensions_for(net, offer) == answer


@pytest.mark.parametrize(
    "offer",
    [
        "permessage-deflate; nonsense",
        "permessage-deflate; client_max_window_bits=99",
        "permessage-deflate; server_max_window_bits",
        "permessage-deflate; server_no_context_takeover=1",
        "permessage-deflate; client_max_window_bits; client_max_window_bits",
        "permessage-bzip2",
        "x-webkit-deflate-frame",
        ";;;",
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
