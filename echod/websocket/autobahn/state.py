"""Where a connection is in its life, and what Autobahn knows of it.

Code that runs for every chunk compares `state` with `OPEN` itself, for speed.
"""

from __future__ import annotations

from enum import IntEnum

from autobahn.websocket.protocol import WebSocketProtocol

from echod.websocket.autobahn.port import Connection


class State(IntEnum):
    """Where a connection is in its life; the numbers are those of `WebSocket.readyState` in browsers."""

    CONNECTING = 0
    OPEN = 1
    CLOSING = 2
    CLOSED = 3


STATES = {
    WebSocketProtocol.STATE_CONNECTING: State.CONNECTING,
    WebSocketProtocol.STATE_OPEN: State.OPEN,
    WebSocketProtocol.STATE_CLOSING: State.CLOSING,
    WebSocketProtocol.STATE_CLOSED: State.CLOSED,
}

OPEN = WebSocketProtocol.STATE_OPEN
"""The value of `Connection.state` while the connection is open."""


def state_of(connection: Connection) -> State:
    """Where this connection is in its life."""
    return STATES.get(connection.state, State.CONNECTING)


def is_shaking_hands(connection: Connection) -> bool:
    """Whether the opening handshake is not complete."""
    return state_of(connection) is State.CONNECTING


def is_watched(connection: Connection) -> bool:
    """Whether an extension, a log or a listener has to see the frames of this connection."""
    return bool(
        connection._perMessageCompress is not None
        or connection.logFrames
        or connection.logOctets
        or connection.trackedTimings
        or connection._listeners
    )
