"""The drain: graceful shutdown of a server that is in use, with staggered closing; then the rest is aborted."""

from __future__ import annotations

import math

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IDelayedCall, IReactorTime
from twisted.logger import Logger

from echod.accept.admission import Admission
from echod.errors import CloseCode
from echod.settings import Limits
from echod.websocket.autobahn.port import Connection
from echod.websocket.connections import Connections

STEP_S = 0.05
"""Seconds between two batches of Closes; must be smaller than the time over which they are spread."""

log = Logger(namespace="echod")


class Drain:
    """Closes all connections of one server: each gets the replies to what has been read, then Close 1001.

    The Closes are spread over `drain_spread_s`, so that clients do not all reconnect in the same moment; connections
    that remain after `drain_timeout_s` are aborted.
    """

    def __init__(self, admission: Admission, connections: Connections, clock: IReactorTime, limits: Limits) -> None:
        self._admission = admission
        self._connections = connections
        self._clock = clock
        self._limits = limits
        self._timers: list[IDelayedCall] = []
        self._aborted = 0

    def run(self) -> Deferred[None]:
        """Fires when no connection is left."""
        self._stop_timers()
        self._aborted = 0
        self._admission.refuse_newcomers()
        self._close_in_steps(self._connections.all())
        self._timers.append(self._clock.callLater(self._limits.drain_timeout_s, self.abort))
        return self._admission.when_empty().addCallback(self._finish)

    def abort(self) -> None:
        """Abort every connection that is left."""
        self._aborted += self._admission.abort_all()

    def _close_in_steps(self, connections: list[Connection]) -> None:
        # Every client is to get its Close before the first is aborted.
        steps = max(1, math.ceil(self._limits.effective_drain_spread_s / STEP_S))
        size = math.ceil(len(connections) / steps) or 1
        for step, start in enumerate(range(0, len(connections), size)):
            batch = connections[start : start + size]
            self._timers.append(self._clock.callLater(step * STEP_S, close_all, batch))

    def _stop_timers(self) -> None:
        timers, self._timers = self._timers, []
        for timer in timers:
            if timer.active():
                timer.cancel()

    def _finish(self, _: None) -> None:
        self._stop_timers()
        counters = str(self._admission.counters)
        before = f"; refused or closed since start: {counters}" if counters else ""
        log.info("echod drained: aborted {aborted} connections{before}", aborted=self._aborted, before=before)


def close_all(connections: list[Connection]) -> None:
    """Close each with 1001, after the replies to what has been read."""
    for connection in connections:
        connection.leave(CloseCode.GOING_AWAY, "")
