"""A large plain message while it comes, piece by piece. Pure.

Text is validated as it comes: what can never become UTF-8 is refused at once (RFC 6455, 8.1), not at the end.
"""

from __future__ import annotations

import codecs

from echod.rules.websocket.frames import FIRST_BINARY, FIRST_TEXT, MASK_BYTES, MASKED, SHORT, Mask, apply_mask

SMALL = 4096
"""Pieces below this are gathered: an object for each would cost many times what is in it."""

NOT_UTF8 = "a text message is not UTF-8"
DECODER = codecs.getincrementaldecoder("utf-8")


class PartialMessage:
    """What has come of one plain message whose head is known."""

    __slots__ = ("_decoder", "_is_pending", "_mask", "_parts", "_unmask", "is_binary", "left", "length")

    def __init__(self, is_binary: bool, length: int, mask: bytes, unmask: Mask = apply_mask) -> None:
        self.is_binary = is_binary
        self.length = length
        self.left = length
        """Bytes that are still to come."""
        self._mask = mask
        self._unmask = unmask
        self._parts: list[bytes | bytearray] = []
        self._decoder = None if is_binary else DECODER()
        self._is_pending = False

    def feed(self, data: bytes) -> bytes:
        """Take what belongs to this message, give back what is behind it; ValueError for text that is not UTF-8."""
        taken = data if len(data) <= self.left else data[: self.left]
        payload = self._unmasked(taken)
        self.left -= len(taken)
        self._validate(payload)
        gather(self._parts, payload)
        return data[len(taken) :]

    def payload(self) -> bytes:
        """The whole message, once nothing is left to come."""
        return b"".join(self._parts)

    def _unmasked(self, data: bytes) -> bytes:
        if not self._mask:
            return data
        # The mask goes on where the last piece ended (RFC 6455, 5.3).
        turn = (self.length - self.left) % MASK_BYTES
        return self._unmask(data, self._mask[turn:] + self._mask[:turn])

    def _validate(self, payload: bytes) -> None:
        """ASCII needs no decoder, unless a character was begun before it."""
        if self._decoder is not None and (self._is_pending or not payload.isascii()):
            try:
                self._decoder.decode(payload, not self.left)
            except UnicodeDecodeError:
                raise ValueError(NOT_UTF8) from None
            begun = self._decoder.getstate()[0]
            if begun[:1] == b"\xed" and begun[1:] >= b"\xa0":
                # Half of a surrogate, whose third byte Python would wait for.
                raise ValueError(NOT_UTF8)
            self._is_pending = bool(begun)


def gather(parts: list[bytes | bytearray], piece: bytes) -> None:
    """Keep a piece of a message; small ones together, but for the first, which may be the whole."""
    if len(piece) >= SMALL or not parts:
        parts.append(piece)
    elif isinstance(parts[-1], bytearray) and len(parts[-1]) < SMALL:
        parts[-1] += piece
    else:
        parts.append(bytearray(piece))


def begin_message(
    data: bytes, limit: int, *, is_masked: bool, unmask: Mask = apply_mask
) -> tuple[PartialMessage, int] | None:
    """The message whose head `data` begins with, and where its payload begins; None unless it is whole and plain."""
    if len(data) < 2 or data[0] not in (FIRST_TEXT, FIRST_BINARY) or (data[1] >= MASKED) is not is_masked:
        return None
    short = data[1] & ~MASKED
    extra = {126: 2, 127: 8}.get(short, 0)
    start = 2 + extra + (MASK_BYTES if is_masked else 0)
    if len(data) < start:
        return None
    length = int.from_bytes(data[2 : 2 + extra], "big") if extra else short
    if length > limit or length <= {126: SHORT, 127: 0xFFFF}.get(short, -1):
        return None
    return PartialMessage(data[0] == FIRST_BINARY, length, data[2 + extra : start], unmask), start
