"""The protocol behind `publish_websocket`: an endpoint made of callbacks."""

from __future__ import annotations

import inspect
from dataclasses import dataclass, field

from autobahn.websocket.types import ConnectionDeny, ConnectionRequest
from twisted.internet.defer import Deferred
from twisted.logger import Logger
from twisted.python.failure import Failure

from echod.api.arguments import Authorize, Callbacks, Headers
from echod.api.contract import Contract
from echod.api.conversation import Conversing
from echod.errors import CloseCode
from echod.rules.http.head import authority_of, origin_form
from echod.transport.leaving import leave_for
from echod.transport.raised import Raised
from echod.websocket.autobahn.closing import close_of
from echod.websocket.autobahn.state import State, state_of
from echod.websocket.context import ServerContext
from echod.websocket.factory import EndpointFactory
from echod.websocket.protocol import EchodProtocol

log = Logger()

Admission = tuple[str | None, Headers]
"""Subprotocol and additional headers of the 101 answer."""


@dataclass(frozen=True, slots=True)
class Publication:
    """The callbacks of a published path, and its options beyond those that every endpoint has."""

    callbacks: Callbacks = field(default_factory=Callbacks)
    subprotocols: tuple[str, ...] = ()
    """Spoken here, the preferred first."""
    authorize: Authorize | None = None
    headers: Headers = field(default_factory=dict)
    """Added to the 101 answer."""


class PublishedProtocol(Conversing, EchodProtocol):  # type: ignore[misc]  # port.py is more exact
    """One connection to a published endpoint."""

    factory: PublishedFactory

    def connectionMade(self) -> None:
        super().connectionMade()
        self.start_conversation(self.factory.publication.callbacks, self.factory.context)

    def readConnectionLost(self) -> None:
        """The client has closed its direction, but may still wait for replies, as long as there can be any."""
        if state_of(self) is State.OPEN:
            self.conversation.end_input(self.guard.end_input)
        else:
            super().readConnectionLost()

    def onConnect(self, request: ConnectionRequest) -> Admission | Deferred[Admission]:  # type: ignore[override]
        assert self.head is not None
        scheme, target = "wss" if self.transport_details.is_secure else "ws", origin_form(self.head.target)
        self.contract.uri = f"{scheme}://{authority_of(self.head)}{target}"
        self.contract.path = target.partition("?")[0]
        self.contract.peer = self.peer_name
        self.contract.request_headers = request.headers
        self.contract.subprotocol = super().onConnect(request)
        publication = self.factory.publication
        if publication.authorize is None:
            return self.contract.subprotocol, publication.headers
        verdict = Deferred.fromCoroutine(ask(publication.authorize, self.contract))
        return verdict.addErrback(self._authorize_raised).addCallback(self._admit)

    def onOpen(self) -> None:
        super().onOpen()
        self.conversation.opened()

    def onClose(self, was_clean: bool, code: int | None, reason: str | None) -> None:
        super().onClose(was_clean, code, reason)
        end = close_of(self, was_clean) if self.has_opened else (CloseCode.ABNORMAL, "")
        self.conversation.lost(*end, was_open=self.has_opened)

    def select_subprotocol(self, offered: list[str]) -> str | None:
        """The first of ours that the client offers, or none."""
        return next((name for name in self.factory.publication.subprotocols if name in offered), None)

    def _admit(self, verdict: object) -> Admission:
        """True accepts, an int is the status of the refusal, all else is 403."""
        if verdict is not True or state_of(self) is not State.CONNECTING:
            raise ConnectionDeny(int(verdict) if isinstance(verdict, int) and 300 <= verdict < 600 else 403)
        return self.contract.subprotocol, self.factory.publication.headers

    def _authorize_raised(self, failure: Failure) -> int:
        log.failure("authorize of {path} raised", Raised(failure), path=self.contract.path)
        leave_for(self.context.clock, failure.value)
        return ConnectionDeny.INTERNAL_SERVER_ERROR


async def ask(authorize: Authorize, contract: Contract) -> object:
    """The verdict, which may have to be waited for."""
    verdict = authorize(contract)
    return await verdict if inspect.isawaitable(verdict) else verdict


class PublishedFactory(EndpointFactory):
    """The endpoint of one publication."""

    protocol = PublishedProtocol

    def __init__(self, context: ServerContext, publication: Publication) -> None:
        super().__init__(context)
        self.publication = publication
