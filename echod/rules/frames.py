"""Frames as bytes (RFC 6455, 5.2). Pure."""

from __future__ import annotations

import struct

TEXT, BINARY, CLOSE, PING, PONG = 0x1, 0x2, 0x8, 0x9, 0xA
FIN = 0x80
MASKED = 0x80
COMPRESSED = 4
"""RSV1, set on the first frame of a compressed message (RFC 7692, 7.2.1)."""


def encode_head(opcode: int, length: int, *, fin: bool = True, rsv: int = 0, mask: bytes = b"") -> bytes:
    """The head of a frame, its length in the shortest form, up to and with the mask."""
    first = (FIN if fin else 0) | rsv << 4 | opcode
    masked = MASKED if mask else 0
    if length < 126:
        return struct.pack("!BB", first, masked | length) + mask
    if length < 65536:
        return struct.pack("!BBH", first, masked | 126, length) + mask
    return struct.pack("!BBQ", first, masked | 127, length) + mask


def apply_mask(payload: bytes, mask: bytes) -> bytes:
    """The payload masked, or unmasked: both are the same XOR (RFC 6455, 5.3)."""
    length = len(payload)
    pad = (mask * (length // 4 + 1))[:length]
    return (int.from_bytes(payload, "big") ^ int.from_bytes(pad, "big")).to_bytes(length, "big")
