"""Flow control: when a connection is not read from, and back-pressure from a peer that does not read its replies.

Theory of operation. Reading is stopped for reasons, not by a flag: each part of a connection that cannot go on holds
reading for its own reason (`Hold`), and the transport reads again when the last is released. One of the reasons is the
transport's own: `FlowControl` is its push producer, so Twisted calls `pauseProducing` when more than the mark
(`transport/kernel.limit_buffer`) waits in its write buffer, and `resumeProducing` when the buffer has drained. As long
as it waits a stall timeout runs, which any progress of the peer starts anew; a peer without progress is aborted. So a
peer that does not read costs at most the mark and the replies to what was read at one go. A producer of replies asks
`is_full` before it makes more, and goes on by `when_drained`.
"""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum

from twisted.internet.interfaces import IPushProducer, IReactorTime
from zope.interface import implementer

from echod.counters import Counters
from echod.flow.stall_timeout import StallTimeout
from echod.transport.interfaces import Transport


class Hold(StrEnum):
    """The reasons not to read from a connection."""

    HANDSHAKE = "handshake"  # `onConnect` has not decided yet.
    HELD = "held"  # The handshake is delayed, and as much has come meanwhile as request headers may have.
    WRITE_BUFFER = "write buffer"  # The transport's write buffer is above its mark.
    REPLIES = "replies"  # A behaviour keeps too many bytes of replies back: delayed, or paced.
    CALLBACKS = "callbacks"  # Too many messages wait for the Deferred of a callback.
    WORK = "work"  # What was read waits for a time slice, for its inflation rate, or for the write buffer.
    STALL = "stall"  # A behaviour stops reading for a time.
    SILENCE = "silence"  # A behaviour neither reads nor answers any more.


FULL = frozenset({Hold.WRITE_BUFFER, Hold.REPLIES})


@implementer(IPushProducer)
class FlowControl:
    """The one owner of a transport's reading, and its push producer; aborts a peer that stalls while replies wait."""

    __slots__ = ("_go_on", "_reasons", "_stall", "_transport")

    def __init__(self, transport: Transport, clock: IReactorTime, stall_timeout_s: float, counters: Counters) -> None:
        self._transport = transport
        self._reasons: frozenset[Hold] = frozenset()
        self._stall = StallTimeout(transport, clock, stall_timeout_s, counters)
        self._go_on: Callable[[], None] | None = None

    @property
    def is_held(self) -> bool:
        """Whether there is a reason not to read."""
        return bool(self._reasons)

    @property
    def is_full(self) -> bool:
        """Whether so many replies wait that no more should be made."""
        return not self._reasons.isdisjoint(FULL)

    def when_drained(self, go_on: Callable[[], None]) -> None:
        """Call it, once, as soon as `is_full` is over; never when the connection is lost before."""
        self._go_on = go_on

    def hold(self, reason: Hold) -> None:
        """Stop reading for this reason; again for the same reason changes nothing."""
        if not self._reasons:
            self._transport.pauseProducing()
        self._reasons |= {reason}

    def release(self, reason: Hold) -> None:
        """The reason is gone: after the last, reading goes on; after the last of `FULL`, what waits to be drained."""
        if reason in self._reasons:
            self._reasons -= {reason}
            if not self._reasons:
                self._transport.resumeProducing()
            if self._go_on is not None and not self.is_full:
                go_on, self._go_on = self._go_on, None
                go_on()

    def pauseProducing(self) -> None:
        self.hold(Hold.WRITE_BUFFER)
        self._stall.start()

    def resumeProducing(self) -> None:
        self._stall.stop()
        self.release(Hold.WRITE_BUFFER)

    def stopProducing(self) -> None:
        """The transport is lost, or closing: the lingering close has its own timeout."""
        self._stall.stop()
        self._go_on = None
