"""What Autobahn does not document, listed and explained here, in internals_opening.py and in internals_deflate.py.

Names used, on its protocols: `state` and the `STATE_*` numbers, `log`, `data`, `is_open`, `transport_details`,
`wasClean`, `failedByMe`, `wasNotCleanReason`, `localCloseCode`, `localCloseReason`, `remoteCloseCode`,
`remoteCloseReason`, `closeHandshakeTimeout`, `closeHandshakeTimeoutCall`, `autoPingInterval`, `autoPingTimeout`,
`autoPingTimeoutCall`, `autoPingPendingCall`, `autoPingPending`, `_sendAutoPing`, `onAutoPingTimeout`, `http_headers`,
`http_status_line`, `processHandshake`, `failHandshake`, `consumeData`, `processData`, `onCloseFrame`, `onPing`,
`sendPing`, `sendPong`, `sendData`, `sendFrame`, `sendCloseFrame`, `dropConnection`, `_closeConnection`,
`_fail_connection`, `_onOpen`, `_onMessage`, `_onClose`, `frame_data`, `message_data`, `onCloseHandshakeTimeout`,
`registerProducer`, `unregisterProducer`, `current_frame`, `inside_message`, `send_queue`, `logOctets`,
`trackedTimings`, `_listeners`, `logFrames`, `logRxFrame`, `logTxFrame`, `_perMessageCompress`,
`websocket_protocol_in_use`, `CONFIG_ATTRS`; on its factories: `_batched_timer`, `protocols`, `logFrames`.
`tests/websocket/autobahn/test_state.py` fails when a new Autobahn changes one of them. Those who are called for every
chunk ask for `state`, `data`, `current_frame` and `inside_message` themselves, for speed.
"""

from __future__ import annotations

from enum import IntEnum
from typing import Any

from autobahn.websocket.protocol import WebSocketProtocol


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
"""For those who compare it with `state` too often for `state_of`."""


def state_of(protocol: Any) -> State:
    return STATES.get(protocol.state, State.CONNECTING)


def is_secure(protocol: Any) -> bool:
    """Whether the transport is TLS."""
    return bool(protocol.transport_details.is_secure)


def is_shaking_hands(protocol: Any) -> bool:
    return state_of(protocol) is State.CONNECTING


def ping_when_silent(protocol: Any) -> None:
    """Autobahn's turn to ping: only a peer that has been silent for the whole interval is asked for a sign of life."""
    silent_s = protocol.guard.silent_s()
    if silent_s >= protocol.autoPingInterval:
        WebSocketProtocol._sendAutoPing(protocol)
    else:
        wait = protocol.factory._batched_timer.call_later
        protocol.autoPingPendingCall = wait(protocol.autoPingInterval - silent_s, protocol._sendAutoPing)


def agreed_subprotocol(protocol: Any) -> str | None:
    subprotocol: str | None = protocol.websocket_protocol_in_use
    return subprotocol


def name_subprotocol(protocol: Any, subprotocol: str | None) -> None:
    """What the 101 answer names."""
    protocol.websocket_protocol_in_use = subprotocol


def drop_transport(protocol: Any, abort: bool = False) -> None:
    """Autobahn's wish to close the TCP connection; a clean closing handshake is never followed by a reset."""
    protocol.guard.drop(abort and not protocol.wasClean)
