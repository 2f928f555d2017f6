"""An endpoint for clients that ask for a behaviour: for each of them a protocol of its own, or a refusal."""

from __future__ import annotations

from typing import cast

from twisted.internet.interfaces import IAddress, IProtocolFactory
from twisted.internet.protocol import Factory, Protocol

from echod.behaviours.handshake import refusal_of
from echod.behaviours.protocol import BehavingProtocol
from echod.rules.behaviours.table import Behaviour
from echod.rules.http.head import Refusal
from echod.websocket.factory import EndpointFactory
from echod.websocket.protocol import EchodProtocol


class BehavingEndpoint:
    """Builds what the endpoint's own factory would, with a script around it."""

    def __init__(self, factory: EndpointFactory) -> None:
        self._factory = factory
        self._own: type[EchodProtocol] | None = None

    def accept(self, behaviour: Behaviour) -> IProtocolFactory | Refusal:
        """The factory of the connection that asks for this, or the answer that it asks for."""
        refusal = refusal_of(behaviour) if behaviour.hold == 0 else None
        return refusal or OneConnectionFactory(self, behaviour)

    def build(self, behaviour: Behaviour) -> BehavingProtocol:
        """The protocol of one connection; its class is made once for each `protocol` that the factory is given."""
        own = self._factory.protocol
        if own is not self._own:
            self._own = own
            behaving = cast("type[BehavingProtocol]", type(own.__name__, (BehavingProtocol, own), {}))
            self._kind = self._factory.carry(behaving)
        protocol = self._kind()
        protocol.factory, protocol.behaviour = self._factory, behaviour
        return protocol


class OneConnectionFactory(Factory):
    """Builds the protocol of the one connection that asked for this behaviour."""

    noisy = False

    def __init__(self, endpoint: BehavingEndpoint, behaviour: Behaviour) -> None:
        self._endpoint, self._behaviour = endpoint, behaviour

    def buildProtocol(self, address: IAddress | None) -> Protocol:
        return self._endpoint.build(self._behaviour)
