"""What the connections of one server have in common, handed from the server to every factory as one value."""

from __future__ import annotations

from dataclasses import dataclass

from twisted.internet.interfaces import IReactorTime

from echod.counters import Counters
from echod.flow.quotas import Quota
from echod.flow.turn_share import TurnShare
from echod.settings import Limits
from echod.websocket.connections import Connections


@dataclass(frozen=True, slots=True)
class ConnectionContext:
    """What the guard of a connection needs of the others: the clock, the limits, and what is shared.

    Attributes:
        quota: bytes of unfinished messages, all connections together.
        turn_share: the time that all connections may use in one turn of the event loop.
    """

    clock: IReactorTime
    limits: Limits
    quota: Quota
    turn_share: TurnShare
    counters: Counters


@dataclass(frozen=True, slots=True)
class ServerContext(ConnectionContext):
    """The same for the endpoints of a server; `dataclasses.replace` gives one endpoint limits of its own."""

    connections: Connections
    compression: bool = True
    debug: bool = False


def make_context(
    clock: IReactorTime, limits: Limits | None = None, *, compression: bool = True, debug: bool = False
) -> ServerContext:
    """The context of a server that begins without connections."""
    limits = limits or Limits()
    quota, counters = Quota(limits.unfinished_bytes), Counters()
    return ServerContext(clock, limits, quota, TurnShare(clock), counters, Connections(), compression, debug)
