"""Pings for a silent peer, and when it counts as gone (RFC 6455, 5.5.2)."""

from __future__ import annotations

from collections.abc import Callable

from echod.counters import Kind
from echod.flow.flow_control import FlowControl
from echod.websocket.autobahn.port import Connection
from echod.websocket.autobahn.starting import await_ping
from echod.websocket.autobahn.state import State, state_of
from echod.websocket.context import ServerContext


class Keepalive:
    """Owns the time at which something was received last: `heard_at`, in seconds of the clock."""

    __slots__ = ("_connection", "_context", "_flow", "heard_at", "seconds")

    def __init__(self, connection: Connection, context: ServerContext, flow: FlowControl) -> None:
        self._connection = connection
        self._context = context
        self._flow = flow
        self.seconds: Callable[[], float] = context.clock.seconds
        self.heard_at = self.seconds()

    def hear(self) -> None:
        """Bytes have come."""
        self.heard_at = self.seconds()

    def is_ping_due(self) -> bool:
        """Whether the peer has been silent for the whole interval; if not, Autobahn asks again when it may be."""
        now, due = self.seconds(), self.heard_at + self._connection.autoPingInterval
        if now < due:
            await_ping(self._connection, due - now)
        return now >= due

    def has_timed_out(self) -> bool:
        """Whether a missing pong means that the peer is gone.

        It does not while anything else comes; and while reading is held the pong may have come unseen.
        A connection that is closing has another timeout.
        """
        if state_of(self._connection) is not State.OPEN:
            self.forget_timeout()
            return False
        due = self.heard_at + self._context.limits.ping_timeout_s
        if self._flow.is_held or self.seconds() < due:
            self._renew_timeout()
            return False
        self._context.counters.count(Kind.PING_TIMEOUT)
        return True

    def forget_timeout(self) -> None:
        """It has run; Autobahn would cancel it once more when the connection is lost."""
        self._connection.autoPingTimeoutCall = None

    def ping_again(self) -> None:
        """Send the ping whose pong is awaited once more."""
        self._renew_timeout()
        self._connection.sendPing(self._connection.autoPingPending)

    def _renew_timeout(self) -> None:
        """Give the pong that is awaited as long as it had already."""
        connection, wait = self._connection, self._context.clock.callLater
        connection.autoPingTimeoutCall = wait(connection.autoPingTimeout, connection.onAutoPingTimeout)
