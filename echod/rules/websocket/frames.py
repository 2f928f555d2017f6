"""Frames as bytes (RFC 6455, 5.2): a chunk of bytes to whole messages and what is left, messages to one chunk. Pure.

A plain frame is a whole message: final, no reserved bit, text or binary, its length in the shortest form.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator, Sequence

CONTINUATION, TEXT, BINARY, CLOSE, PING, PONG = 0x0, 0x1, 0x2, 0x8, 0x9, 0xA
FIN = 0x80
MASKED = 0x80
COMPRESSED = 4
"""RSV1, set on the first frame of a compressed message (RFC 7692, 7.2.1)."""

FIRST_TEXT, FIRST_BINARY = FIN | TEXT, FIN | BINARY
"""The first byte of a plain frame."""

Mask = Callable[[bytes, bytes], bytes]
"""Payload and four bytes of mask to the payload masked, or unmasked: `apply_mask`, or a faster one."""

Take = Callable[[bytes, int, Mask], tuple[list[bytes], int]]
"""`take_masked` or `take_unmasked`."""

SHORT, LONG, LONG_MASKED = 125, 126, MASKED | 126
"""The most that the second byte says itself, and what it says when two more bytes follow it."""
MASK_BYTES = 4
MOST_TAKEN = 16_384
"""Taken at one go, so that a chunk of tiny frames leaves the others their turn: some 3 ms of work at the worst."""
READ_LONG_HEAD = struct.Struct("!BBH").unpack_from
PACK_LONG_HEAD = struct.Struct("!BBH").pack

MOST_TABLED = 1024
"""Heads for payloads below this are made once: 0.1 µs saved for each, for 90 KiB of memory."""


def encode_head(opcode: int, length: int, *, fin: bool = True, rsv: int = 0, mask: bytes = b"") -> bytes:
    """The head of a frame, its length in the shortest form, up to and with the mask."""
    first = (FIN if fin else 0) | rsv << 4 | opcode
    masked = MASKED if mask else 0
    if length < 126:
        return struct.pack("!BB", first, masked | length) + mask
    if length < 65536:
        return struct.pack("!BBH", first, masked | 126, length) + mask
    return struct.pack("!BBQ", first, masked | 127, length) + mask


TEXT_HEADS = tuple(encode_head(TEXT, length) for length in range(MOST_TABLED))
BINARY_HEADS = tuple(encode_head(BINARY, length) for length in range(MOST_TABLED))


def plain_head(length: int, is_binary: bool) -> bytes:
    """The head of an unmasked plain frame."""
    if length < MOST_TABLED:
        return BINARY_HEADS[length] if is_binary else TEXT_HEADS[length]
    if length < 65536:
        return PACK_LONG_HEAD(FIRST_BINARY if is_binary else FIRST_TEXT, LONG, length)
    return encode_head(BINARY if is_binary else TEXT, length)


def encode_plain(payloads: Sequence[bytes], is_binary: bool) -> Sequence[bytes]:
    """Messages of one type as unmasked plain frames: the pieces of one chunk. A single payload is not copied."""
    if len(payloads) == 1:
        return (plain_head(len(payloads[0]), is_binary), payloads[0])
    lengths = set(map(len, payloads))
    if len(lengths) == 1:
        head = plain_head(lengths.pop(), is_binary)
        return (head, head.join(payloads))
    return [piece for payload in payloads for piece in (plain_head(len(payload), is_binary), payload)]


def fragments(opcode: int, body: bytes, size: int, rsv: int = 0) -> Iterator[bytes]:
    """A message as frames of a chosen size, one by one; a reserved bit stands on the first alone (RFC 7692, 6.1)."""
    for start in range(0, max(1, len(body)), size):
        piece = body[start : start + size]
        is_first, is_last = start == 0, start + size >= len(body)
        head = encode_head(opcode if is_first else CONTINUATION, len(piece), fin=is_last, rsv=rsv if is_first else 0)
        yield head + piece


def apply_mask(payload: bytes, mask: bytes) -> bytes:
    """The payload masked, or unmasked: both are the same XOR (RFC 6455, 5.3)."""
    length = len(payload)
    pad = (mask * (length // 4 + 1))[:length]
    return (int.from_bytes(payload, "big") ^ int.from_bytes(pad, "big")).to_bytes(length, "big")


def is_utf8(payload: bytes) -> bool:
    """Whether this is the payload of a text message (RFC 3629)."""
    if payload.isascii():
        return True
    try:
        payload.decode()
    except UnicodeDecodeError:
        return False
    return True


def take_masked(data: bytes, limit: int, unmask: Mask = apply_mask) -> tuple[list[bytes], int]:
    """The messages at the beginning of what a client has sent, and where the rest begins.

    All are of the type that the first byte says. The rest begins, without an error, at the first frame that is not
    whole, plain and masked, that is of the other type, that has a payload of 64 KiB or more or of more than `limit`
    bytes, that is text without being UTF-8, or that begins behind `MOST_TAKEN` bytes.
    """
    payloads: list[bytes] = []
    at, end, first = 0, len(data), data[0]
    last = min(end - 6, MOST_TAKEN) if first in (FIRST_TEXT, FIRST_BINARY) else -1
    while at <= last:
        opening, second, length = READ_LONG_HEAD(data, at)
        if second == LONG_MASKED and length > SHORT:
            start = at + 8
        elif MASKED <= second < LONG_MASKED:
            start, length = at + 6, second - MASKED
        else:
            break
        stop = start + length
        if opening != first or stop > end or length > limit:
            break
        payload = unmask(data[start:stop], data[start - 4 : start])
        if first == FIRST_TEXT and not payload.isascii() and not is_utf8(payload):
            break
        payloads.append(payload)
        at = stop
    return payloads, at


def take_unmasked(data: bytes, limit: int, _: Mask = apply_mask) -> tuple[list[bytes], int]:
    """As `take_masked`, for what a server has sent."""
    payloads: list[bytes] = []
    # The head is read with two bytes more than the shortest has, so a shorter rest is looked at with zeros behind it.
    at, end, first = 0, len(data), data[0]
    last = min(end - 2, MOST_TAKEN) if first in (FIRST_TEXT, FIRST_BINARY) else -1
    while at <= last:
        opening, second, length = READ_LONG_HEAD(data, at) if at + 4 <= end else (data[at], data[at + 1], 0)
        if second == LONG and length > SHORT:
            start = at + 4
        elif second <= SHORT:
            start, length = at + 2, second
        else:
            break
        stop = start + length
        if opening != first or stop > end or length > limit:
            break
        payload = data[start:stop]
        if first == FIRST_TEXT and not payload.isascii() and not is_utf8(payload):
            break
        payloads.append(payload)
        at = stop
    return payloads, at
