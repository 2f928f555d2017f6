"""What one message, and all unfinished ones together, may take: bytes, frames, and inflated bytes per second."""

from __future__ import annotations

from echod.counters import Kind
from echod.errors import CloseCode
from echod.flow.quotas import RateLimit
from echod.rules.websocket.inflation import STREAM_BYTES
from echod.websocket.autobahn.deflate import ended_streams
from echod.websocket.autobahn.port import Connection
from echod.websocket.context import ServerContext


def outer_limit(size: int) -> int:
    """What the compressed form of a message of this size cannot exceed, whatever made it."""
    return size + size // 16 + 1024


class MessageLimits:
    """Counts what has come of the message that is being received; above a limit the connection fails.

    A compressed message is limited by what it is inflated to and, since it may inflate to nothing, by what has come of
    it. Of the streams that end within it (RFC 7692, 7.2.3.4) all but the first count as fragments and for the rate.
    """

    __slots__ = ("_connection", "_context", "_fragments", "_rate", "_received", "_streams", "_unfinished")

    def __init__(self, connection: Connection, context: ServerContext) -> None:
        self._connection = connection
        self._context = context
        self._fragments = self._received = self._streams = self._unfinished = 0
        self._rate = RateLimit(context.clock, context.limits.inflated_bytes_per_s)

    def begin_fragment(self, length: int) -> None:
        """Another frame of a message begins; what it announces is refused before it comes."""
        self._fragments += 1
        self._received += length
        limits = self._context.limits
        if self._fragments > limits.max_fragments:
            self._fail_fragments()
        elif self._received > limits.max_message_bytes and not self._may_inflate_to_less():
            self._fail_size()

    def _may_inflate_to_less(self) -> bool:
        most = outer_limit(self._context.limits.max_message_bytes)
        return self._connection._isMessageCompressed and self._received <= most

    def count(self, size: int) -> None:
        """So many bytes of an unfinished message have come, or have been inflated."""
        self._unfinished += size
        has_room = self._context.quota.reserve(size)
        if self._unfinished > self._context.limits.max_message_bytes:
            self._fail_size()
        elif not has_room:
            self.fail(CloseCode.TRY_AGAIN_LATER, "too much is unfinished")
        if self._connection._isMessageCompressed:
            ended = ended_streams(self._connection)
            if ended > 1:
                self._count_streams(ended - 1)

    def _count_streams(self, count: int) -> None:
        """So many streams of the message are to be counted so far."""
        self._rate.spend((count - self._streams) * STREAM_BYTES)
        self._fragments += count - self._streams
        self._streams = count
        if self._fragments > self._context.limits.max_fragments:
            self._fail_fragments()

    def _fail_fragments(self) -> None:
        self.fail(CloseCode.MESSAGE_TOO_BIG, Kind.FRAGMENTS.value)

    def _fail_size(self) -> None:
        limit = self._context.limits.max_message_bytes
        self.fail(CloseCode.MESSAGE_TOO_BIG, f"a message may have {limit} bytes")

    def fail(self, code: int, reason: str) -> None:
        """Fail the connection; the quota that its message took is free again at once."""
        self.forget()
        self._connection._fail_connection(code, reason)

    def end_message(self) -> None:
        """The message is whole: its quota is free again, and what it was inflated to counts for the rate.

        So does what came of it, where that is more.
        """
        if self._connection._isMessageCompressed:
            self._rate.spend(max(self._received, self._unfinished))
        self.forget()

    def wait_s(self) -> float:
        """Seconds until the connection may inflate more; 0 when it may now."""
        return self._rate.wait_s()

    def forget(self) -> None:
        """There is no unfinished message any more."""
        self._context.quota.release(self._unfinished)
        self._fragments = self._received = self._streams = self._unfinished = 0
