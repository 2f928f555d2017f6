"""One call from another thread: made in the reactor's, waited for in the caller's."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Generic, TypeVar, cast

from twisted.internet.defer import CancelledError, Deferred, maybeDeferred
from twisted.python.failure import Failure

from echod.errors import CannotWait

T = TypeVar("T")


class Call(Generic[T]):
    """A call of `function`, which may return a Deferred. It has one end: a result, an error, or that it is given up."""

    def __init__(self, function: Callable[[], T | Deferred[T]]) -> None:
        self._function = function
        self.thread = threading.current_thread()
        self._is_over = threading.Event()
        self._result: T | Failure | None = None
        self._running: Deferred[T] | None = None

    def make(self) -> None:
        """In the reactor's thread: call it, unless it is over already."""
        if not self._is_over.is_set():
            self._running = maybeDeferred(cast("Callable[[], T]", self._function))
            self._running.addCallbacks(self._end, self._end)

    def cancel(self) -> None:
        """In the reactor's thread: no thread waits any more."""
        self._is_over.set()
        if self._running is not None:
            self._running.cancel()

    def give_up(self, why: str) -> None:
        """No result can come any more; nothing if it is over."""
        if not self._is_over.is_set():
            self._end(Failure(CannotWait(why)))

    def wait(self) -> None:
        """In the caller's thread: until it is over. Ctrl-C interrupts it."""
        self._is_over.wait()

    def result(self) -> T:
        """What came of it, returned or raised."""
        if isinstance(self._result, Failure):
            if self._result.check(CancelledError):
                raise CannotWait("what this call waited for was cancelled")
            self._result.raiseException()
        return cast("T", self._result)

    def _end(self, result: T | Failure) -> None:
        self._result = result
        self._is_over.set()
