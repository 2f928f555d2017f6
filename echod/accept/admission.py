"""Everybody who was accepted, from the first byte to the last: counted, capped, and sent off."""

from __future__ import annotations

from collections import Counter
from typing import Protocol

from twisted.internet.defer import Deferred, succeed
from twisted.internet.interfaces import IAddress

from echod.counters import Counters
from echod.rules.http.head import Refusal
from echod.transport.addresses import net_of

FULL = Refusal(503, "there are too many connections", (("Retry-After", "5"),), "503 full")
CROWDED = Refusal(503, "there are too many connections from this address", (("Retry-After", "5"),), "503 crowded")
LEAVING = Refusal(503, "the server is going away", (("Retry-After", "1"),), "503 leaving")


class Accepted(Protocol):
    """What has been accepted: a gate, whoever it handed its connection to."""

    def announce_shutdown(self) -> None:
        """Answer 503 if it is not open yet; an open one is told by who asks for this."""

    def abort(self) -> None:
        """End it now, whatever is unsent."""


class Admission:
    """The one owner of the set of accepted connections.

    Args:
        most: all together; above it newcomers are refused with 503. 0 is no limit.
        most_per_address: from one IPv4 address or one IPv6 /64; 0 is no limit.
        counters: where refusals are counted.
    """

    def __init__(self, most: int = 0, most_per_address: int = 0, counters: Counters | None = None) -> None:
        self._most = most
        self._most_per_address = most_per_address
        self._present: dict[Accepted, str] = {}
        self._per_address: Counter[str] = Counter()
        self._is_leaving = False
        self._emptied: list[Deferred[None]] = []
        self.counters = counters or Counters()

    @property
    def is_leaving(self) -> bool:
        """Whether newcomers are refused because a drain has begun."""
        return self._is_leaving

    def __len__(self) -> int:
        return len(self._present)

    def add(self, visitor: Accepted) -> Refusal | None:
        """Take a newcomer in, in any case; the refusal to give, when there are too many already."""
        refusal = self._refusal()
        self._present[visitor] = ""
        return refusal

    def count_address(self, visitor: Accepted, address: IAddress) -> Refusal | None:
        """Count it for its address, which is known for sure once a head has come, behind a proxy too."""
        net = net_of(address) if self._most_per_address else ""
        is_full = bool(self._most_per_address) and self._per_address[net] >= self._most_per_address
        self._present[visitor] = net
        self._per_address[net] += 1
        return CROWDED if is_full else None

    def remove(self, visitor: Accepted) -> None:
        """The connection is lost."""
        net = self._present.pop(visitor)
        self._per_address[net] -= 1
        if self._per_address[net] <= 0:
            del self._per_address[net]
        if not self._present:
            self._tell_empty()

    def refuse_newcomers(self) -> None:
        """From now on 503 to newcomers, and to those who have not said yet what they want."""
        self._is_leaving = True
        for visitor in list(self._present):
            visitor.announce_shutdown()

    def reopen(self) -> None:
        """Newcomers are taken in again."""
        self._is_leaving = False

    def abort_all(self) -> int:
        """End whoever is left, now; how many that were."""
        left = list(self._present)
        for visitor in left:
            visitor.abort()
        return len(left)

    def when_empty(self) -> Deferred[None]:
        """Fires when nobody is left."""
        if not self._present:
            return succeed(None)
        waiting: Deferred[None] = Deferred()
        self._emptied.append(waiting)
        return waiting

    def _refusal(self) -> Refusal | None:
        if self._is_leaving:
            return LEAVING
        return FULL if self._most and len(self._present) >= self._most else None

    def count(self, refusal: Refusal) -> None:
        """Somebody is refused."""
        self.counters.count(refusal.counted_as)

    def _tell_empty(self) -> None:
        emptied, self._emptied = self._emptied, []
        for waiting in emptied:
            waiting.callback(None)
