"""What a connection has sent and the operating system has not taken yet, and who waits until it has.

Nothing tells when a write buffer is empty that was never above its mark. So the buffer is looked at as long as
a Deferred waits: in the next turn of the loop, and then in pauses that double.
"""

from __future__ import annotations

from twisted.internet.defer import Deferred, succeed
from twisted.internet.interfaces import IReactorTime

from echod.errors import ConnectionClosed
from echod.flow.lingering_close import is_tls
from echod.flow.timers import Timer
from echod.websocket.autobahn.port import Connection

FIRST_PAUSE_S, LAST_PAUSE_S = 0.001, 0.05


class Backlog:
    """The unsent bytes of one connection; `mark` is how many of them a sender that can wait leaves behind."""

    __slots__ = ("_clock", "_connection", "_pause_s", "_timer", "_waiting", "mark")

    def __init__(self, connection: Connection, clock: IReactorTime, mark: int) -> None:
        self._connection = connection
        self._clock = clock
        self._timer: Timer | None = None
        self._waiting: dict[Deferred[None], int] = {}
        self._pause_s = 0.0
        self.mark = mark

    def count(self) -> int:
        """How many bytes are not sent."""
        return self._connection.unsent_bytes()

    @property
    def is_full(self) -> bool:
        """Whether a sender that can wait should."""
        return self.count() > self.mark

    def wait(self, most: int = 0) -> Deferred[None]:
        """Fires once no more than this is unsent; fails with ConnectionClosed when the connection is lost before."""
        if self.count() <= most and not is_tls(self._connection.transport):
            return succeed(None)
        waiting: Deferred[None] = Deferred(self._forget)
        self._waiting[waiting] = most
        self._look_after(0.0)
        return waiting

    def lose(self, error: ConnectionClosed) -> None:
        """The connection is lost, and what it has not sent."""
        if not self._waiting:
            return
        self._fire()
        self._stop()
        while self._waiting:
            one = next(iter(self._waiting))
            del self._waiting[one]
            one.errback(error)

    def _look_after(self, pause_s: float) -> None:
        self._pause_s = pause_s
        self._timer = self._timer or Timer(self._clock)
        self._timer.start(pause_s, self._look)

    def _look(self) -> None:
        self._fire()
        if self._waiting:
            self._look_after(min(max(FIRST_PAUSE_S, 2 * self._pause_s), LAST_PAUSE_S))

    def _fire(self) -> None:
        count = self.count()
        for one in [one for one, most in self._waiting.items() if count <= most]:
            # What was told before it may have cancelled it.
            if self._waiting.pop(one, None) is not None:
                one.callback(None)

    def _forget(self, waiting: Deferred[None]) -> None:
        del self._waiting[waiting]
        if not self._waiting:
            self._stop()

    def _stop(self) -> None:
        if self._timer is not None:
            self._timer.stop()
