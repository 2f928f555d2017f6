"""What Autobahn does not document, second part: how a connection of the server begins and ends.

Names used, besides those in internals.py: `_connectionMade`, `_connectionLost`, `_transport_details`, `peer`,
`trafficStats`, `send_queue`, `utf8validator`, `is_closed`, `_results`, `_valid_events`, `tcpNoDelay`,
`openHandshakeTimeout`, `openHandshakeTimeoutCall`, `onOpenHandshakeTimeout`, `perMessageCompressionAccept`,
`inside_message`, `current_frame`, `websocket_version`, `websocket_protocol_in_use`, `websocket_extensions_in_use`;
on its factories: `countConnections`, `headers`.
`tests/websocket/autobahn/test_starting.py` fails when a new Autobahn changes one of them.

Autobahn sets some forty attributes on every connection, each the same, and formats logs that are off.
Here they are attributes of the class, found out from Autobahn itself, and what has to be an object of its own is made
when it is asked for.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from operator import attrgetter
from typing import Any

from autobahn.twisted.util import create_transport_details, peer2str
from autobahn.twisted.websocket import WebSocketServerProtocol
from autobahn.util import _is_tls_error, _maybe_tls_reason
from autobahn.wamp.types import TransportDetails
from autobahn.websocket.compress import PerMessageDeflate, PerMessageDeflateOffer
from autobahn.websocket.protocol import TrafficStats, WebSocketProtocol
from autobahn.websocket.types import ConnectionRequest
from autobahn.websocket.utf8validator import Utf8Validator
from twisted.internet.defer import Deferred
from twisted.internet.error import ConnectionDone
from twisted.internet.interfaces import IDelayedCall, IReactorTime

from echod.rules.http.head import END
from echod.rules.websocket.handshake import Extension, Opening
from echod.websocket.autobahn.closing import attempt

VERSION = 13


class Lazy:
    """An attribute that is made when it is first asked for, and is one of the instance from then on."""

    def __init__(self, make: Callable[[Any], Any]) -> None:
        self._make = make

    def __set_name__(self, owner: type, name: str) -> None:
        self._name = name

    def __get__(self, protocol: Any, owner: type) -> Any:
        value = self._make(protocol)
        setattr(protocol, self._name, value)
        return value


def describe_transport(protocol: Any) -> TransportDetails:
    """Autobahn's view of the transport, whole from the first: asked for late, TLS has shaken hands."""
    details = create_transport_details(protocol.transport, True)
    details.channel_framing = TransportDetails.CHANNEL_FRAMING_WEBSOCKET
    return details


ON_DEMAND: dict[str, Callable[[Any], Any]] = {
    "_results": lambda protocol: dict.fromkeys(protocol._valid_events),
    "_transport_details": describe_transport,
    "is_closed": lambda _: Deferred(),
    "peer": lambda protocol: peer2str(protocol.transport),
    "send_queue": lambda _: deque(),
    "trafficStats": lambda _: TrafficStats(),
    "utf8validator": lambda _: Utf8Validator(),
    "websocket_extensions_in_use": lambda protocol: list(filter(None, [protocol._perMessageCompress])),
}
"""What Autobahn makes for every connection, and few ask for."""

OF_THE_REQUEST = {
    "http_headers": "_request.headers",
    "http_request_host": "_request.host",
    "http_request_params": "_request.params",
    "http_request_path": "_request.path",
    "http_request_uri": "head.target",
    "websocket_extensions": "_request.extensions",
    "websocket_origin": "_request.origin",
    "websocket_protocols": "_request.protocols",
}
"""What Autobahn keeps of a handshake, and where ours has it while it lasts."""


def starting_state(factory: Any) -> dict[str, Any]:
    """What Autobahn gives to a connection at its start, as attributes of a class."""
    probe: Any = WebSocketServerProtocol()
    probe.factory = factory
    probe.openHandshakeTimeout = 0
    WebSocketProtocol._connectionMade(probe)
    mine = set(probe.CONFIG_ATTRS) | ON_DEMAND.keys() | {"factory", "is_open"}
    return {name: value for name, value in vars(probe).items() if name not in mine}


def carry_start(factory: Any, kind: Any) -> Any:
    """The protocol class with everything as its own that is the same for all connections when they start."""
    opened = {"inside_message": False, "current_frame": None}
    spoken = {"websocket_version": VERSION, "websocket_protocol_in_use": None}
    asked = {name: property(attrgetter(source)) for name, source in OF_THE_REQUEST.items()}
    lazy = {name: Lazy(make) for name, make in ON_DEMAND.items()}
    return type(kind.__name__, (kind,), starting_state(factory) | opened | spoken | asked | lazy)


def start(protocol: Any) -> None:
    """The connection is made: what is left of Autobahn's `connectionMade`."""
    protocol.factory.countConnections += 1
    try:
        protocol.transport.setTcpNoDelay(protocol.tcpNoDelay)
    except (AttributeError, OSError):
        # A local socket has no such option, and a transport in memory no such method.
        return


def describe_request(protocol: Any, opening: Opening) -> ConnectionRequest:
    """What `onConnect` is to get."""
    return ConnectionRequest(
        protocol.peer,
        opening.headers,
        opening.host,
        opening.path,
        opening.params,
        VERSION,
        opening.origin,
        opening.protocols,
        opening.extensions,
    )


def negotiate_deflate(protocol: Any, offered: list[Extension]) -> str:
    """Agree on permessage-deflate where that is offered and wanted; what to answer, or nothing."""
    offers = [offer for name, parameters in offered if (offer := read_offer(name, parameters)) is not None]
    accepted = protocol.perMessageCompressionAccept(offers) if offers else None
    if accepted is None:
        return ""
    protocol._perMessageCompress = PerMessageDeflate.create_from_offer_accept(True, accepted)
    return str(accepted.get_extension_string())


def read_offer(name: str, parameters: Any) -> PerMessageDeflateOffer | None:
    """An offer of permessage-deflate; None for any other, and for one that must be declined (RFC 7692, 7.1)."""
    if name != PerMessageDeflateOffer.EXTENSION_NAME:
        return None
    try:
        offer: PerMessageDeflateOffer = PerMessageDeflateOffer.parse(parameters)
        return offer
    except Exception:  # Autobahn raises no narrower class for a parameter that cannot be.
        return None


def await_verdict(protocol: Any) -> None:
    """Whoever decides on a connection has as long as the peer had for its head."""
    wait = protocol.factory._batched_timer.call_later
    protocol.openHandshakeTimeoutCall = wait(protocol.openHandshakeTimeout, protocol.onOpenHandshakeTimeout)


def open_connection(protocol: Any, answer: bytes) -> None:
    """The handshake is accepted: answer, and from now on there are messages."""
    protocol.sendData(answer)
    protocol.state = WebSocketProtocol.STATE_OPEN
    stop_awaiting_verdict(protocol)
    if protocol.autoPingInterval:
        wait = protocol.factory._batched_timer.call_later
        protocol.autoPingPendingCall = wait(protocol.autoPingInterval, protocol._sendAutoPing)
    attempt(protocol, protocol.onOpen)


def stop_awaiting_verdict(protocol: Any) -> None:
    if protocol.openHandshakeTimeoutCall is not None:
        protocol.openHandshakeTimeoutCall.cancel()
        protocol.openHandshakeTimeoutCall = None


def lose(protocol: Any, reason: Any) -> None:
    """The connection is lost: Autobahn's `connectionLost` without its logs, but for errors of TLS."""
    if not isinstance(reason.value, ConnectionDone) and _is_tls_error(reason.value):
        protocol.log.error(_maybe_tls_reason(reason.value))
    protocol.factory.countConnections -= 1
    WebSocketProtocol._connectionLost(protocol, reason)


class Timer:
    """What Autobahn asks for time: the clock that was handed in, exactly, instead of buckets on the global reactor."""

    def __init__(self, clock: IReactorTime) -> None:
        self._clock = clock

    def call_later(self, delay: float, function: Callable[..., Any], *args: Any, **kwargs: Any) -> IDelayedCall:
        return self._clock.callLater(delay, function, *args, **kwargs)


def use_clock(factory: Any, clock: IReactorTime) -> None:
    """Let the timers of every protocol that this factory builds run on `clock`."""
    factory._batched_timer = Timer(clock)


def answer_of(protocol: Any) -> tuple[str, dict[str, str], bytes]:
    """Status line and headers of the server's answer, as far as they were understood, and what came behind them."""
    body = protocol.data.partition(END)[2]
    return getattr(protocol, "http_status_line", ""), getattr(protocol, "http_headers", {}), body


def carry_options(factory: Any, kind: Any, **more: Any) -> Any:
    """The protocol class with the factory's options, and with `more`, as its own attributes.

    Autobahn would copy some thirty of them onto every connection, which costs 2 KiB each.
    """
    options = {name: getattr(factory, name) for name in kind.CONFIG_ATTRS}
    # As an attribute of a class a function would become a method.
    options["perMessageCompressionAccept"] = staticmethod(options["perMessageCompressionAccept"])
    return type(kind.__name__, (kind,), {**options, **more})
