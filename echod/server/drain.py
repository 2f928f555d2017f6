"""The end of a server that is in use: everybody is sent off, and whoever does not go in time is cut."""

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
"""Between two batches of Closes; must be smaller than the time over which they are spread."""

log = Logger(namespace="echod")


class Drain:
    """Sends off the clients of one server: each gets what it is owed, then Close 1001.

    The Closes are spread over `drain_spread_s`, so that clients do not all come back in the same moment;
    whoever is left after `drain_timeout_s` is cut.
    """

    def __init__(self, admission: Admission, connections: Connections, clock: IReactorTime, limits: Limits) -> None:
        self._admission = admission
        self._connections = connections
        self._clock = clock
        self._limits = limits
        self._timers: list[IDelayedCall] = []
        self._cut = 0

    def run(self) -> Deferred[None]:
        """Fires when nobody is left."""
        self._stop_timers()
        self._cut = 0
        self._admission.refuse_newcomers()
        self._send_off(self._connections.all())
        self._timers.append(self._clock.callLater(self._limits.drain_timeout_s, self.cut))
        return self._admission.when_empty().addCallback(self._finish)

    def cut(self) -> None:
        """End whoever is left, now."""
        self._cut += self._admission.abort_all()

    def _send_off(self, connections: list[Connection]) -> None:
        """Close the first batch now, the others in steps."""
        # Everybody is to be told before the first is cut.
        spread_s = min(self._limits.drain_spread_s, self._limits.drain_timeout_s / 2)
        steps = max(1, math.ceil(spread_s / STEP_S))
        size = math.ceil(len(connections) / steps)
        for step in range(math.ceil(len(connections) / size) if size else 0):
            batch = connections[step * size : (step + 1) * size]
            self._timers.append(self._clock.callLater(step * STEP_S, send_off, batch))

    def _stop_timers(self) -> None:
        timers, self._timers = self._timers, []
        for timer in timers:
            if timer.active():
                timer.cancel()

    def _finish(self, _: None) -> None:
        self._stop_timers()
        counters = str(self._admission.counters)
        before = f"; since the start: {counters}" if counters else ""
        log.info("echod drained: {cut} connections had to be cut{before}", cut=self._cut, before=before)


def send_off(connections: list[Connection]) -> None:
    """Close each with 1001, after the replies to what has been read."""
    for connection in connections:
        connection.leave(CloseCode.GOING_AWAY, "")
