"""What the daemon does on a signal: SIGTERM and SIGINT drain, a second one cuts, SIGHUP reloads certificates."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable
from typing import Any

from twisted.logger import Logger

log = Logger(namespace="echod")


class Signals:
    """Takes the place of Twisted's handlers, which end without a drain and with the signal as exit code."""

    def __init__(self, reactor: Any, cut: Callable[[], None], reload: Callable[[], None]) -> None:
        self._reactor = reactor
        self._cut = cut
        self._reload = reload
        self._is_stopping = False

    def install(self) -> None:
        """To be called once the reactor runs: it installs its own when it starts. Only the main thread may."""
        if threading.current_thread() is threading.main_thread():
            for number in (signal.SIGTERM, signal.SIGINT):
                signal.signal(number, self._in_reactor(self.stop))
            signal.signal(signal.SIGHUP, self._in_reactor(self._reload))

    def _in_reactor(self, function: Callable[[], None]) -> Callable[[int, Any], None]:
        """A handler that only wakes the reactor up, which then calls the function."""
        return lambda number, frame: self._reactor.callFromThread(function)  # noqa: ARG005

    def stop(self) -> None:
        """Begin to end, or end at once when that has begun."""
        if self._is_stopping:
            log.info("echod stops at once")
            self._cut()
        else:
            self._is_stopping = True
            log.info("echod stops, and sends its clients off; a second signal ends it at once")
            self._reactor.stop()
