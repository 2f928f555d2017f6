"""The factories of endpoints: one for each published path, with what its connections have in common."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from autobahn.twisted.websocket import WebSocketServerFactory
from twisted.internet.interfaces import IAddress

from echod.rules.behaviours.names import list_nothing
from echod.rules.http.response import SERVER
from echod.settings import Limits
from echod.websocket.autobahn.deflate import accept_deflate, decline
from echod.websocket.autobahn.port import AutobahnFactory, Timer
from echod.websocket.autobahn.starting import carry
from echod.websocket.context import ServerContext
from echod.websocket.fast_path import may_be_plain
from echod.websocket.message_limits import outer_limit
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
        self.setProtocolOptions(**protocol_options(context.limits, context.compression))

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
        )


def protocol_options(limits: Limits, compression: bool) -> dict[str, object]:
    """Autobahn's options, but for those of its own opening handshake, which is not used."""
    return {
        "failByDrop": False,
        "echoCloseCodeReason": True,
        "openHandshakeTimeout": limits.handshake_timeout_s,
        "closeHandshakeTimeout": limits.close_timeout_s,
        # The guard counts what a message is inflated to; Autobahn counts its compressed form, and may cut it short.
        "maxMessagePayloadSize": outer_limit(limits.max_message_bytes),
        "autoPingInterval": limits.ping_interval_s,
        "autoPingTimeout": limits.ping_timeout_s,
        "perMessageCompressionAccept": accept_deflate if compression else decline,
    }
