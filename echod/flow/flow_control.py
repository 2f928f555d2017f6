"""Back-pressure and deadlines: when reading pauses, when a peer counts as stuck, and how a connection ends."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from twisted.internet.interfaces import IPushProducer, IReactorTime
from zope.interface import implementer

from echod.counters import Counters
from echod.flow.stall_timeout import StallTimeout

WRITING = "writing"
"""The reason of the transport: its write buffer is above its mark."""

WAITING = "replies wait"
"""The reason of a protocol that keeps replies back: too many wait to be begun or to leave."""

FULL = frozenset({WRITING, WAITING})


@implementer(IPushProducer)
class FlowControl:
    """The one owner of a transport's reading, and its producer: unread replies stop reading.

    A peer that takes nothing for `stall_timeout_s` while its replies wait is cut. Progress counts, not age.
    """

    __slots__ = ("_go_on", "_reasons", "_stall", "_transport")

    def __init__(
        self, transport: Any, clock: IReactorTime, stall_timeout_s: float, counters: Counters | None = None
    ) -> None:
        self._transport = transport
        self._reasons: frozenset[str] = frozenset()
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
        """Call it when the replies that wait now are taken."""
        self._go_on = go_on

    def hold(self, reason: str) -> None:
        """Stop reading for this reason; again for the same reason changes nothing."""
        if not self._reasons:
            self._transport.pauseProducing()
        self._reasons |= {reason}

    def release(self, reason: str) -> None:
        """The reason is gone; reading goes on when it was the last."""
        if reason in self._reasons:
            self._reasons -= {reason}
            if not self._reasons:
                self._transport.resumeProducing()

    def pauseProducing(self) -> None:
        self.hold(WRITING)
        self._stall.start()

    def resumeProducing(self) -> None:
        self._stall.stop()
        self.make_room(WRITING)

    def make_room(self, reason: str) -> None:
        """One reason to be full is gone; with the last, whoever waits goes on."""
        self.release(reason)
        if not self.is_full and self._go_on is not None:
            go_on, self._go_on = self._go_on, None
            go_on()

    def stopProducing(self) -> None:
        """The transport is lost, or left to its last phase: there is no one to wait for."""
        self._stall.stop()
        self._go_on = None
