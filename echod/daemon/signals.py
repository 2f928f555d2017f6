"""What the daemon does on a signal: SIGTERM and SIGINT drain, a second one aborts, SIGHUP reloads certificates."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable
from types import FrameType

from twisted.logger import Logger

from echod.transport.interfaces import Reactor

log = Logger(namespace="echod")


class Signals:
    """Replaces Twisted's handlers, which end without a drain and with the signal as exit code.

    Args:
        count: how many connections there are.
        abort: ends all of them now.
        reload: reads certificates again.
    """

    def __init__(
        self, reactor: Reactor, count: Callable[[], int], abort: Callable[[], None], reload: Callable[[], None]
    ) -> None:
        self._reactor = reactor
        self._count = count
        self._abort = abort
        self._reload = reload
        self._is_stopping = False

    def install(self) -> None:
        """To be called once the reactor runs: it installs its own when it starts. Only the main thread may."""
        if threading.current_thread() is threading.main_thread():
            for number in (signal.SIGTERM, signal.SIGINT):
                signal.signal(number, self._in_reactor(self.stop))
            signal.signal(signal.SIGHUP, self._in_reactor(self._reload))

    def _in_reactor(self, function: Callable[[], None]) -> Callable[[int, FrameType | None], None]:
        """A handler that only wakes the reactor up, which then calls the function."""
        return lambda number, frame: self._reactor.callFromThread(function)  # noqa: ARG005

    def stop(self) -> None:
        """Begin to drain, or abort what is left when that has begun."""
        count = self._count()
        if self._is_stopping:
            log.info("echod is shutting down at once: aborting {count} connections", count=count)
            self._abort()
        else:
            self._is_stopping = True
            log.info("echod is shutting down: draining {count} connections (signal again to abort)", count=count)
            self._reactor.stop()
