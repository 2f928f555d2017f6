"""What one message, and all unfinished ones together, may take: bytes, frames, and inflated bytes per second."""

from __future__ import annotations

from echod.counters import Kind
from echod.errors import CloseCode
from echod.flow.quotas import RateLimit
from echod.websocket.autobahn.deflate import free_decompressor
from echod.websocket.autobahn.port import Connection
from echod.websocket.context import ServerContext


def outer_limit(size: int) -> int:
    """What the compressed form of a message of this size cannot exceed, whatever made it."""
    return size + size // 16 + 1024


class MessageLimits:
    """Counts what has come of the message that is being received; above a limit the connection fails."""

    __slots__ = ("_connection", "_context", "_fragments", "_rate", "_unfinished")

    def __init__(self, connection: Connection, context: ServerContext) -> None:
        self._connection = connection
        self._context = context
        self._fragments = self._unfinished = 0
        self._rate = RateLimit(context.clock, context.limits.inflated_bytes_per_s)

    def begin_fragment(self, length: int) -> None:
        """Another frame of a message begins; what it announces is refused before it comes."""
        self._fragments += 1
        if self._fragments > self._context.limits.max_fragments:
            self.fail(CloseCode.MESSAGE_TOO_BIG, Kind.FRAGMENTS.value)
        elif not self._connection._isMessageCompressed:
            self._check_size(self._unfinished + length)

    def count(self, size: int) -> None:
        """So many bytes of an unfinished message have come, or have been inflated."""
        self._unfinished += size
        has_room = self._context.quota.reserve(size)
        self._check_size(self._unfinished)
        if not has_room:
            self.fail(CloseCode.TRY_AGAIN_LATER, "too much is unfinished")

    def _check_size(self, size: int) -> None:
        limit = self._context.limits.max_message_bytes
        if size > limit:
            self.fail(CloseCode.MESSAGE_TOO_BIG, f"a message may have {limit} bytes")

    def fail(self, code: int, reason: str) -> None:
        """Fail the connection; the quota that its message took is free again at once."""
        self.forget()
        self._connection._fail_connection(code, reason)

    def end_message(self) -> None:
        """The message is whole: its quota is free again, and what it was inflated to counts for the rate."""
        if self._connection._isMessageCompressed:
            self._rate.spend(self._unfinished)
            free_decompressor(self._connection)
        self.forget()

    def wait_s(self) -> float:
        """Seconds until the connection may inflate more; 0 when it may now."""
        return self._rate.wait_s()

    def forget(self) -> None:
        """There is no unfinished message any more."""
        self._context.quota.release(self._unfinished)
        self._fragments = self._unfinished = 0
