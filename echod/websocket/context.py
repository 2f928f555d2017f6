"""What the connections of one server have in common, handed from the server to every factory as one value."""

from __future__ import annotations

from dataclasses import dataclass

from twisted.internet.interfaces import IReactorTime

from echod.counters import Counters
from echod.flow.quotas import Quota
from echod.flow.turn_share import TurnShare
from echod.settings import Limits
from echod.transport.steady import steady
from echod.websocket.connections import Connections


@dataclass(frozen=True, slots=True)
class ServerContext:
    """What connections have in common; a client has one of its own. `dataclasses.replace` gives an endpoint its limits.

    Attributes:
        quota: bytes of unfinished messages, all connections together.
        turn_share: the time that all connections may use in one turn of the event loop.
    """

    clock: IReactorTime
    limits: Limits
    quota: Quota
    turn_share: TurnShare
    counters: Counters
    connections: Connections
    compression: bool = True
    debug: bool = False


def make_context(
    clock: IReactorTime,
    limits: Limits | None = None,
    *,
    compression: bool = True,
    debug: bool = False,
    counters: Counters | None = None,
) -> ServerContext:
    """The context of a server that begins without connections; its clock does not step, whatever the reactor's does."""
    clock, limits = steady(clock), limits or Limits()
    quota, turn_share = Quota(limits.max_unfinished_bytes), TurnShare(clock)
    return ServerContext(clock, limits, quota, turn_share, counters or Counters(), Connections(), compression, debug)
