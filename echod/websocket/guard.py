"""What keeps one connection from harming the others: its flow, its slices, its budgets, and its end."""

from __future__ import annotations

from typing import Any

from echod.counters import FRAGMENTS, PING_TIMEOUT
from echod.errors import CloseCode
from echod.flow.flow_control import FlowControl
from echod.flow.lingering_close import LingeringClose
from echod.flow.quotas import RateLimit
from echod.transport.kernel import limit_buffer
from echod.websocket.autobahn.closing import (
    attempt,
    close_of,
    fail_connection,
    forget_input,
    forget_message,
    start_close,
    stop_close_timer,
)
from echod.websocket.autobahn.deflate import free_decompressor, is_inflating
from echod.websocket.autobahn.pings import forget_ping_timeout, renew_ping_timeout
from echod.websocket.autobahn.state import State, state_of
from echod.websocket.context import ConnectionContext
from echod.websocket.time_slices import TimeSlices


def outer_limit(size: int) -> int:
    """What the compressed form of a message of this size cannot exceed, whatever made it."""
    return size + size // 16 + 1024


class Guard:
    """One for each connection, asked by its protocol at every turn.

    `flow` is the one owner of reading; `quota` and `turn_share` are those of all connections of a server.
    """

    __slots__ = (
        "_counters",
        "_ending",
        "_fragments",
        "_leaving",
        "_limits",
        "_protocol",
        "_quota",
        "_rate",
        "_transport",
        "_unfinished",
        "flow",
        "heard_at",
        "seconds",
        "slices",
    )

    def __init__(self, protocol: Any, context: ConnectionContext) -> None:
        self._protocol = protocol
        self._transport = protocol.transport
        clock, limits = context.clock, context.limits
        self.seconds = clock.seconds
        self._limits = limits
        self._quota = context.quota
        self._rate = RateLimit(clock, limits.inflated_bytes_per_s)
        self._counters = context.counters
        self.flow = FlowControl(self._transport, clock, limits.stall_timeout_s, self._counters)
        self.slices = TimeSlices(protocol, self.flow, clock, self._rate, context.turn_share)
        self._ending = LingeringClose(self._transport, clock, limits.close_timeout_s, self._counters)
        self._leaving: tuple[int, str] | None = None
        self._fragments = 0
        self._unfinished = 0
        self.heard_at = self.seconds()

    def open(self) -> None:
        """The handshake is complete: from now on unread replies stop reading.

        Not before: TLS pauses its producer while it shakes hands, and pausing ours would stop the handshake.
        """
        limit_buffer(self._transport, self._limits.write_buffer_bytes)
        self._protocol.registerProducer(self.flow, True)

    def work(self) -> None:
        """Read frames out of what has been received, in slices; whatever a hook raises fails its connection alone."""
        attempt(self._protocol, self.slices.work)
        if self._leaving is not None:
            self._go(*self._leaving)

    def _go(self, code: int, reason: str) -> None:
        """Close, or wait for a peer that takes nothing no longer than for its Close."""
        if not self.slices.is_working:
            self._leaving = None
            start_close(self._protocol, code, reason)
        elif self.flow.is_full:
            self._ending.await_close()
        else:
            # It has taken what was there; what it waits for now is our own work.
            self._ending.stop()

    def leave(self, code: int, reason: str) -> None:
        """Close, once everything that has been read is worked on."""
        self._leaving = code, reason
        self.work()

    def begin_fragment(self, length: int) -> None:
        """Another frame of a message begins; what it announces is refused before it comes."""
        self._fragments += 1
        if self._fragments > self._limits.max_fragments:
            self.fail(CloseCode.MESSAGE_TOO_BIG, FRAGMENTS)
        elif not is_inflating(self._protocol):
            self._check_size(self._unfinished + length)

    def take(self, count: int) -> None:
        """Bytes of a message that is not finished have come."""
        self._unfinished += count
        has_room = self._quota.reserve(count)
        self._check_size(self._unfinished)
        if not has_room:
            self.fail(CloseCode.TRY_AGAIN_LATER, "too much is unfinished")

    def _check_size(self, size: int) -> None:
        limit = self._limits.max_message_bytes
        if size > limit:
            self.fail(CloseCode.MESSAGE_TOO_BIG, f"a message may have {limit} bytes")

    def fail(self, code: int, reason: str) -> None:
        """Fail the connection; what its message took is free again at once."""
        self._forget_message()
        fail_connection(self._protocol, code, reason)

    def end_message(self) -> None:
        """The message is whole: what it took is free again, and what it was inflated to is spent."""
        if is_inflating(self._protocol):
            self._rate.spend(self._unfinished)
            free_decompressor(self._protocol)
        self._forget_message()

    def _forget_message(self) -> None:
        self._quota.release(self._unfinished)
        self._fragments = self._unfinished = 0

    def end_input(self) -> None:
        """The peer has closed its direction: it gets what it is owed, then nothing more is to be done."""
        self._let_go()
        self._ending.finish()

    def drop(self, abort: bool) -> None:
        """Let go of the transport: at once, or after the peer has got everything."""
        if abort:
            self._transport.abortConnection()
        else:
            self._let_go()
            self._ending.begin()

    def _let_go(self) -> None:
        """From now on only the ending counts."""
        stop_close_timer(self._protocol)
        self.flow.stopProducing()

    def hear(self) -> None:
        """Bytes have come."""
        self.heard_at = self.seconds()

    def silent_s(self) -> float:
        """How long nothing has come."""
        return self.seconds() - self.heard_at

    def ping_timed_out(self) -> bool:
        """Whether a missing pong means that the peer is gone.

        It is not while anything else comes, and while reading is held its pong may have come unseen.
        A connection that is closing has another watch.
        """
        if state_of(self._protocol) is not State.OPEN:
            forget_ping_timeout(self._protocol)
            return False
        if self.flow.is_held or self.silent_s() < self._limits.ping_timeout_s:
            renew_ping_timeout(self._protocol)
            return False
        self._counters.count(PING_TIMEOUT)
        return True

    def await_close(self) -> None:
        """Our Close is written: the peer is cut when it neither answers it nor takes what it is owed before."""
        stop_close_timer(self._protocol)
        self._ending.await_close()

    def lost(self) -> None:
        """The connection is gone, and with it everything that waited."""
        if self._protocol.failedByMe:
            self._counters.count_failed(*close_of(self._protocol, was_clean=False))
        forget_message(self._protocol)
        forget_input(self._protocol)
        stop_close_timer(self._protocol)
        self.flow.stopProducing()
        self.slices.stop()
        self._forget_message()
        self._ending.stop()
