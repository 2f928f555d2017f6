"""One message as frames of a chosen size (RFC 6455, 5.4). Pure."""

from __future__ import annotations

from collections.abc import Iterator

from echod.rules.websocket.frames import CONTINUATION, encode_head


def fragments(opcode: int, body: bytes, size: int, rsv: int = 0) -> Iterator[bytes]:
    """The frames of a message, made one by one; a reserved bit stands on the first alone (RFC 7692, 6.1)."""
    for start in range(0, max(1, len(body)), size):
        piece = body[start : start + size]
        is_first, is_last = start == 0, start + size >= len(body)
        head = encode_head(opcode if is_first else CONTINUATION, len(piece), fin=is_last, rsv=rsv if is_first else 0)
        yield head + piece
