"""Callbacks one at a time, in order: the next waits for the Deferred or coroutine of the one before."""

from __future__ import annotations

import inspect
from collections import deque
from collections.abc import Callable
from contextvars import ContextVar
from typing import TypeVarTuple

from twisted.internet.defer import Deferred
from twisted.python.failure import Failure

Ts = TypeVarTuple("Ts")

RUNNING: ContextVar[SerialQueue | None] = ContextVar("RUNNING", default=None)
"""The queue whose step runs; a coroutine keeps it across its waits."""

Step = tuple[Callable[..., object], tuple[object, ...]]


class SerialQueue:
    """Runs steps one after the other; `failed` is told how a step failed, `waiting` how many wait when that changes."""

    def __init__(self, failed: Callable[[Failure], None], waiting: Callable[[int], None] = lambda _: None) -> None:
        self._failed = failed
        self._tell_waiting = waiting
        self._steps: deque[Step] = deque()
        self._running = False
        self._last: Callable[[], None] | None = None

    def is_inside(self) -> bool:
        """Whether the caller is a step of this queue, or a coroutine that such a step began."""
        return RUNNING.get() is self

    def submit(self, function: Callable[[*Ts], object], *args: *Ts) -> None:
        """Run it now, or when those before it are done."""
        if self._running:
            self._steps.append((function, args))
            self._tell_waiting(len(self._steps))
        else:
            self._run((function, args))

    def when_idle(self, function: Callable[[], None]) -> None:
        """Call it once no step runs or waits, in place of what was asked for before; it is no step itself."""
        self._last = function
        if not self._running:
            self._rest()

    def _run(self, step: Step | None) -> None:
        """Run steps until one has to be waited for; a loop, so that many finished coroutines are no deep recursion."""
        self._running = True
        while step is not None:
            pending = self._start(*step)
            if pending is not None:
                pending.addErrback(self._failed)
                if not pending.called or pending.paused:
                    pending.addBoth(lambda _: self._run(self._next()))
                    return
            step = self._next()
        self._running = False
        self._rest()

    def _rest(self) -> None:
        last, self._last = self._last, None
        if last is not None:
            last()

    def _start(self, function: Callable[..., object], args: tuple[object, ...]) -> Deferred[object] | None:
        """The Deferred to wait for, if there is one."""
        outside = RUNNING.set(self)
        try:
            result = function(*args)
            if inspect.iscoroutine(result):
                result = Deferred.fromCoroutine(result)
        except BaseException:
            # Whatever a callback raises, the connection goes on to its end, and nothing waits for ever.
            self._failed(Failure())
            return None
        finally:
            RUNNING.reset(outside)
        return result if isinstance(result, Deferred) else None

    def _next(self) -> Step | None:
        if not self._steps:
            return None
        step = self._steps.popleft()
        self._tell_waiting(len(self._steps))
        return step
