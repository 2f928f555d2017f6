"""The factories of endpoints: one for each published path, with what its connections have in common."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from autobahn.twisted.websocket import WebSocketServerFactory
from twisted.internet.interfaces import IAddress

from echod.rules.http.response import SERVER
from echod.settings import Limits
from echod.websocket.autobahn.deflate import accept_deflate, decline
from echod.websocket.autobahn.frames import trace_frames
from echod.websocket.autobahn.starting import carry_options, carry_start, use_clock
from echod.websocket.context import ServerContext
from echod.websocket.fast_path import may_be_plain
from echod.websocket.guard import outer_limit
from echod.websocket.protocol import Echo, EchodProtocol, reply_unchanged

Rule = Callable[[bytes, bool], bytes]
"""What an endpoint replies to a message: payload, and whether it is binary."""


class EndpointFactory(WebSocketServerFactory):
    """Builds the protocols of one published path."""

    noisy = False
    protocol: Any = Echo
    _carrying: Any = None

    def __init__(self, context: ServerContext) -> None:
        super().__init__(server=SERVER, reactor=context.clock)
        self.context = context
        use_clock(self, context.clock)
        trace_frames(self, context.debug)
        self.setProtocolOptions(**protocol_options(context.limits, context.compression))

    def buildProtocol(self, address: IAddress | None) -> Any:
        """Also of a `protocol` that was set later, as programs of Autobahn do."""
        if self.protocol is not self._carrying:
            self.protocol = self._carrying = self._carry(self.protocol)
        return super().buildProtocol(address)

    def _carry(self, kind: Any) -> Any:
        """The class with everything as its own that is the same for all connections."""
        leaves_frames, limit = may_be_plain(kind, EchodProtocol), self.context.limits.max_message_bytes
        return carry_start(self, carry_options(self, kind, leaves_frames=leaves_frames, max_message_bytes=limit))

    def make_rule(self) -> Rule:
        """The replies of this endpoint to one client, for protocols other than its own."""
        return reply_unchanged


def protocol_options(limits: Limits, compression: bool) -> dict[str, Any]:
    """Autobahn's options, but for those of its own opening handshake, which is not used."""
    return {
        "failByDrop": False,
        "echoCloseCodeReason": True,
        "openHandshakeTimeout": limits.head_timeout_s,
        "closeHandshakeTimeout": limits.close_timeout_s,
        # The guard counts what a message is inflated to; Autobahn counts its compressed form, and may cut it short.
        "maxMessagePayloadSize": outer_limit(limits.max_message_bytes),
        "autoPingInterval": limits.ping_interval_s,
        "autoPingTimeout": limits.ping_timeout_s,
        "perMessageCompressionAccept": accept_deflate if compression else decline,
    }
