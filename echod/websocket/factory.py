"""The factories of endpoints: one for each published path, with what its connections have in common."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from autobahn.twisted.websocket import WebSocketServerFactory
from twisted.internet.interfaces import IAddress

from echod.rules.behaviours.names import list_nothing
from echod.rules.http.response import SERVER
from echod.rules.websocket.deflate_negotiation import accept
from echod.settings import Limits
from echod.websocket.autobahn.port import AutobahnFactory, Timer
from echod.websocket.autobahn.starting import carry
from echod.websocket.context import ServerContext
from echod.websocket.fast_path import may_be_plain
from echod.websocket.protocol import Echo, EchodProtocol

Kind = TypeVar("Kind", bound=EchodProtocol)


class EndpointFactory(AutobahnFactory, WebSocketServerFactory):
    """Builds the protocols of one published path."""

    noisy = False
    protocol: type[EchodProtocol] = Echo
    _carried: type[EchodProtocol] | None = None

    def __init__(self, context: ServerContext) -> None:
        super().__init__(server=SERVER, reactor=context.clock)
        self.context = context
        self.list_ignored: Callable[[str], list[str]] = list_nothing
        """The names in a query that are not heeded; none where the endpoint itself may read its queries."""
        self._batched_timer = Timer(context.clock)
        self.logFrames = context.debug
        self.setProtocolOptions(**protocol_options(context.limits))

    def buildProtocol(self, address: IAddress | None) -> EchodProtocol:
        """Also of a `protocol` that was set later, as programs of Autobahn do."""
        if self.protocol is not self._carried:
            self.protocol = self._carried = self.carry(self.protocol)
        built = super().buildProtocol(address)
        assert isinstance(built, EchodProtocol)
        return built

    def carry(self, kind: type[Kind]) -> type[Kind]:
        """The protocol class with everything as its own that is the same for all connections of this factory.

        A class that is derived from its `protocol` becomes, by this, one that its connections may be made of.
        """
        return carry(
            self,
            kind,
            context=self.context,
            list_ignored=staticmethod(self.list_ignored),
            leaves_frames=may_be_plain(kind, EchodProtocol),
            max_message_bytes=self.context.limits.max_message_bytes,
            # As an attribute of a class a function would become a method.
            answer_offer=staticmethod(accept) if self.context.compression else None,
        )


def protocol_options(limits: Limits) -> dict[str, object]:
    """Autobahn's options, but for those of its own opening handshake, which is not used.

    Nor are its limits: the guard has them, and knows what was received of a message and what that was inflated to.
    """
    return {
        "failByDrop": False,
        "echoCloseCodeReason": True,
        "openHandshakeTimeout": limits.handshake_timeout_s,
        "closeHandshakeTimeout": limits.close_timeout_s,
        "autoPingInterval": limits.ping_interval_s,
        "autoPingTimeout": limits.ping_timeout_s,
    }
