"""The opening handshake of the server: from the head, which the gate has read, to the 101 answer.

Autobahn's own is not used: it parses once more what is parsed, and formats logs that are off.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial

from autobahn.twisted.websocket import WebSocketServerProtocol
from autobahn.websocket.types import ConnectionDeny, ConnectionRequest
from twisted.internet.defer import Deferred, maybeDeferred, succeed
from twisted.logger import Logger
from twisted.python.failure import Failure
from zope.interface import implementer

from echod.accept.admission import LEAVING
from echod.accept.interfaces import IHeadReceiver, IShutdownAware
from echod.accept.refusing import refuse
from echod.flow.flow_control import Hold
from echod.rules.http.head import Head, Refusal
from echod.rules.websocket.deflate_negotiation import Answer
from echod.rules.websocket.handshake import Acceptance, accept_of, flatten_headers, read_opening
from echod.transport.leaving import leave_for
from echod.transport.raised import Raised
from echod.websocket.autobahn.deflate import negotiate_deflate
from echod.websocket.autobahn.starting import await_verdict, describe_request, open_connection
from echod.websocket.autobahn.state import is_shaking_hands
from echod.websocket.context import ServerContext
from echod.websocket.hooks import Guarded

DENIED = "the endpoint does not accept this connection"
FAILED = "the endpoint failed to answer the handshake"
"""Fixed sentences: what a hook says may hold the client's bytes."""

Verdict = str | tuple[str | None, Mapping[str, object]] | None
"""What `onConnect` gives: the subprotocol to select or None, alone or with headers for the 101 answer."""

log = Logger(namespace="echod.websocket")


@implementer(IHeadReceiver, IShutdownAware)
class ServerOpening(Guarded, WebSocketServerProtocol):  # type: ignore[misc]  # port.py is more exact
    """The beginning and the end of a connection; what is between them is for its subclass.

    Attributes:
        head: the request as it was sent; until the connection is open.
        answer_offer: how permessage-deflate is agreed to; None without compression.
    """

    context: ServerContext
    head: Head | None = None
    answer_offer: Answer | None = None
    has_opened = False
    _request: ConnectionRequest | None = None
    _opening: Deferred[None] | None = None

    def __init__(self) -> None:
        """Nothing: what Autobahn sets here, the class has already, or makes when it is asked for."""

    @property
    def is_open(self) -> Deferred[None]:
        """Fires when the connection has been opened; few ask."""
        if self._opening is None:
            self._opening = succeed(None) if self.has_opened else Deferred()
        return self._opening

    def receive_head(self, head: Head, rest: bytes) -> None:
        self.head, self.data = head, rest
        self._request = describe_request(self, read_opening(head))
        self._ask(self._request)

    def processHandshake(self) -> None:
        """Bytes that come before the verdict of `onConnect` are frames, and wait; without a gate it is a 500."""
        if self.head is None:
            self.refuse(Refusal(ConnectionDeny.INTERNAL_SERVER_ERROR, "no gate has read the request headers"))

    def failHandshake(self, reason: str, code: int = 400, responseHeaders: object = None) -> None:
        """Refuse with this status; `reason` stays here."""
        self.refuse(Refusal(code, DENIED), reason)

    def refuse(self, refusal: Refusal, reason: str = "") -> None:
        """Answer this instead of 101; `reason` is what `onClose` may find out, by default the same."""
        self.wasNotCleanReason = reason or refusal.why
        context, close = self.context, partial(self.dropConnection, abort=False)
        refuse(self.transport, refusal, context.clock, context.counters, close)

    def announce_shutdown(self) -> None:
        """Answer 503 if the handshake is not complete; an open WebSocket gets its Close from the drain."""
        if is_shaking_hands(self):
            self.refuse(LEAVING)

    def answer(self, acceptance: Acceptance) -> bytes:
        """The 101 answer; a subclass may change what it says, or its bytes."""
        return acceptance.render()

    def _ask(self, request: ConnectionRequest) -> None:
        """Call `onConnect`, which may give a Deferred or a coroutine, as Autobahn's documentation says."""
        try:
            verdict = self.onConnect(request)
            if verdict is None or isinstance(verdict, str | tuple):
                self._accept(verdict)
            else:
                self._await(verdict)
        except BaseException:
            # Whatever a hook raises, its client gets an answer.
            self._refuse(Failure())

    def _await(self, verdict: Deferred[Verdict]) -> None:
        """For what is no verdict yet, `maybeDeferred` knows how to wait; nothing more is read meanwhile."""
        waiting: Deferred[Verdict] = maybeDeferred(lambda: verdict)
        if not waiting.called:
            await_verdict(self)
            self.guard.flow.hold(Hold.HANDSHAKE)
            waiting.addBoth(self._read_on)
        waiting.addCallback(self._accept).addErrback(self._refuse)

    def _read_on(self, verdict: Verdict | Failure) -> Verdict | Failure:
        self.guard.flow.release(Hold.HANDSHAKE)
        return verdict

    def _accept(self, verdict: Verdict) -> None:
        """The verdict of `onConnect`: a subprotocol or none, or that and a mapping of headers."""
        if is_shaking_hands(self):
            subprotocol, headers = verdict if isinstance(verdict, tuple) else (verdict, {})
            open_connection(self, self.answer(self._acceptance(subprotocol, headers)))
            self.has_opened = True
            if self._opening is not None:
                self._opening.callback(None)
            if self.data:
                self.consumeData()

    def _acceptance(self, subprotocol: str | None, headers: Mapping[str, object]) -> Acceptance:
        """What is agreed on."""
        assert self._request is not None
        if subprotocol is not None and subprotocol not in self._request.protocols:
            raise ValueError(f"the subprotocol {subprotocol!r} was not offered")
        self.websocket_protocol_in_use = subprotocol
        return Acceptance(
            accept_of(self._request.headers["sec-websocket-key"]),
            subprotocol,
            negotiate_deflate(self, self._request.headers.get("sec-websocket-extensions", ""), self.answer_offer),
            flatten_headers(self.factory.headers) + flatten_headers(headers),
        )

    def _refuse(self, failure: Failure) -> None:
        """`onConnect` has raised: a `ConnectionDeny` with its status, or an error, which is logged and a 500."""
        error, refusal = failure.value, Refusal(ConnectionDeny.INTERNAL_SERVER_ERROR, FAILED)
        if isinstance(error, ConnectionDeny):
            refusal = Refusal(error.code, DENIED)
        else:
            log.failure("a hook of {kind} raised", Raised(failure), kind=type(self).__name__)
            leave_for(self.context.clock, error)
        if is_shaking_hands(self):
            self.refuse(refusal, str(error))
