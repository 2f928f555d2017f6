"""The functions of echod for a Python prompt, a notebook or a script: the same names, waiting instead of Deferreds.

    from echod.blocking import *

The reactor runs in a thread of its own, started at the first call and stopped with the interpreter.
Callbacks run in that thread; inside them these functions do not wait but return the Deferreds of `import echod`,
so that a callback may still open, send and close.

The state of a process is here and nowhere else: one reactor thread, and one `Note`.
"""

from __future__ import annotations

import atexit
import functools
import sys
import threading
from collections.abc import Callable
from typing import ParamSpec, TypeVar

from twisted.internet.defer import Deferred
from twisted.internet.threads import blockingCallFromThread
from zope.interface import provider

from echod.client.default_server import get_reactor
from echod.client.note import Note
from twisted import logger

__all__ = ["default_server", "publish_websocket", "shutdown", "start"]
__all__ += ["close_websocket", "open_websocket", "websocket_send"]
__all__ += ["echo_client", "echo_close", "echo_send", "echo_server", "multi_server"]

P = ParamSpec("P")
T = TypeVar("T")

STOP_TIMEOUT_S = 2.0


class ReactorThread:
    """The thread in which the reactor runs, from the first call of `start`."""

    def __init__(self) -> None:
        self._thread: threading.Thread | None = None
        self._starting = threading.Lock()

    def enter(self, function: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T:
        """Call it in the reactor's thread, and wait for its result, also for that of a Deferred.

        It is called directly in that thread itself, and when there is none.
        """
        if self._thread is None or threading.current_thread() is self._thread:
            return function(*args, **kwargs)
        return blockingCallFromThread(get_reactor(), function, *args, **kwargs)

    def start(self) -> None:
        """Let the reactor run; again changes nothing.

        Raises:
            RuntimeError: the reactor runs already, elsewhere: a call that waits for it there would never return.
        """
        with self._starting:
            if self._thread is None:
                self._thread = self._launch()

    def _launch(self) -> threading.Thread:
        reactor = get_reactor()
        if reactor.running:
            raise RuntimeError("the reactor is running already: use 'import echod', whose functions return Deferreds")
        running = threading.Event()
        reactor.callWhenRunning(running.set)
        thread = threading.Thread(target=reactor.run, args=(False,), name="echod reactor", daemon=True)
        thread.start()
        running.wait()
        to_terminal = logger.textFileLogObserver(sys.stderr)
        logger.globalLogPublisher.addObserver(logger.FilteringLogObserver(to_terminal, [is_trace]))
        atexit.register(self._stop)
        return thread

    def _stop(self) -> None:
        assert self._thread is not None
        get_reactor().callFromThread(get_reactor().stop)
        self._thread.join(STOP_TIMEOUT_S)


@provider(logger.ILogFilterPredicate)
def is_trace(event: logger.LogEvent) -> object:
    """Whether an event was logged for `debug=True`; errors reach the terminal by Twisted's own default."""
    return logger.PredicateResult.yes if event.get("log_namespace") == "echod.trace" else logger.PredicateResult.no


reactor_thread = ReactorThread()
note = Note(reactor_thread.enter)


def entering(function: Callable[P, T]) -> Callable[P, T]:
    """The function, called in the reactor's thread."""

    @functools.wraps(function)
    def enter(*args: P.args, **kwargs: P.kwargs) -> T:
        reactor_thread.start()
        return reactor_thread.enter(function, *args, **kwargs)

    return enter


def waiting(function: Callable[P, Deferred[T]]) -> Callable[P, T]:
    """The function, called in the reactor's thread, which waits for its Deferred and returns or raises its result."""
    return entering(function)  # type: ignore[arg-type]


start = waiting(note.start)
shutdown = waiting(note.shutdown)
default_server = entering(note.default_server)
echo_server = waiting(note.echo_server)
multi_server = waiting(note.multi_server)
publish_websocket = entering(note.publish_websocket)
open_websocket = waiting(note.open_websocket)
websocket_send = entering(note.websocket_send)
close_websocket = entering(note.close_websocket)
echo_client = waiting(note.echo_client)
echo_send = entering(note.echo_send)
echo_close = waiting(note.echo_close)
