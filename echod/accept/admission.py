"""Admission control: every accepted connection is counted from first byte to last, limited, and aborted at the end."""

from __future__ import annotations

from collections import Counter

from twisted.internet.defer import Deferred, succeed
from twisted.internet.interfaces import IAddress

from echod.accept.interfaces import IAccepted
from echod.counters import Counters, Kind
from echod.rules.http.head import Refusal
from echod.transport.addresses import net_of

FULL = Refusal(503, "there are too many connections", (("Retry-After", "5"),), Kind.FULL)
CROWDED = Refusal(503, "there are too many connections from this address", (("Retry-After", "5"),), Kind.CROWDED)
LEAVING = Refusal(503, "the server is going away", (("Retry-After", "1"),), Kind.LEAVING)


class Admission:
    """The one owner of the set of accepted connections.

    Args:
        most: connections in all; above it a new one is refused with 503. 0 is no limit.
        most_per_address: connections from one IPv4 address or one IPv6 /64; 0 is no limit.
        counters: where refusals are counted.
    """

    def __init__(self, most: int = 0, most_per_address: int = 0, counters: Counters | None = None) -> None:
        self._most = most
        self._most_per_address = most_per_address
        self._present: dict[IAccepted, str] = {}
        self._per_address: Counter[str] = Counter()
        self._is_leaving = False
        self._emptied: list[Deferred[None]] = []
        self.counters = counters or Counters()

    @property
    def is_leaving(self) -> bool:
        """Whether new connections are refused because a graceful shutdown has begun."""
        return self._is_leaving

    def __len__(self) -> int:
        return len(self._present)

    def add(self, accepted: IAccepted) -> Refusal | None:
        """Add a new connection, in any case; the refusal to give when the limit is reached."""
        refusal = self._refusal()
        self._present[accepted] = ""
        return refusal

    def count_address(self, accepted: IAccepted, address: IAddress) -> Refusal | None:
        """Count it for its address, which behind a proxy is known only when a head has come."""
        net = net_of(address) if self._most_per_address else ""
        is_full = bool(self._most_per_address) and self._per_address[net] >= self._most_per_address
        self._present[accepted] = net
        self._per_address[net] += 1
        return CROWDED if is_full else None

    def remove(self, accepted: IAccepted) -> None:
        """The connection is lost."""
        net = self._present.pop(accepted)
        self._per_address[net] -= 1
        if self._per_address[net] <= 0:
            del self._per_address[net]
        if not self._present:
            self._tell_empty()

    def refuse_newcomers(self) -> None:
        """From now on 503 to new connections, and to those whose request is incomplete."""
        self._is_leaving = True
        for accepted in list(self._present):
            accepted.announce_shutdown()

    def reopen(self) -> None:
        """New connections are admitted again."""
        self._is_leaving = False

    def abort_all(self) -> int:
        """Abort every connection that is left; how many there were."""
        left = list(self._present)
        for accepted in left:
            accepted.abort()
        return len(left)

    def when_empty(self) -> Deferred[None]:
        """Fires when no connection is left."""
        if not self._present:
            return succeed(None)
        waiting: Deferred[None] = Deferred()
        self._emptied.append(waiting)
        return waiting

    def _refusal(self) -> Refusal | None:
        if self._is_leaving:
            return LEAVING
        return FULL if self._most and len(self._present) >= self._most else None

    def _tell_empty(self) -> None:
        emptied, self._emptied = self._emptied, []
        for waiting in emptied:
            waiting.callback(None)
