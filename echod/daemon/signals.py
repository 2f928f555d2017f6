"""What the daemon does on a signal: the first to end drains, a second aborts; others reload, rotate, or do nothing."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from types import FrameType

from twisted.logger import Logger

from echod.transport.interfaces import Reactor

log = Logger(namespace="echod")

HANG_UP_S = 0.1
"""After SIGHUP: a terminal that closes may be taken from the process only behind the signal."""


def has_terminal() -> bool:
    """Whether the process has a controlling terminal, which a terminal that has been closed is no more."""
    try:
        os.close(os.open("/dev/tty", os.O_RDWR | os.O_NOCTTY | os.O_NONBLOCK))
    except OSError:
        return False
    return True


@dataclass(slots=True)
class Signals:
    """Replaces Twisted's handlers, which end without a drain and with the signal as exit code.

    `count` tells how many connections there are, `abort` ends all of them now, `reload` reads certificates again, and
    `rotate` begins a new log file.
    """

    reactor: Reactor
    count: Callable[[], int]
    abort: Callable[[], None]
    reload: Callable[[], None]
    rotate: Callable[[], None]
    is_stopping: bool = False
    may_hang_up: bool = field(default=False, init=False)

    def remember_terminal(self) -> None:
        """To be called once the process is what it stays, a daemon or not, and before anything tells that it serves.

        Under nohup a terminal that closes is to end nothing.
        """
        self.may_hang_up = signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN and has_terminal()

    def install(self) -> None:
        """To be called once the reactor runs: it installs its own when it starts. Only the main thread may."""
        if threading.current_thread() is not threading.main_thread():
            return
        handlers = {
            signal.SIGTERM: self.stop,
            signal.SIGINT: self.stop,
            signal.SIGHUP: self.hang_up,
            signal.SIGUSR1: self.rotate,
        }
        # Twisted's --debug has it for its debugger. By default it would kill.
        if signal.getsignal(signal.SIGUSR2) is signal.SIG_DFL:
            handlers[signal.SIGUSR2] = ignore
        for number, function in handlers.items():
            signal.signal(number, self._in_reactor(function))

    def _in_reactor(self, function: Callable[[], None]) -> Callable[[int, FrameType | None], None]:
        """A handler that only wakes the reactor up, which then calls the function."""
        return lambda number, frame: self.reactor.callFromThread(function)  # noqa: ARG005

    def hang_up(self) -> None:
        """Reload; or stop, if the signal says that the terminal in which the daemon was started has been closed."""
        if self.may_hang_up:
            self.reactor.callLater(HANG_UP_S, self._reload_or_stop)
        else:
            self.reload()

    def _reload_or_stop(self) -> None:
        if has_terminal():
            self.reload()
        elif not self.is_stopping:
            log.info("the terminal has been closed")
            self.stop()

    def stop(self) -> None:
        """Begin to drain, or abort what is left when that has begun."""
        count = self.count()
        if self.is_stopping:
            log.info("echod is shutting down at once: aborting {count} connections", count=count)
            self.abort()
        else:
            self.is_stopping = True
            log.info("echod is shutting down: draining {count} connections (signal again to abort)", count=count)
            self.reactor.stop()


def ignore() -> None:
    log.info("echod ignores SIGUSR2")
