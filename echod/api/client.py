"""The client: Autobahn's client protocol, guarded, and `connect`, which opens one WebSocket."""

from __future__ import annotations

import os
from base64 import b64encode
from dataclasses import dataclass, field, replace
from http import HTTPStatus
from typing import NoReturn, cast

from autobahn.twisted.websocket import WebSocketClientFactory, WebSocketClientProtocol
from autobahn.websocket.protocol import FrameHeader
from twisted.internet.defer import Deferred, fail
from twisted.internet.endpoints import wrapClientTLS
from twisted.internet.error import ConnectError, DNSLookupError
from twisted.internet.interfaces import IReactorTime, IStreamClientEndpoint
from twisted.internet.protocol import connectionDone
from twisted.python.failure import Failure

from echod.api.arguments import Callbacks, Headers
from echod.api.connecting import lost_before_open, refused, tell_refused
from echod.api.contract import Contract
from echod.api.conversation import Conversing
from echod.api.trust import Trust, make_tls
from echod.errors import TLS_MISSING, ConnectFailed, NotWebSocket, OpenFailed, OpenTimeout
from echod.rules.http.answer import Answer, AnswerReader, BadAnswer
from echod.rules.http.uri import Address
from echod.rules.websocket.client_handshake import Request, read_agreement
from echod.rules.websocket.deflate_negotiation import OFFERED
from echod.rules.websocket.frames import BINARY, MASK_BYTES, TEXT, encode_head, take_unmasked
from echod.settings import Limits
from echod.transport.hostname import NameEndpoint
from echod.transport.interfaces import Reactor
from echod.websocket import trace
from echod.websocket.autobahn.closing import close_of
from echod.websocket.autobahn.deflate import send_whole
from echod.websocket.autobahn.port import AutobahnFactory, Timer
from echod.websocket.autobahn.starting import agree, enter_open
from echod.websocket.context import make_context
from echod.websocket.factory import protocol_options
from echod.websocket.masking import APPLY_MASK

KEY_BYTES = 16
"""RFC 6455, 4.1."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What to open, and how."""

    address: Address
    callbacks: Callbacks = field(default_factory=Callbacks)
    subprotocols: tuple[str, ...] = ()
    origin: str | None = None
    headers: Headers = field(default_factory=dict)
    compression: bool = True
    debug: bool = False
    limits: Limits = field(default_factory=Limits)

    def request(self) -> Request:
        """The request of one attempt, with a key of its own (RFC 6455, 4.1)."""
        key = b64encode(os.urandom(KEY_BYTES)).decode()
        resource, host = self.address.resource, self.address.host_header
        extensions = OFFERED if self.compression else ""
        return Request(resource, host, key, self.origin, self.subprotocols, extensions, self.headers)


class ClientProtocol(Conversing, WebSocketClientProtocol):  # type: ignore[misc]  # port.py is more exact
    """One client-side connection. `opened` fires with its contract, or fails with `OpenFailed`."""

    factory: ClientFactory
    take = staticmethod(take_unmasked)
    is_masked = False
    leaves_frames = True

    def __init__(self) -> None:
        super().__init__()
        self.opened: Deferred[Contract] = Deferred(lambda _: self.transport.abortConnection())

    def connectionMade(self) -> None:
        plan = self.factory.plan
        self.max_message_bytes = plan.limits.max_message_bytes
        self.guard_with(self.factory.context)
        self.start_conversation(plan.callbacks, self.factory.context)
        self.contract.uri, self.contract.path = plan.address.uri, plan.address.path
        self.contract.request_headers = {name.lower(): value for name, value in plan.headers.items()}
        self.contract.peer = self.peer_name
        self.answers = AnswerReader(plan.limits.max_header_bytes)
        super().connectionMade()

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        super().connectionLost(reason)
        self.fail_opening(lost_before_open(self.factory.plan.address.uri, reason))

    def startHandshake(self) -> None:
        """Autobahn's own would name a default port, and send some fields twice."""
        self.request = self.factory.plan.request()
        self.sendData(self.request.render())

    def processHandshake(self) -> None:
        """The server's answer, as far as it has come."""
        received, self.data = self.data, b""
        try:
            answer = self.answers.feed(received)
            if answer is not None:
                self.judge(answer)
        except BadAnswer as error:
            self.fail_opening(NotWebSocket(self.contract.uri, str(error)))

    def judge(self, answer: Answer) -> None:
        """What follows a good 101 are frames, and what follows another answer is its body."""
        rest = self.answers.rest
        if answer.status != HTTPStatus.SWITCHING_PROTOCOLS:
            self.fail_opening(refused(self.contract.uri, answer, rest))
            return
        try:
            agree(self, read_agreement(answer, self.request))
        except BadAnswer as error:
            raise BadAnswer(f"the handshake is wrong: {error}") from error
        self.begin(answer.joined(), rest)

    def begin(self, headers: dict[str, str], rest: bytes) -> None:
        """The handshake is complete."""
        self.contract.subprotocol, self.contract.response_headers = self.websocket_protocol_in_use, headers
        if self.logFrames:
            trace.trace_handshake(self.contract.peer, self.contract.uri, headers)
        self.data = rest
        self.is_open.callback(None)
        enter_open(self)
        if self.data:
            self.consumeData()

    def fail_opening(self, error: OpenFailed) -> None:
        """Fail `opened`, once, and abort the connection."""
        if not self.opened.called:
            self.opened.errback(error)
            self.dropConnection(abort=True)

    def onOpen(self) -> None:
        self.guard.open()
        self.conversation.opened()
        self.opened.callback(self.contract)

    def onCloseFrame(self, code: int | None, reason: bytes | None) -> bool | None:
        """The server is to close TCP now (RFC 6455, 7.1.1); if it does not within close_timeout, it is aborted."""
        result = super().onCloseFrame(code, reason)
        self.guard.await_close()
        self.stop_receiving()
        return result

    def onClose(self, was_clean: bool, code: int | None, reason: str | None) -> None:
        if self.is_open.called:
            if self.logFrames:
                trace.trace_close(self.contract.peer, *close_of(self, was_clean))
            self.conversation.lost(*close_of(self, was_clean), was_open=True)

    def sendMessage(self, payload: bytes, isBinary: bool = False, *_: object, **__: object) -> None:
        """Silent when the connection is not open; the limit for what comes in does not apply."""
        send_whole(self, payload, isBinary)

    def sendFrame(
        self, opcode: int, payload: bytes = b"", fin: bool = True, rsv: int = 0, *_: object, **__: object
    ) -> None:
        """As Autobahn's, with masks that cannot be foreseen (RFC 6455, 5.3)."""
        mask = os.urandom(MASK_BYTES)
        if self.logFrames:
            self.logTxFrame(FrameHeader(opcode, fin, rsv, len(payload), mask.hex()), payload)
        pieces = encode_head(opcode, len(payload), fin=fin, rsv=rsv, mask=mask), APPLY_MASK(payload, mask)
        replies = self.fast_path.replies
        if replies is None or opcode not in (TEXT, BINARY):
            self.sendData(b"".join(pieces))
        else:
            replies += pieces


class ClientFactory(AutobahnFactory, WebSocketClientFactory):
    """Builds the one protocol of one plan."""

    noisy = False
    protocol = ClientProtocol

    def __init__(self, reactor: IReactorTime, plan: Plan) -> None:
        super().__init__(reactor=reactor, protocols=list(plan.subprotocols))
        self.plan = plan
        self.context = make_context(reactor, replace(plan.limits, max_unfinished_bytes=0))
        self._batched_timer = Timer(reactor)
        self.logFrames = plan.debug
        options = protocol_options(plan.limits) | {
            # Both are timed by open_timeout_s and onCloseFrame, on the clock that was handed in.
            "openHandshakeTimeout": 0,
            "serverConnectionDropTimeout": 0,
        }
        self.setProtocolOptions(**options)


def open_plan(reactor: Reactor, plan: Plan, tls: Trust) -> Deferred[Contract]:
    """Open one WebSocket as planned; `tls` as in `open_websocket`."""
    uri, host = plan.address.uri, plan.address.host
    endpoint = NameEndpoint(reactor, host, plan.address.port)
    if not plan.address.secure:
        return connect(endpoint, reactor, plan)
    try:
        creator = make_tls(host, tls)
    except ImportError:
        return fail(ConnectFailed(uri, TLS_MISSING))
    return connect(wrapClientTLS(creator, endpoint), reactor, plan).addErrback(tell_refused, uri, creator)


def connect(endpoint: IStreamClientEndpoint, reactor: IReactorTime, plan: Plan) -> Deferred[Contract]:
    """Open one WebSocket: the Deferred fires with its contract once the handshake is complete.

    It fails with `OpenFailed`; with `OpenTimeout` `plan.limits.open_timeout_s` seconds from now.
    """
    opening = Deferred.fromCoroutine(_open(endpoint, reactor, plan))

    def timed_out(_: object, seconds: float) -> NoReturn:
        raise OpenTimeout(plan.address.uri, f"not open within {seconds:g} seconds")

    return opening.addTimeout(plan.limits.open_timeout_s, reactor, timed_out)


async def _open(endpoint: IStreamClientEndpoint, reactor: IReactorTime, plan: Plan) -> Contract:
    try:
        protocol = cast("ClientProtocol", await endpoint.connect(ClientFactory(reactor, plan)))
    except (ConnectError, DNSLookupError, ValueError) as error:
        # A ValueError is raised by the endpoint for a name that cannot be looked up.
        raise ConnectFailed(plan.address.uri, f"cannot connect: {error}") from error
    return await protocol.opened
