"""Delayed actions: one, a queue in order, or repeated. Each object owns one timer, which `stop` cancels.

Here and wherever something has to be waited for again, the deadline is kept, and not what was left of it: `due - now`
is exact near the deadline, so that a clock that is set forward by it stands at the deadline. What is left of a
duration, as in `timeout - (now - since)`, may be a rounding error by which no clock moves, and would be waited for
without end.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

from twisted.internet.interfaces import IDelayedCall, IReactorTime

ENTRY_BYTES = 128
"""What an entry of a queue takes besides its size."""


class Timer:
    """One delayed call at a time; it may be stopped at any time, running or not."""

    __slots__ = ("_call", "_clock")

    def __init__(self, clock: IReactorTime) -> None:
        self._clock = clock
        self._call: IDelayedCall | None = None

    @property
    def is_running(self) -> bool:
        return self._call is not None

    def start(self, delay_s: float, action: Callable[[], None]) -> None:
        """Call `action` after this delay, instead of what was to be called before."""
        self.stop()
        self._call = self._clock.callLater(delay_s, self._run, action)

    def stop(self) -> None:
        if self._call is not None:
            self._call.cancel()
            self._call = None

    def _run(self, action: Callable[[], None]) -> None:
        self._call = None
        action()


@dataclass(slots=True)
class Entry:
    """An action that is due at a time of the clock, so many times."""

    due: float
    action: Callable[[], None]
    weight: int
    times: int


class DelayQueue:
    """Actions in order, none before its time, and none while `has_room` says no: then `work` has to be called again."""

    def __init__(self, clock: IReactorTime, has_room: Callable[[], bool]) -> None:
        self._clock = clock
        self._has_room = has_room
        self._timer = Timer(clock)
        self._entries: deque[Entry] = deque()
        self._is_working = self._is_hurried = False
        self.weight = 0
        """Bytes that the waiting actions take."""

    def __len__(self) -> int:
        return len(self._entries)

    def add(self, delay_s: float, action: Callable[[], None], size: int = 0, times: int = 1) -> None:
        """Do it after this delay, but not before those that were added before; now if it is due and there is room."""
        self._entries.append(Entry(self._clock.seconds() + delay_s, action, size + ENTRY_BYTES, times))
        self.weight += size + ENTRY_BYTES
        self.work()

    def work(self) -> None:
        """Call what is due, as far as there is room."""
        if self._is_working:
            return
        self._is_working = True
        # The first entry keeps the timer that was started for it.
        while self._entries and not self._timer.is_running and self._has_room():
            entry = self._entries[0]
            wait_s = 0 if self._is_hurried else entry.due - self._clock.seconds()
            if wait_s > 0:
                self._timer.start(wait_s, self.work)
                continue
            entry.times -= 1
            if not entry.times:
                self._entries.popleft()
                self.weight -= entry.weight
            entry.action()
        self._is_working = False

    def hurry(self) -> None:
        """Everything is due from now on, and what is added later at once; each still waits for room."""
        self._is_hurried = True
        self._timer.stop()
        self.work()

    def stop(self) -> None:
        """Drop what is queued."""
        self._entries.clear()
        self.weight = 0
        self._timer.stop()


class Repeater:
    """Calls an action at an interval until `count` calls have returned True; None is without end."""

    def __init__(
        self, clock: IReactorTime, interval_s: float, action: Callable[[], bool], count: int | None = None
    ) -> None:
        self._timer = Timer(clock)
        self._interval_s = interval_s
        self._action = action
        self._left = count

    def start(self) -> None:
        """The first call comes after one interval."""
        self._timer.start(self._interval_s, self._call)

    def stop(self) -> None:
        self._timer.stop()

    def _call(self) -> None:
        self.start()
        if self._action() and self._left is not None:
            self._left -= 1
            if not self._left:
                self.stop()
