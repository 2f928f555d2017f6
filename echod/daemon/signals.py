"""What the daemon does on a signal: SIGTERM and SIGINT drain, a second one aborts, SIGHUP reloads certificates."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable
from dataclasses import dataclass
from types import FrameType

from twisted.logger import Logger

from echod.transport.interfaces import Reactor

log = Logger(namespace="echod")


@dataclass(slots=True)
class Signals:
    """Replaces Twisted's handlers, which end without a drain and with the signal as exit code.

    `count` tells how many connections there are, `abort` ends all of them now, and `reload` reads certificates again.
    """

    reactor: Reactor
    count: Callable[[], int]
    abort: Callable[[], None]
    reload: Callable[[], None]
    is_stopping: bool = False

    def install(self) -> None:
        """To be called once the reactor runs: it installs its own when it starts. Only the main thread may."""
        if threading.current_thread() is threading.main_thread():
            for number in (signal.SIGTERM, signal.SIGINT):
                signal.signal(number, self._in_reactor(self.stop))
            signal.signal(signal.SIGHUP, self._in_reactor(self.reload))

    def _in_reactor(self, function: Callable[[], None]) -> Callable[[int, FrameType | None], None]:
        """A handler that only wakes the reactor up, which then calls the function."""
        return lambda number, frame: self.reactor.callFromThread(function)  # noqa: ARG005

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
