"""Fair shares of the event loop: how long all connections together may work in one turn of it; the rest is queued."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable

from twisted.internet.interfaces import IDelayedCall, IReactorTime

SHARE_S = 0.001
"""Of one turn. Must stay well below the 20 ms that may pass between turns: a last step and all reading come on top."""

NOTICED_S = 0.0005
"""Time that may be spent before the end of the turn is awaited at all: short work pays nothing for this."""

SHORT_BYTES = 4096
"""Received data up to this size is short: it is worked on before long data, and plain messages at once."""


class TurnShare:
    """The one owner of the queue of work that is left when the share of a turn is used up: short work, then long."""

    def __init__(self, clock: IReactorTime) -> None:
        self._clock = clock
        self._spent_s = 0.0
        self._short: deque[Callable[[], None]] = deque()
        self._long: deque[Callable[[], None]] = deque()
        self._turn: IDelayedCall | None = None
        self._is_calling = False

    @property
    def is_used_up(self) -> bool:
        """Whether more work has to be queued; never for work that is called from the queue."""
        return self._spent_s >= SHARE_S and not self._is_calling

    def spend(self, seconds: float) -> None:
        """Count the time that a connection has used."""
        self._spent_s += seconds
        if self._spent_s > NOTICED_S:
            self._await_turn()

    def queue(self, go_on: Callable[[], None], *, is_short: bool) -> None:
        """Call it in a later turn of the event loop."""
        (self._short if is_short else self._long).append(go_on)
        self._await_turn()

    def withdraw(self, go_on: Callable[[], None]) -> None:
        """Remove it from the queue; if it is not there this changes nothing."""
        for queue in (self._short, self._long):
            if go_on in queue:
                queue.remove(go_on)

    def _await_turn(self) -> None:
        if self._turn is None:
            self._turn = self._clock.callLater(0, self._begin_turn)

    def _begin_turn(self) -> None:
        self._turn, self._spent_s, self._is_calling = None, 0.0, True
        try:
            for queue in (self._short, self._long):
                self._call(queue)
        finally:
            self._is_calling = False
            if self._short or self._long:
                self._await_turn()

    def _call(self, queue: deque[Callable[[], None]]) -> None:
        """The first in any case, the others while there is time; what is queued meanwhile waits for a later turn."""
        for number in range(len(queue)):
            if not queue or (number and self._spent_s >= SHARE_S):
                return
            queue.popleft()()
