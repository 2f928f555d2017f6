"""Admission control: every accepted connection is counted from first byte to last, limited, and aborted at the end."""

from __future__ import annotations

from collections import Counter

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IAddress

from echod.accept.interfaces import IAccepted
from echod.counters import Counters, Kind
from echod.flow.emptied import Emptied
from echod.rules.http.head import Refusal
from echod.transport.addresses import net_of

FULL = Refusal(503, "there are too many connections", (("Retry-After", "5"),), Kind.FULL)
CROWDED = Refusal(503, "there are too many connections from this address", (("Retry-After", "5"),), Kind.CROWDED)
LEAVING = Refusal(503, "the server is going away", (("Retry-After", "1"),), Kind.LEAVING)


class Admission:
    """The one owner of the accepted connections: their limit in all, and for an IPv4 address or IPv6 /64; 0 is none."""

    def __init__(self, most: int = 0, most_per_address: int = 0, counters: Counters | None = None) -> None:
        self._most = most
        self._most_per_address = most_per_address
        self._present: dict[IAccepted, str] = {}
        self._per_address: Counter[str] = Counter()
        self._emptied = Emptied(self._present)
        self.is_leaving = False
        """Whether new connections are refused because a graceful shutdown has begun."""
        self.counters = counters or Counters()

    def __len__(self) -> int:
        return len(self._present)

    def add(self, accepted: IAccepted) -> Refusal | None:
        """Add a new connection, in any case; the refusal to give when the limit is reached."""
        is_full = self._most and len(self._present) >= self._most
        self._present[accepted] = ""
        return LEAVING if self.is_leaving else FULL if is_full else None

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
        self._emptied.tell()

    def refuse_newcomers(self) -> None:
        """From now on 503 to new connections, and to those whose request is incomplete."""
        self.is_leaving = True
        for accepted in list(self._present):
            accepted.announce_shutdown()

    def reopen(self) -> None:
        """New connections are admitted again."""
        self.is_leaving = False

    def abort_all(self) -> int:
        """Abort every connection that is left; how many there were."""
        left = list(self._present)
        for accepted in left:
            accepted.abort()
        return len(left)

    def when_empty(self) -> Deferred[None]:
        """Fires when no connection is left."""
        return self._emptied.wait()
