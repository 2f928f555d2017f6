"""The end of a connection: when `on_close` runs, and when `when_closed` fires.

A connection ends in three steps: it is lost (from then on the contract is `closed`), `on_close` runs, and every
Deferred that `when_closed` gave fires. Messages that came before the loss may still wait for their callbacks, which
run one at a time, in a queue; `on_close` comes last, so it waits until that queue is idle.

A callback may wait for `when_closed` itself, and would then wait for its own end. Two rules keep it from that:

1. In a step of the queue (`on_open`, `on_message`): `on_close` no longer waits for the queue, and runs as soon as the
   connection is lost; messages that still wait are delivered after it.
2. In `on_close`: nothing is left to wait for, and `when_closed` gives a Deferred that has fired.

What asks from elsewhere (another connection's callback, code of the program) waits for all three steps, also for the
Deferred or coroutine of `on_close`. Each queue knows which code is a step of its own (`SerialQueue.is_inside`).
"""

from __future__ import annotations

from collections.abc import Callable

from twisted.internet.defer import Deferred, succeed
from twisted.python.failure import Failure

from echod.api.serial import SerialQueue
from echod.errors import CloseCode


class Ending:
    """The end of one connection; `queue` runs its callbacks before `on_close`, `failed` is told what that raises."""

    __slots__ = ("_code", "_failed", "_is_told", "_is_urgent", "_last", "_on_close", "_queue", "_waiting")

    def __init__(self, queue: SerialQueue, failed: Callable[[Failure], None]) -> None:
        self._queue = queue
        self._failed = failed
        self._code: int = CloseCode.ABNORMAL
        self._on_close: Callable[[], object] | None = None
        self._last: SerialQueue | None = None
        self._waiting: list[Deferred[int]] = []
        self._is_urgent = self._is_told = False

    def wait(self) -> Deferred[int]:
        """Fires with the close code once `on_close` has run; has fired already in `on_close` and after it."""
        if self._is_told or (self._last is not None and self._last.is_inside()):
            return succeed(self._code)
        waiting: Deferred[int] = Deferred()
        self._waiting.append(waiting)
        if self._queue.is_inside():
            self._is_urgent = True
            self._call_on_close()
        return waiting

    def lose(self, code: int, on_close: Callable[[], object]) -> None:
        """The connection is lost: call `on_close` once the queue is idle, or now where the queue waits for the end."""
        self._code, self._on_close = code, on_close
        self._queue.when_idle(self._call_on_close)
        if self._is_urgent:
            self._call_on_close()

    def _call_on_close(self) -> None:
        """Once; nothing while the connection is not lost."""
        on_close, self._on_close = self._on_close, None
        if on_close is not None:
            self._last = SerialQueue(self._failed)
            self._last.submit(on_close)
            self._last.submit(self._tell)

    def _tell(self) -> None:
        self._is_told = True
        for waiting in self._waiting:
            waiting.callback(self._code)
