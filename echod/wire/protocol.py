"""The WebSocket protocols of the server: Autobahn's, guarded, and the three echoes on top.

A behaviour overrides `onMessage` and calls `sendMessage`, as every Autobahn program does.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from autobahn.twisted.websocket import WebSocketServerFactory, WebSocketServerProtocol
from autobahn.websocket.types import ConnectionRequest
from twisted.internet.interfaces import IHalfCloseableProtocol, IReactorTime
from zope.interface import implementer

from echod.rules.answer import SERVER, render
from echod.rules.echo import Mode, step
from echod.rules.head import Refusal
from echod.settings import Limits
from echod.state import ModeStore
from echod.state.memory import MemoryModeStore
from echod.wire import trace
from echod.wire.budget import Budget
from echod.wire.connections import Connections
from echod.wire.guard import Guard, outer_limit
from echod.wire.internals import (
    Quiet,
    State,
    accept_deflate,
    carry_options,
    close_of,
    decline,
    drop_transport,
    fail_connection,
    forget_handshake,
    is_shaking_hands,
    join_offers,
    keep_usable_offers,
    open_guarded,
    ping_when_silent,
    receive_guarded,
    send_whole,
    state_of,
    trace_frames,
    use_clock,
)
from echod.wire.peers import peer_name

Rule = Callable[[bytes, bool], bytes]
"""What an endpoint replies to a message: payload, and whether it is binary."""


@implementer(IHalfCloseableProtocol)
class EchodProtocol(WebSocketServerProtocol):
    """One server-side connection. Subclasses say what a message does; everything else is settled here."""

    log = Quiet()
    factory: EndpointFactory
    transport: Any
    logFrames: bool
    guard: Guard
    _closeConnection = drop_transport
    _fail_connection = fail_connection
    _sendAutoPing = ping_when_silent
    _onOpen = open_guarded
    _onMessage = receive_guarded

    def connectionMade(self) -> None:
        self.guard = Guard(self, self.factory.reactor, self.factory.limits, self.factory.budget)
        super().connectionMade()

    def dataReceived(self, data: bytes) -> None:
        """After the end, and after a violation, nothing is kept or parsed."""
        if state_of(self) is not State.CLOSED:
            self.guard.hear()
            super().dataReceived(data)

    def consumeData(self) -> None:
        if is_shaking_hands(self):
            super().consumeData()
        else:
            self.guard.work()

    def readConnectionLost(self) -> None:
        self.guard.end_input()

    def writeConnectionLost(self) -> None:
        """Our own doing: the peer's side is waited for."""

    def processHandshake(self) -> None:
        join_offers(self)
        super().processHandshake()

    def onConnect(self, request: ConnectionRequest) -> Any:
        """Before the 101 answer: the subprotocol to select, or a Deferred of it."""
        keep_usable_offers(self)
        if self.logFrames:
            trace.trace_handshake(self.peer_name, self.http_request_uri, request.headers)
        return self.select_subprotocol(request.protocols)

    def onOpen(self) -> None:
        self.guard.open()
        forget_handshake(self)
        self.factory.connections.join(self)

    def onClose(self, was_clean: bool, code: int | None, reason: str | None) -> None:
        self.guard.lost()
        self.factory.connections.leave(self)
        if self.logFrames:
            trace.trace_close(self.peer_name, *close_of(self, was_clean))

    @property
    def peer_name(self) -> str:
        """Asked for when it is needed: behind a proxy the transport learns the client's address late."""
        return peer_name(self.transport.getPeer())

    def select_subprotocol(self, offered: list[str]) -> str | None:
        """The first that the client offers: some clients refuse a server that selects none."""
        return next(filter(None, offered), None)

    def sendMessage(
        self,
        payload: bytes,
        isBinary: bool = False,
        fragmentSize: int | None = None,
        sync: bool = False,
        doNotCompress: bool = False,
    ) -> None:
        """As Autobahn's, but silent when the connection is not open, and without the limit for what comes in.

        A reply may be larger than its message, and a peer may vanish before it: both are normal.
        One frame whatever its size; to choose the frames there are `beginMessage` and `sendMessageFrame`.
        """
        send_whole(self, payload, isBinary, may_deflate=not doNotCompress, sync=sync)

    def failHandshake(self, reason: str, code: int = 400, responseHeaders: Any = None) -> None:
        """What the gate let through and Autobahn will not have: our fixed answer, without the client's bytes."""
        self.wasNotCleanReason = reason
        self.sendData(render(Refusal(code, "the opening handshake is not valid")))
        self.dropConnection(abort=False)

    def onMessageFrameBegin(self, length: int) -> None:
        super().onMessageFrameBegin(length)
        self.guard.begin_fragment(length)

    def onMessageFrameData(self, payload: bytes) -> None:
        super().onMessageFrameData(payload)
        self.guard.take(len(payload))

    def onMessageEnd(self) -> None:
        self.guard.end_message()
        super().onMessageEnd()

    def sendCloseFrame(self, code: int | None = None, reasonUtf8: bytes | None = None, isReply: bool = False) -> None:
        super().sendCloseFrame(code, reasonUtf8, isReply)
        if not isReply:
            self.guard.await_close()

    def onAutoPingTimeout(self) -> None:
        if self.guard.ping_timed_out():
            super().onAutoPingTimeout()

    def logRxFrame(self, frame: Any, parts: Any) -> None:
        trace.trace_frame(self.peer_name, "received", frame, trace.join(parts))

    def logTxFrame(self, frame: Any, payload: bytes, *_: object) -> None:
        trace.trace_frame(self.peer_name, "sent", frame, payload)


class Echo(EchodProtocol):
    """The plain echo: type and bytes come back."""

    def onMessage(self, payload: bytes, is_binary: bool) -> None:
        self.sendMessage(payload, is_binary)


class SimpleEcho(EchodProtocol):
    """The note's simple server: one mode for all clients."""

    factory: SimpleEchoFactory

    def onMessage(self, payload: bytes, is_binary: bool) -> None:
        self.sendMessage(reply_by(self.factory.store, payload, is_binary), is_binary)


class MultiEcho(EchodProtocol):
    """The note's multi server: a mode for each connection, gone with it."""

    mode = Mode.OFF

    def onMessage(self, payload: bytes, is_binary: bool) -> None:
        self.sendMessage(reply_by(self, payload, is_binary), is_binary)


def reply_unchanged(payload: bytes, _is_binary: bool) -> bytes:
    """The plain echo."""
    return payload


def reply_by(store: ModeStore, payload: bytes, is_binary: bool) -> bytes:
    """The reply to a message by the mode in `store`, which may change it; Autobahn has validated the UTF-8."""
    if is_binary:
        return payload
    store.mode, reply = step(store.mode, payload.decode())
    return reply.encode()


class EndpointFactory(WebSocketServerFactory):
    """Builds the protocols of one published path."""

    noisy = False
    protocol: Any = Echo

    def __init__(
        self,
        clock: IReactorTime,
        connections: Connections,
        limits: Limits,
        *,
        budget: Budget | None = None,
        compression: bool = True,
        debug: bool = False,
    ) -> None:
        super().__init__(server=SERVER, reactor=clock)
        self.connections = connections
        self.limits = limits
        self.budget = budget or Budget(limits.unfinished_bytes)
        use_clock(self, clock)
        trace_frames(self, debug)
        self.setProtocolOptions(**protocol_options(limits, compression))
        self.protocol = carry_options(self, self.protocol)

    def make_rule(self) -> Rule:
        """The replies of this endpoint to one client, for protocols other than its own."""
        return reply_unchanged


class SimpleEchoFactory(EndpointFactory):
    """The endpoint of the simple server: its connections share the mode in `store`."""

    protocol = SimpleEcho

    def __init__(self, store: ModeStore, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.store = store

    def make_rule(self) -> Rule:
        return partial(reply_by, self.store)


class MultiEchoFactory(EndpointFactory):
    """The endpoint of the multi server."""

    protocol = MultiEcho

    def make_rule(self) -> Rule:
        return partial(reply_by, MemoryModeStore())


def protocol_options(limits: Limits, compression: bool) -> dict[str, Any]:
    """Autobahn's options. Origins are checked before a handshake gets here, so all of them pass."""
    return {
        "versions": [13],
        "webStatus": False,
        "failByDrop": False,
        "echoCloseCodeReason": True,
        "allowedOrigins": ["*"],
        # Any call of setProtocolOptions() resets this one to False.
        "allowNullOrigin": True,
        "openHandshakeTimeout": limits.head_timeout_s,
        "closeHandshakeTimeout": limits.close_timeout_s,
        # The guard counts what a message is inflated to; Autobahn counts its compressed form, and may cut it short.
        "maxMessagePayloadSize": outer_limit(limits.max_message_bytes),
        "autoPingInterval": limits.ping_interval_s,
        "autoPingTimeout": limits.ping_timeout_s,
        "perMessageCompressionAccept": accept_deflate if compression else decline,
    }
