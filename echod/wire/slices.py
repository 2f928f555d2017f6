"""A connection works on what it has received for a few milliseconds at a time; then the others have their turn."""

from __future__ import annotations

import time
from typing import Any

from twisted.internet.interfaces import IDelayedCall, IReactorTime

from echod.wire.budget import Rate
from echod.wire.flow import Flow
from echod.wire.internals import State, state_of
from echod.wire.plain import step

SLICE_S = 0.005
"""Must stay well below the 20 ms that one packet train may stall everybody else; a last message comes on top."""

WORKING = "working"
"""The reason to stop reading: what has been read is not finished."""


class Slices:
    """Reads frames out of a protocol's buffer until none is whole, the slice is over, or its rate is used up."""

    __slots__ = ("_clock", "_flow", "_later", "_protocol", "_rate")

    def __init__(self, protocol: Any, flow: Flow, clock: IReactorTime, rate: Rate) -> None:
        self._protocol = protocol
        self._flow = flow
        self._clock = clock
        self._rate = rate
        self._later: IDelayedCall | None = None

    @property
    def is_working(self) -> bool:
        """Whether something that was received is still to be worked on."""
        return self._later is not None

    def work(self) -> None:
        """Work on what is there; what comes while a slice waits for its turn stays behind it."""
        if self._later is None and not self._work():
            self._flow.release(WORKING)

    def stop(self) -> None:
        """The connection is lost."""
        if self._later is not None:
            self._later.cancel()
            self._later = None

    def _work(self) -> bool:
        """One slice; whether another has to follow."""
        end = time.perf_counter() + SLICE_S
        while state_of(self._protocol) is not State.CLOSED and step(self._protocol):
            wait_s = self._rate.wait_s()
            if wait_s or time.perf_counter() > end:
                self._flow.hold(WORKING)
                self._later = self._clock.callLater(wait_s, self._go_on)
                return True
        return False

    def _go_on(self) -> None:
        self._later = None
        self._protocol.consumeData()
