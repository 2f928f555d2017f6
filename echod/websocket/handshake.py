"""The opening handshake of the server: from the head, which the gate has read, to the 101 answer.

Autobahn's own is not used: it parses once more what is parsed, and formats logs that are off.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from autobahn.twisted.websocket import WebSocketServerProtocol
from autobahn.websocket.types import ConnectionDeny, ConnectionRequest
from twisted.internet.defer import Deferred, maybeDeferred, succeed
from twisted.internet.protocol import connectionDone
from twisted.logger import Logger
from twisted.python.failure import Failure
from zope.interface import implementer

from echod.accept.admission import LEAVING
from echod.accept.interfaces import IHeadReceiver
from echod.rules.http.head import Head, Refusal
from echod.rules.http.response import render
from echod.rules.websocket.handshake import Acceptance, accept_of, flatten_headers, read_opening
from echod.websocket.autobahn.starting import (
    await_verdict,
    describe_request,
    lose,
    negotiate_deflate,
    open_connection,
    start,
)
from echod.websocket.autobahn.state import is_shaking_hands
from echod.websocket.context import ServerContext
from echod.websocket.hooks import Guarded

THINKING = "thinking"
"""The reason to stop reading while `onConnect` decides."""

log = Logger(namespace="echod.websocket")


@implementer(IHeadReceiver)
class ServerOpening(Guarded, WebSocketServerProtocol):  # type: ignore[misc]  # port.py is more exact
    """The beginning and the end of a connection; what is between them is for its subclass.

    Attributes:
        head: the request as it was sent; until the connection is open.
    """

    context: ServerContext
    head: Head | None = None
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

    def connectionMade(self) -> None:
        start(self)

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        lose(self, reason)

    def receive_head(self, head: Head, rest: bytes) -> None:
        self.head = head
        self.data = rest
        opening = read_opening(head)
        if isinstance(opening, Refusal):
            self.failHandshake(opening.why)
        else:
            self._request = describe_request(self, opening)
            self._ask(self._request)

    def processHandshake(self) -> None:
        """Bytes that come while `onConnect` is thinking are frames, and wait; without a gate nothing is spoken."""
        if self.head is None:
            self.failHandshake("no gate has read the head", ConnectionDeny.INTERNAL_SERVER_ERROR)

    def failHandshake(self, reason: str, code: int = 400, responseHeaders: Any = None) -> None:
        """What the gate let through and is not a good handshake: our fixed answer, without the client's bytes."""
        self.turn_away(Refusal(code, "the opening handshake is not valid"), reason)

    def turn_away(self, refusal: Refusal, reason: str) -> None:
        """Answer this instead of 101."""
        self.wasNotCleanReason = reason
        self.context.counters.count(refusal.counted_as)
        assert self.transport is not None
        self.transport.write(render(refusal))
        self.dropConnection(abort=False)

    def announce_shutdown(self) -> None:
        """The server is going away: whoever is not open yet is told so; the others are told by who asked for it."""
        if is_shaking_hands(self):
            self.turn_away(LEAVING, LEAVING.why)

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
        except Exception:
            # Whatever a hook raises, its client gets an answer.
            self._refuse(Failure())

    def _await(self, verdict: Any) -> None:
        """For what is no verdict yet, `maybeDeferred` knows how to wait; nothing more is read meanwhile."""
        waiting: Deferred[Any] = maybeDeferred(lambda: verdict)
        if not waiting.called:
            await_verdict(self)
            self.guard.flow.hold(THINKING)
            waiting.addBoth(self._read_on)
        waiting.addCallback(self._accept).addErrback(self._refuse)

    def _read_on(self, verdict: Any) -> Any:
        self.guard.flow.release(THINKING)
        return verdict

    def _accept(self, verdict: Any) -> None:
        """The verdict of `onConnect`: a subprotocol or none, or that and a mapping of headers."""
        if is_shaking_hands(self):
            subprotocol, headers = verdict if isinstance(verdict, tuple) else (verdict, {})
            open_connection(self, self.answer(self._acceptance(subprotocol, headers)))
            self.has_opened = True
            if self._opening is not None:
                self._opening.callback(None)
            if self.data:
                self.consumeData()

    def _acceptance(self, subprotocol: str | None, headers: Mapping[str, Any]) -> Acceptance:
        """What is agreed on."""
        assert self._request is not None
        if subprotocol is not None and subprotocol not in self._request.protocols:
            raise ValueError(f"the subprotocol {subprotocol!r} was not offered")
        self.websocket_protocol_in_use = subprotocol
        return Acceptance(
            accept_of(self._request.headers["sec-websocket-key"]),
            subprotocol,
            negotiate_deflate(self, self._request.extensions),
            flatten_headers(self.factory.headers) + flatten_headers(headers),
        )

    def _refuse(self, failure: Failure) -> None:
        """`onConnect` has raised: a `ConnectionDeny`, or what it should not."""
        error, code = failure.value, ConnectionDeny.INTERNAL_SERVER_ERROR
        if isinstance(error, ConnectionDeny):
            code = error.code
        else:
            log.failure("a hook of {kind} raised", failure, kind=type(self).__name__)
        if is_shaking_hands(self):
            self.failHandshake(str(error), code)
