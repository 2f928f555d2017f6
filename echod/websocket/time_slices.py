"""A connection works on what it has received for a few milliseconds at a time; then the others have their turn."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from twisted.internet.interfaces import IDelayedCall, IReactorTime

from echod.flow.flow_control import FlowControl
from echod.flow.quotas import RateLimit
from echod.flow.turn_share import SHORT_BYTES, TurnShare
from echod.rules.websocket.inflation import LEAST_BYTES
from echod.websocket.autobahn.deflate import is_inflating_frame
from echod.websocket.autobahn.state import State, state_of
from echod.websocket.fast_path import step
from echod.websocket.inflating import inflate_piece

SLICE_S = 0.004
"""Must stay well below the 20 ms that one packet train may stall everybody else; a last message comes on top."""

WORKING = "working"
"""The reason to stop reading: what has been read is not finished."""


class TimeSlices:
    """Reads frames out of a protocol's buffer until none is whole.

    It stops when the slice is over, its rate is used up, or replies wait to be taken; and it waits for a later turn of
    the loop when all connections together have had their share of this one.
    """

    __slots__ = ("_clock", "_flow", "_is_queued", "_later", "_piece", "_protocol", "_rate", "_turn_share")

    def __init__(
        self, protocol: Any, flow: FlowControl, clock: IReactorTime, rate: RateLimit, turn_share: TurnShare
    ) -> None:
        self._protocol = protocol
        self._flow = flow
        self._clock = clock
        self._rate = rate
        self._turn_share = turn_share
        self._later: IDelayedCall | None = None
        self._is_queued = False
        self._piece = LEAST_BYTES

    @property
    def is_working(self) -> bool:
        """Whether something that was received is still to be worked on."""
        return self._is_queued or self._later is not None

    @property
    def is_over(self) -> bool:
        """Whether what comes has to wait for its turn."""
        return self.is_working or self._turn_share.is_used_up

    def work(self) -> None:
        """Work on what is there; what comes while a slice waits for its turn stays behind it."""
        if self.is_working:
            return
        if self._turn_share.is_used_up and self._protocol.data:
            self._queue()
        elif not self._work():
            self._flow.release(WORKING)

    def stop(self) -> None:
        """The connection is lost."""
        if self._later is not None:
            self._later.cancel()
            self._later = None
        if self._is_queued:
            self._turn_share.withdraw(self._go_on)
            self._is_queued = False

    def take(self, take: Callable[..., None], *args: Any) -> None:
        """Call it; the time that it takes counts for the share of this turn."""
        start = time.perf_counter()
        take(*args)
        self._turn_share.spend(time.perf_counter() - start)

    def _work(self) -> bool:
        """One slice; whether another has to follow."""
        start = time.perf_counter()
        is_left = self._work_until(start + SLICE_S)
        self._turn_share.spend(time.perf_counter() - start)
        return is_left

    def _work_until(self, end: float) -> bool:
        while state_of(self._protocol) is not State.CLOSED and self._step():
            wait_s = self._rate.wait_s()
            if wait_s:
                self._flow.hold(WORKING)
                self._later = self._clock.callLater(wait_s, self._go_on)
                return True
            if self._flow.is_full:
                self._flow.hold(WORKING)
                self._is_queued = True
                self._flow.when_drained(self._queue)
                return True
            if time.perf_counter() > end:
                self._queue()
                return True
        return False

    def _step(self) -> bool:
        """A step of a frame, or a piece of one that inflates; whether there may be another."""
        if not is_inflating_frame(self._protocol):
            return step(self._protocol)
        before = len(self._protocol.data)
        self._piece = inflate_piece(self._protocol, self._piece)
        left = len(self._protocol.data)
        # A frame may end without a byte more; and a protocol may have its own reasons to take nothing.
        return left > 0 and (left < before or not is_inflating_frame(self._protocol))

    def _queue(self) -> None:
        self._flow.hold(WORKING)
        self._is_queued = True
        self._turn_share.queue(self._go_on, is_short=len(self._protocol.data) <= SHORT_BYTES)

    def _go_on(self) -> None:
        self._later, self._is_queued = None, False
        self._protocol.consumeData()
