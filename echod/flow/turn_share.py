"""What all connections together may work in one turn of the loop; the rest of the work is queued."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable

from twisted.internet.interfaces import IDelayedCall, IReactorTime

SHARE_S = 0.001
"""Of one turn. Must stay well below the 20 ms for which others may wait: a last step comes on top, and all reading."""

NOTICED_S = 0.0005
"""What may be spent before a turn is watched at all: who has little to do pays nothing for this."""

SHORT_BYTES = 4096
"""What has come is short up to here: it is worked on before what is long, and plain messages at once."""


class TurnShare:
    """The one owner of the queue of connections that have work left when the share of a turn is used up.

    Who has little to do comes before those who have much, and one of each has its turn in any case.
    """

    def __init__(self, clock: IReactorTime) -> None:
        self._clock = clock
        self._spent_s = 0.0
        self._short: deque[Callable[[], None]] = deque()
        self._long: deque[Callable[[], None]] = deque()
        self._turn: IDelayedCall | None = None
        self._is_calling = False

    @property
    def is_used_up(self) -> bool:
        """Whether who asks has to queue; not when it is called from the queue."""
        return self._spent_s >= SHARE_S and not self._is_calling

    def spend(self, seconds: float) -> None:
        """Somebody has worked that long."""
        self._spent_s += seconds
        if self._spent_s > NOTICED_S:
            self._await_turn()

    def queue(self, go_on: Callable[[], None], *, is_short: bool) -> None:
        """Call it in a later turn."""
        (self._short if is_short else self._long).append(go_on)
        self._await_turn()

    def withdraw(self, go_on: Callable[[], None]) -> None:
        """Do not call it; one that is not queued changes nothing."""
        for queue in (self._short, self._long):
            if go_on in queue:
                queue.remove(go_on)

    def _await_turn(self) -> None:
        if self._turn is None:
            self._turn = self._clock.callLater(0, self._begin_turn)

    def _begin_turn(self) -> None:
        self._turn, self._spent_s = None, 0.0
        try:
            for queue in (self._short, self._long):
                self._call(queue)
        finally:
            if self._short or self._long:
                self._await_turn()

    def _call(self, queue: deque[Callable[[], None]]) -> None:
        """The first in any case, the others while there is time; who queues again meanwhile has a later turn."""
        for number in range(len(queue)):
            if not queue or (number and self.is_used_up):
                return
            go_on = queue.popleft()
            self._is_calling = True
            try:
                go_on()
            finally:
                self._is_calling = False
