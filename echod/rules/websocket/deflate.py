"""permessage-deflate (RFC 7692): the messages of one direction, inflated and deflated. Pure, on zlib.

How it works. A direction is a raw DEFLATE stream (RFC 1951). The sender ends each message with an empty stored block
and leaves out its last four octets, `TAIL`; the receiver puts them back. With context takeover the next message goes on
in the same stream, without it a new one begins.

A sender may also end its stream within a message, by a block with BFINAL set (RFC 7692, 7.2.3.4); what follows is a
new stream, for which zlib needs a new object. The sliding window is that of the direction and not of the stream: the
new object is given it as its dictionary. zlib does not show its window, so the last of what was inflated is kept beside
it.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from dataclasses import dataclass

TAIL = b"\x00\x00\xff\xff"
"""What a sender leaves out at the end of a message (RFC 7692, 7.2.1)."""
EMPTY_STREAM = b"\x03\x00"
"""The shortest stream: one final block, empty. Between two blocks, and only there, it ends a stream at once."""
LEAST_ODD = 0x20
"""The last octet of a message begins with the end of a stored block's header, three bits that are 0, and its padding.

zlib pads with zeros, so the octet is less than this; a larger one is looked at more closely.
"""
LEAST_BITS, MOST_BITS = 8, 15
"""Windows are of 2 to the power of so many bytes (RFC 7692, 7.1.2)."""
LEAST_ZLIB_BITS = 9
"""zlib makes no raw stream for 8 bits. With 9 it refers back by 512 - 262 bytes at most: a window of 256 holds that."""
LEVEL, MEMORY_LEVEL = zlib.Z_DEFAULT_COMPRESSION, 8
PIECE_BYTES = 1024
"""What is behind the end of a stream is taken in such pieces: zlib copies what it finds behind each end."""


class CorruptMessage(ValueError):
    """A compressed message that cannot be inflated."""


@dataclass(frozen=True, slots=True)
class Agreement:
    """The parameters in force (RFC 7692, 7.1): what the server sends, and what the client sends."""

    server_no_context_takeover: bool = False
    client_no_context_takeover: bool = False
    server_max_window_bits: int = MOST_BITS
    client_max_window_bits: int = MOST_BITS

    def deflater(self, is_server: bool) -> Deflater:
        """For the messages that this end sends."""
        return Deflater(*self._direction(is_server))

    def inflater(self, is_server: bool, most_bytes: int) -> Inflater:
        """For the messages that this end receives, of `most_bytes` each."""
        return Inflater(*self._direction(not is_server), most_bytes)

    def _direction(self, is_of_server: bool) -> tuple[int, bool]:
        if is_of_server:
            return self.server_max_window_bits, not self.server_no_context_takeover
        return self.client_max_window_bits, not self.client_no_context_takeover


class Deflater:
    """Compresses messages one after the other: whole ones, or in parts: `add` them, then `finish` the message.

    The zlib object, some 260 KiB with the largest window, is made when it is needed, and dropped where no later
    message needs its context.
    """

    __slots__ = ("_bits", "_keeps_context", "_stream")

    def __init__(self, window_bits: int = MOST_BITS, keeps_context: bool = True) -> None:
        self._bits = max(LEAST_ZLIB_BITS, window_bits)
        self._keeps_context = keeps_context
        self._stream: zlib._Compress | None = None

    def deflate(self, payload: bytes) -> bytes:
        """A whole message."""
        stream = self._stream or self._begin_stream()
        deflated = stream.compress(payload) + stream.flush(zlib.Z_SYNC_FLUSH)[: -len(TAIL)]
        if not self._keeps_context:
            self._stream = None
        return deflated

    def add(self, data: bytes) -> bytes:
        """Compress a part of a message; what of it has come out so far."""
        stream = self._stream or self._begin_stream()
        return stream.compress(data)

    def finish(self) -> bytes:
        """The rest of the message."""
        return self.deflate(b"")

    def forget(self) -> None:
        """Nothing more is sent."""
        self._stream = None

    @property
    def is_idle(self) -> bool:
        """Whether there is no zlib object."""
        return self._stream is None

    def _begin_stream(self) -> zlib._Compress:
        self._stream = stream = zlib.compressobj(LEVEL, zlib.DEFLATED, -self._bits, MEMORY_LEVEL)
        return stream


class Inflater:
    """Inflates messages one after the other: `begin`, then `inflate` what has come of it, then `finish`.

    Args:
        window_bits: the agreed window; zlib need not understand what refers back further.
        most_bytes: of a message that inflates to more, one byte more is given and the rest is dropped.

    Attributes:
        ended: streams that have ended within the message. To begin another takes about as long as to inflate some KiB,
            and two octets are a stream: the caller is to limit them.
    """

    __slots__ = (
        *("_behind", "_bits", "_keeps_context", "_last", "_most", "_most_kept", "_room", "_size", "_stream"),
        *("_window", "ended"),
    )

    def __init__(self, window_bits: int = MOST_BITS, keeps_context: bool = True, most_bytes: int = 2**62) -> None:
        self._bits, self._size = window_bits, 1 << window_bits
        # A quarter of a window more than one: not to move it for each message.
        self._most_kept = self._size + self._size // 4
        self._keeps_context = keeps_context
        self._most = most_bytes + 1
        self._stream: zlib._Decompress | None = None
        self._window = bytearray()
        self._behind = b""
        self.begin()

    def begin(self) -> None:
        """A message begins."""
        self._room = self._most
        self._last = -1
        self.ended = 0

    def inflate(self, data: bytes) -> bytes:
        """What the next octets of the message come to.

        Raises:
            CorruptMessage: for what is no DEFLATE stream, or refers beyond the window. Nothing that follows can be
                inflated then: the connection is to fail.
        """
        inflated = self._feed(data)
        return b"".join((inflated, *self._go_on(self._behind))) if self._behind else inflated

    def finish(self) -> None:
        """The message has come whole.

        A message without an octet is taken for empty, and so is what is behind the end of a stream; the four octets
        belong to no block then.

        Raises:
            CorruptMessage: for one that ends within a block.
        """
        if self._stream is not None and self._last >= 0 and self._room:
            self._end_block(self._stream)
        if not self._keeps_context:
            self.forget()

    def forget(self) -> None:
        """No message refers to those before: free the zlib object, some 40 KiB, and the window."""
        self._stream = None
        self._window = bytearray()

    @property
    def is_idle(self) -> bool:
        """Whether there is no zlib object."""
        return self._stream is None

    def _go_on(self, rest: bytes) -> Iterator[bytes]:
        """What is behind the end of a stream: other streams."""
        for start in range(0, len(rest), PIECE_BYTES):
            self._behind = rest[start : start + PIECE_BYTES]
            while self._behind:
                yield self._feed(self._behind)

    def _feed(self, data: bytes) -> bytes:
        """Inflate up to the end of the stream; `_behind` is what is behind that."""
        self._behind = b""
        if not data or not self._room:
            return b""
        stream = self._stream or self._begin_stream()
        try:
            inflated = stream.decompress(data, self._room)
        except zlib.error as error:
            raise CorruptMessage(str(error)) from error
        self._room -= len(inflated)
        self._last = data[-1]
        if inflated:
            self._window += inflated[-self._size :]
            if len(self._window) > self._most_kept:
                del self._window[: -self._size]
        if stream.eof:
            self._stream = None
            self._behind = stream.unused_data
            self.ended += 1
        return inflated

    def _begin_stream(self) -> zlib._Decompress:
        """One that goes on with the window; zlib takes as much of it as it may hold."""
        more = {"zdict": self._window} if self._window else {}
        self._stream = stream = zlib.decompressobj(-self._bits, **more)
        return stream

    def _end_block(self, stream: zlib._Decompress) -> None:
        """Put back the four octets; a sender that has not left them out is understood too."""
        is_odd = self._last >= LEAST_ODD
        if is_odd and is_between_blocks(stream):
            return
        try:
            surplus = stream.decompress(TAIL, 1)
        except zlib.error as error:
            raise CorruptMessage(str(error)) from error
        if surplus or (is_odd and not stream.eof and not is_between_blocks(stream)):
            raise CorruptMessage("it is cut short")
        if stream.eof:
            self._stream = None


def is_between_blocks(stream: zlib._Decompress) -> bool:
    """Whether a block could begin here, at the beginning of an octet; tried on a copy."""
    probe = stream.copy()
    try:
        return not probe.decompress(EMPTY_STREAM) and probe.eof and not probe.unused_data
    except zlib.error:
        return False
