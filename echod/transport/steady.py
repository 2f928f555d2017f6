"""A clock that never steps: whatever is timed is timed by the monotonic clock of the system.

Twisted's reactors count by the wall clock, which NTP, an administrator or a resumed machine may set: after a step of an
hour every timeout would be over at once, or an hour late. The daemon's own reactor counts by the monotonic clock, and
so does a reactor that echod runs for a program (`make_steady`). In a Twisted program the reactor is the program's own:
there what is measured is steady, while its timers go by its reactor.
"""

from __future__ import annotations

import time
from typing import cast

from twisted.internet.interfaces import IReactorTime


class SteadyClock:
    """A reactor, of which only `seconds` are other: those of the monotonic clock."""

    seconds = staticmethod(time.monotonic)

    def __init__(self, reactor: IReactorTime) -> None:
        self.reactor = reactor

    def __getattr__(self, name: str) -> object:
        return getattr(self.reactor, name)


def steady(clock: IReactorTime) -> IReactorTime:
    """The clock, unless it reads the wall clock: then one that does not, and has the timers of that."""
    return cast("IReactorTime", SteadyClock(clock)) if is_stepping(clock) else clock


def wall_s(clock: IReactorTime) -> float:
    """Seconds since the epoch, for what people and other machines read; a clock of a test has one time for all."""
    return time.time() if clock.seconds is time.monotonic else clock.seconds()


def make_steady(reactor: IReactorTime) -> None:
    """Let a reactor that is ours alone, and has nothing to do yet, count by the monotonic clock."""
    if is_stepping(reactor) and not reactor.getDelayedCalls():
        setattr(reactor, "seconds", time.monotonic)  # noqa: B010 - to mypy a method is no attribute


def is_stepping(clock: IReactorTime) -> bool:
    """Whether the seconds of this clock are those of the wall clock."""
    return clock.seconds is time.time
