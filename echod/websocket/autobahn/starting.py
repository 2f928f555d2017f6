"""How a connection begins and ends: what Autobahn does for each, done once for a class.

Autobahn sets some forty attributes on every connection, each the same, and formats logs that are off.
Here they are attributes of the class, found out from Autobahn itself, and what has to be an object of its own is made
when it is asked for.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from functools import cached_property
from typing import TypeVar, cast

from autobahn.twisted.util import create_transport_details, peer2str
from autobahn.twisted.websocket import WebSocketServerProtocol
from autobahn.util import _is_tls_error, _maybe_tls_reason
from autobahn.wamp.types import TransportDetails
from autobahn.websocket.protocol import TrafficStats, WebSocketProtocol
from autobahn.websocket.types import ConnectionRequest
from autobahn.websocket.utf8validator import Utf8Validator
from twisted.internet.defer import Deferred
from twisted.internet.error import ConnectionDone
from twisted.python.failure import Failure

from echod.rules.websocket.client_handshake import Agreement
from echod.rules.websocket.handshake import Opening
from echod.websocket.autobahn.closing import attempt
from echod.websocket.autobahn.deflate import begin_deflate
from echod.websocket.autobahn.port import AutobahnFactory, Connection

VERSION = 13

Kind = TypeVar("Kind", bound=Connection)


def describe_transport(connection: Connection) -> TransportDetails:
    """Autobahn's view of the transport, whole from the first: asked for late, TLS has shaken hands."""
    details = create_transport_details(connection.transport, True)  # type: ignore[arg-type]
    details.channel_framing = TransportDetails.CHANNEL_FRAMING_WEBSOCKET
    return details


ON_DEMAND: dict[str, Callable[[Connection], object]] = {
    "_results": lambda connection: dict.fromkeys(connection._valid_events),
    "_transport_details": describe_transport,
    "is_closed": lambda _: Deferred(),
    "peer": lambda connection: peer2str(connection.transport),  # type: ignore[arg-type]
    "send_queue": lambda _: deque(),
    "trafficStats": lambda _: TrafficStats(),
    "utf8validator": lambda _: Utf8Validator(),
}
"""What Autobahn makes for every connection, and few ask for."""


def starting_state(factory: AutobahnFactory) -> dict[str, object]:
    """What Autobahn gives to a connection at its start, as attributes of a class."""
    probe = WebSocketServerProtocol()
    probe.factory = factory
    setattr(probe, "openHandshakeTimeout", 0)  # noqa: B010 - Autobahn does not declare it
    WebSocketProtocol._connectionMade(probe)
    mine = {*probe.CONFIG_ATTRS, *ON_DEMAND, "factory", "is_open"}
    return {name: value for name, value in vars(probe).items() if name not in mine}


def carry(factory: AutobahnFactory, kind: type[Kind], **own: object) -> type[Kind]:
    """The protocol class with the factory's options, the state at the start, and `own` as attributes of the class.

    Autobahn would copy some thirty options onto every connection, which costs 2 KiB each.
    """
    options = {name: getattr(factory, name) for name in kind.CONFIG_ATTRS}
    opened = {"inside_message": False, "current_frame": None}
    spoken = {"websocket_version": VERSION, "websocket_protocol_in_use": None}
    lazy = {name: cached_property(make) for name, make in ON_DEMAND.items()}
    attributes = options | own | starting_state(factory) | opened | spoken | lazy
    return cast("type[Kind]", type(kind.__name__, (kind,), attributes))


def start(connection: Connection) -> None:
    """The connection is made: what is left of Autobahn's `connectionMade`."""
    connection.factory.countConnections += 1
    try:
        connection.transport.setTcpNoDelay(connection.tcpNoDelay)  # type: ignore[attr-defined]
    except (AttributeError, OSError):
        # A local socket has no such option, and a transport in memory no such method.
        return


def describe_request(connection: Connection, opening: Opening) -> ConnectionRequest:
    """What `onConnect` is to get."""
    return ConnectionRequest(
        connection.peer,
        opening.headers,
        opening.host,
        opening.path,
        opening.params,
        VERSION,
        opening.origin,
        opening.protocols,
        opening.extensions,
    )


def await_verdict(connection: Connection) -> None:
    """What decides on a connection has as long as the peer had for its request headers."""
    wait = connection.factory._batched_timer.call_later
    connection.openHandshakeTimeoutCall = wait(connection.openHandshakeTimeout, connection.onOpenHandshakeTimeout)


def open_connection(connection: Connection, answer: bytes) -> None:
    """The handshake is accepted: answer, and from now on there are messages."""
    connection.sendData(answer)
    enter_open(connection)


def enter_open(connection: Connection) -> None:
    """The opening handshake is complete, on either side."""
    connection.state = WebSocketProtocol.STATE_OPEN
    stop_awaiting_verdict(connection)
    if connection.autoPingInterval:
        await_ping(connection, connection.autoPingInterval)
    attempt(connection, connection.onOpen)


def stop_awaiting_verdict(connection: Connection) -> None:
    """`onConnect` has decided."""
    if connection.openHandshakeTimeoutCall is not None:
        connection.openHandshakeTimeoutCall.cancel()
        connection.openHandshakeTimeoutCall = None


def await_ping(connection: Connection, delay_s: float) -> None:
    """Let Autobahn ask for the next automatic ping after so many seconds."""
    connection.autoPingPendingCall = connection.factory._batched_timer.call_later(delay_s, connection._sendAutoPing)


def lose(connection: Connection, reason: Failure) -> None:
    """The connection is lost: Autobahn's `connectionLost` without its logs, but for errors of TLS."""
    if not isinstance(reason.value, ConnectionDone) and _is_tls_error(reason.value):
        connection.log.error(_maybe_tls_reason(reason.value))
    connection.factory.countConnections -= 1
    WebSocketProtocol._connectionLost(connection, reason)  # type: ignore[arg-type]


def agree(connection: Connection, agreement: Agreement) -> None:
    """Take over, as the client, what the server has agreed to."""
    connection.websocket_protocol_in_use = agreement.subprotocol
    connection.websocket_version, connection.inside_message, connection.current_frame = VERSION, False, None
    if agreement.deflate is not None:
        begin_deflate(connection, agreement.deflate)
