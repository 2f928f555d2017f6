"""The protocol behind `publish_websocket`: an endpoint made of callbacks."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from autobahn.websocket.types import ConnectionDeny, ConnectionRequest
from twisted.internet.defer import Deferred
from twisted.logger import Logger

from echod.api.callbacks import Callbacks
from echod.api.contract import Contract, Door, walk_in
from echod.api.conversation import Conversation
from echod.rules.http.head import origin_form
from echod.websocket.autobahn.closing import close_of
from echod.websocket.autobahn.state import State, is_secure, state_of
from echod.websocket.context import ServerContext
from echod.websocket.factory import EndpointFactory
from echod.websocket.protocol import EchodProtocol

log = Logger()

Headers = Mapping[str, str]
Authorize = Callable[[Contract], Any]

REFUSALS = range(300, 600)
"""The statuses that `authorize` may give."""


@dataclass(frozen=True, slots=True)
class Publication:
    """What is published on a path, beyond the callbacks' limits and options that every endpoint has."""

    callbacks: Callbacks = field(default_factory=Callbacks)
    subprotocols: tuple[str, ...] = ()
    """Spoken here, the preferred first."""
    authorize: Authorize | None = None
    headers: Headers = field(default_factory=dict)
    """Added to the 101 answer."""
    door: Door = walk_in


class PublishedProtocol(EchodProtocol):
    """Tells a conversation what happens to the connection."""

    factory: PublishedFactory
    contract: Contract

    def connectionMade(self) -> None:
        super().connectionMade()
        factory = self.factory
        self.contract = Contract(self, factory.reactor, factory.publication.door)
        waiting = factory.context.limits.waiting_messages
        self.conversation = Conversation(self, self.contract, factory.publication.callbacks, self.guard.flow, waiting)

    def readConnectionLost(self) -> None:
        """The client has closed its direction, but may still wait for replies, as long as there can be any."""
        if state_of(self) is State.OPEN:
            self.conversation.end_input(self.guard.end_input)
        else:
            super().readConnectionLost()

    def onConnect(self, request: ConnectionRequest) -> Any:
        self.contract.subprotocol = super().onConnect(request)
        self.introduce(request)
        if self.factory.publication.authorize is None:
            return self.admission
        return Deferred.fromCoroutine(self.authorize(self.factory.publication.authorize))

    def onOpen(self) -> None:
        super().onOpen()
        self.conversation.opened()

    def onMessage(self, payload: bytes, is_binary: bool) -> None:
        self.conversation.received(payload, is_binary)

    def sendPing(self, payload: bytes | None = None) -> None:
        self.contract.note_ping(payload or b"")
        super().sendPing(payload)

    def onPong(self, payload: bytes) -> None:
        self.contract.take_pong(payload)

    def onClose(self, was_clean: bool, code: int | None, reason: str | None) -> None:
        super().onClose(was_clean, code, reason)
        if self.has_opened:
            self.conversation.closed(*close_of(self, was_clean))
        else:
            self.contract.end_unopened()

    def select_subprotocol(self, offered: list[str]) -> str | None:
        """The first of ours that the client offers, or none."""
        return next((name for name in self.factory.publication.subprotocols if name in offered), None)

    @property
    def admission(self) -> tuple[str | None, Headers]:
        return self.contract.subprotocol, self.factory.publication.headers

    def introduce(self, request: ConnectionRequest) -> None:
        """Let the contract know who asks for what."""
        assert self.head is not None
        scheme, target = "wss" if is_secure(self) else "ws", origin_form(self.head.target)
        self.contract.uri = f"{scheme}://{request.headers['host']}{target}"
        self.contract.path = target.partition("?")[0]
        self.contract.peer = self.peer_name
        self.contract.request_headers = request.headers

    async def authorize(self, authorize: Authorize) -> tuple[str | None, Headers]:
        """Ask, and wait."""
        verdict = await self.ask(authorize)
        if verdict is not True or state_of(self) is not State.CONNECTING:
            raise ConnectionDeny(int(verdict) if verdict in REFUSALS else 403)
        return self.admission

    async def ask(self, authorize: Authorize) -> Any:
        """The verdict: True, or anything else; an int is the status of the refusal. To raise is a 500."""
        try:
            verdict = authorize(self.contract)
            return await verdict if inspect.isawaitable(verdict) else verdict
        except Exception:
            log.failure("authorize of {path} raised", path=self.contract.path)
            return 500


class PublishedFactory(EndpointFactory):
    """The endpoint of one publication."""

    protocol = PublishedProtocol

    def __init__(self, context: ServerContext, publication: Publication) -> None:
        super().__init__(context)
        self.publication = publication
