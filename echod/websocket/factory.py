"""The factories of endpoints: one for each published path, with what its connections have in common."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from autobahn.twisted.websocket import WebSocketServerFactory
from twisted.internet.interfaces import IAddress, IReactorTime

from echod.counters import Tally
from echod.flow.quotas import Budget
from echod.flow.turn_share import Share
from echod.rules.http.response import SERVER
from echod.settings import Limits
from echod.store import ModeStore
from echod.store.memory import MemoryModeStore
from echod.websocket.autobahn.deflate import accept_deflate, decline
from echod.websocket.autobahn.starting import carry_start
from echod.websocket.autobahn.state import carry_options, trace_frames, use_clock
from echod.websocket.connections import Connections
from echod.websocket.fast_path import may_be_plain
from echod.websocket.guard import outer_limit
from echod.websocket.protocol import Echo, EchodProtocol, MultiEcho, SimpleEcho, reply_by, reply_unchanged

Rule = Callable[[bytes, bool], bytes]
"""What an endpoint replies to a message: payload, and whether it is binary."""


class EndpointFactory(WebSocketServerFactory):
    """Builds the protocols of one published path."""

    noisy = False
    protocol: Any = Echo
    _carrying: Any = None

    def __init__(
        self,
        clock: IReactorTime,
        connections: Connections,
        limits: Limits,
        *,
        budget: Budget | None = None,
        share: Share | None = None,
        tally: Tally | None = None,
        compression: bool = True,
        debug: bool = False,
    ) -> None:
        super().__init__(server=SERVER, reactor=clock)
        self.connections = connections
        self.limits = limits
        self.budget = budget or Budget(limits.unfinished_bytes)
        self.share = share or Share(clock)
        self.tally = tally or Tally()
        use_clock(self, clock)
        trace_frames(self, debug)
        self.setProtocolOptions(**protocol_options(limits, compression))

    def buildProtocol(self, address: IAddress | None) -> Any:
        """Also of a `protocol` that was set later, as programs of Autobahn do."""
        if self.protocol is not self._carrying:
            self.protocol = self._carrying = self._carry(self.protocol)
        return super().buildProtocol(address)

    def _carry(self, kind: Any) -> Any:
        """The class with everything as its own that is the same for all connections."""
        leaves_frames, limit = may_be_plain(kind, EchodProtocol), self.limits.max_message_bytes
        return carry_start(self, carry_options(self, kind, leaves_frames=leaves_frames, max_message_bytes=limit))

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
