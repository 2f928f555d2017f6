"""The timeout of a peer that does not read: progress counts, not age."""

from __future__ import annotations

from twisted.internet.interfaces import IDelayedCall, IReactorTime

from echod.counters import Counters, Kind
from echod.transport.interfaces import Transport
from echod.transport.kernel import Taken, has_progress, taken_from

CHECK_INTERVAL_S = 0.5
"""How often the progress of a peer is checked; sooner where less than that is left of its timeout."""


class StallTimeout:
    """Aborts a connection whose peer has made no progress for `timeout_s`, while it is started; 0 is no timeout."""

    __slots__ = ("_clock", "_counters", "_due", "_taken", "_timeout_s", "_timer", "_transport")
    kind = Kind.STALL_TIMEOUT

    def __init__(self, transport: Transport, clock: IReactorTime, timeout_s: float, counters: Counters) -> None:
        self._transport = transport
        self._clock = clock
        self._timeout_s = timeout_s
        self._counters = counters
        self._timer: IDelayedCall | None = None
        self._taken: Taken = ()
        self._due = 0.0

    def start(self) -> None:
        """The timeout begins now; while it runs this changes nothing."""
        if self._timer is None and self._timeout_s:
            self._taken = taken_from(self._transport)
            self._begin(self._clock.seconds())

    def stop(self) -> None:
        """The timeout ends; again changes nothing."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _begin(self, now: float) -> None:
        self._due = now + self._timeout_s
        self._wait(now)

    def _wait(self, now: float) -> None:
        self._timer = self._clock.callLater(min(CHECK_INTERVAL_S, self._due - now), self._check)

    def _check(self) -> None:
        before, self._taken = self._taken, taken_from(self._transport)
        now = self._clock.seconds()
        self._timer = None
        if has_progress(before, self._taken):
            self._begin(now)
        elif now < self._due:
            self._wait(now)
        else:
            self._counters.count(self.kind)
            self._transport.abortConnection()
