"""The reactor of a program that has none: it runs in a thread of its own, which other threads call and wait for.

How it works. A call is handed to the reactor, and the caller sleeps until there is a result. It never sleeps for what
cannot come: when the reactor ends, for whatever reason, every call that waits fails, and so does every later one. In a
process that was forked from the one with the thread there is no reactor to hand a call to. In the reactor's own
thread, as in a callback, nothing waits: the call is made directly, and may return a Deferred.
"""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from typing import Any, ParamSpec, TypeVar

from twisted.internet.defer import Deferred, succeed
from twisted.internet.error import ReactorNotRestartable

from echod.client.call import Call
from echod.client.prompt_log import show_log
from echod.errors import CannotWait
from echod.transport.interfaces import Reactor
from echod.transport.leaving import MEANT_FOR_PROGRAM, error_of, stop
from echod.transport.steady import make_steady

P = ParamSpec("P")
T = TypeVar("T")

STOP_TIMEOUT_S = 2.0
"""How long the end of the interpreter waits for a reactor that is busy with a callback."""

FAREWELL_TIMEOUT_S = 5.0
"""How long the end waits until what was sent has left and connections are closed."""

RUNS_ELSEWHERE = "the reactor is running already: use 'import echod', whose functions return Deferreds"
HAS_ENDED = "the reactor has stopped, and cannot run again in this process"
IS_ENDING = "the interpreter is ending, and the reactor has stopped"
WAS_FORKED = (
    "this process was forked after the first call, and the reactor's thread stayed with its parent: "
    "make the first call in the child, or start it by 'spawn'"
)


class ReactorThread:
    """The thread in which the reactor runs, from the first call of `start`, and the way into it.

    Args:
        get_reactor: gives the reactor of this process.

    Attributes:
        farewell: called in it before the reactor stops, which waits for its Deferred for a few seconds.
    """

    def __init__(self, get_reactor: Callable[[], Reactor]) -> None:
        self._get_reactor = get_reactor
        self.farewell: Callable[[], Deferred[None]] = partial(succeed, None)
        self._thread: threading.Thread | None = None
        self._pid: int | None = None
        # A finalizer that the garbage collector runs may call from anywhere, also from within.
        self._lock = threading.RLock()
        self._calls: set[Call[Any]] = set()
        self._why_over = ""
        self._is_main_told = False

    def __call__(self, function: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T:
        """Call it in the reactor's thread, and wait for its result, also for that of a Deferred.

        It is called directly in that thread itself, and when there is none.

        Raises:
            CannotWait: no result can come.
        """
        if not self.is_outside():
            return function(*args, **kwargs)
        call = Call(partial(function, *args, **kwargs))
        self._hand_over(call)
        try:
            call.wait()
        except BaseException:
            # Ctrl-C: what no thread waits for is not to be done, such as a connection without an owner.
            self._get_reactor().callFromThread(call.cancel)
            raise
        finally:
            self._calls.discard(call)
        self._raise_what_ended_it()
        return call.result()

    def is_outside(self) -> bool:
        """Whether the caller is in another thread than the reactor; CannotWait in a process that has none of both."""
        if self._pid not in (None, os.getpid()):
            raise CannotWait(WAS_FORKED)
        return self._thread is not None and threading.current_thread() is not self._thread

    def start(self) -> None:
        """Let the reactor run; again changes nothing.

        Raises:
            CannotWait: the reactor runs already, elsewhere, or cannot run any more.
        """
        if not self.is_outside() and self._thread is None:
            with self._lock:
                self._launch()

    def stop(self) -> None:
        """The interpreter ends: close what is open, behind what was sent, then stop; from now on nothing is waited for.

        It takes no longer than FAREWELL_TIMEOUT_S, and STOP_TIMEOUT_S where a callback does not come to its end.
        """
        if self._pid not in (None, os.getpid()):
            # The end of a child, in which a thread of its parent may hold the lock for ever.
            return
        self._is_main_told = True
        try:
            if self._thread is not None and not self._why_over:
                self._stop_reactor(self._thread)
        finally:
            self._give_up(IS_ENDING)

    def _stop_reactor(self, thread: threading.Thread) -> None:
        reactor, has_begun = self._get_reactor(), threading.Event()
        reactor.callFromThread(has_begun.set)
        reactor.callFromThread(stop, reactor)
        if has_begun.wait(STOP_TIMEOUT_S):
            thread.join(FAREWELL_TIMEOUT_S + STOP_TIMEOUT_S)

    def _hand_over(self, call: Call[T]) -> None:
        with self._lock:
            if self._why_over:
                self._raise_what_ended_it()
                raise CannotWait(self._why_over)
            self._calls.add(call)
            self._get_reactor().callFromThread(call.make)

    def _launch(self) -> None:
        """Once, whichever thread comes first; the others wait for it at the lock."""
        if self._thread is not None:
            return
        self._pid = os.getpid()
        reactor = self._get_reactor()
        if reactor.running:
            raise CannotWait(RUNS_ELSEWHERE)
        make_steady(reactor)
        has_begun = threading.Event()
        reactor.callWhenRunning(has_begun.set)
        reactor.addSystemEventTrigger("before", "shutdown", self._leave)
        self._start_thread(threading.Thread(target=self._run, args=(has_begun,), name="echod reactor", daemon=True))
        has_begun.wait()
        show_log()

    def _start_thread(self, thread: threading.Thread) -> None:
        self._thread = thread
        try:
            thread.start()
        except RuntimeError:
            # Python 3.12 starts no thread any more once the interpreter is ending.
            self._give_up(IS_ENDING)
            raise CannotWait(IS_ENDING) from None

    def _run(self, has_begun: threading.Event) -> None:
        try:
            # A reactor that a program has run to its end does not run again.
            with suppress(ReactorNotRestartable, *MEANT_FOR_PROGRAM):
                self._get_reactor().run(installSignalHandlers=False)  # type: ignore[call-arg]  # of all of Twisted's
        finally:
            has_begun.set()
            self._give_up(HAS_ENDED)

    def _leave(self) -> Deferred[None]:
        """Whatever comes of the farewell, and however long it takes, the reactor stops."""
        return self.farewell().addTimeout(FAREWELL_TIMEOUT_S, self._get_reactor()).addErrback(lambda _: None)

    def _give_up(self, why: str) -> None:
        """No result can come any more, to whatever waits now or is called later."""
        with self._lock:
            self._why_over = self._why_over or why
            calls = list(self._calls)
        if error_of(self._get_reactor()) is not None:
            self._interrupt(threading.main_thread(), calls)
        for call in calls:
            call.give_up(why)

    def _interrupt(self, main: threading.Thread, calls: list[Call[Any]]) -> None:
        """The program is to end: interrupt it as Ctrl-C does, unless it waits here, or has been told, or ends."""
        waits_here = any(call.thread is main for call in calls)
        if main.ident is not None and not waits_here and not self._is_main_told:
            self._is_main_told = True
            signal.pthread_kill(main.ident, signal.SIGINT)

    def _raise_what_ended_it(self) -> None:
        """What a callback raised to end the program, to the thread that is the program."""
        error = error_of(self._get_reactor())
        if error is not None and threading.current_thread() is threading.main_thread():
            self._is_main_told = True
            raise error
