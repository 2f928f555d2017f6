"""The functions of echod for a Python prompt, a notebook or a script: the same names, waiting instead of Deferreds.

    from echod.blocking import *

The reactor runs in a thread of its own, started at the first call and stopped with the interpreter.
Callbacks run in that thread; inside them these functions do not wait but return the Deferreds of `import echod`,
so that a callback may still open, send and close.

A call to which no result can come raises CannotWait: when the reactor has stopped, in a process that was forked after
the first call, in a program that runs a reactor of its own. `send` waits while more than 64 KiB are unsent.
At the end of the interpreter what was sent is flushed, and what is open is closed with 1001, within five seconds.

The state of a process is here and nowhere else: one reactor thread, and one `Note`.
"""

from __future__ import annotations

import atexit
import functools
from collections.abc import Callable
from typing import ParamSpec, TypeVar

from twisted.internet.defer import Deferred

from echod.client.default_server import get_reactor
from echod.client.note import Note
from echod.client.reactor_thread import ReactorThread

__all__ = ["default_server", "publish_websocket", "shutdown", "start"]
__all__ += ["close_websocket", "open_websocket", "websocket_send"]
__all__ += ["echo_client", "echo_close", "echo_send", "echo_server", "multi_server"]

P = ParamSpec("P")
T = TypeVar("T")

reactor_thread = ReactorThread(get_reactor)
note = Note(reactor_thread)
reactor_thread.farewell = note.leave
# At the import, and so behind what a program registers later: its `atexit.register(shutdown)` finds a reactor.
atexit.register(reactor_thread.stop)


def entering(function: Callable[P, T]) -> Callable[P, T]:
    """The function, called in the reactor's thread."""

    @functools.wraps(function)
    def enter(*args: P.args, **kwargs: P.kwargs) -> T:
        reactor_thread.start()
        return reactor_thread(function, *args, **kwargs)

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
