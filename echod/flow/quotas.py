"""What connections may cost together, and each for itself: bytes of unfinished messages, and inflated bytes."""

from __future__ import annotations

from twisted.internet.interfaces import IReactorTime

BURST_S = 1.0
"""How far a connection may run ahead of its rate before it has to wait."""


class Quota:
    """A number of bytes that many take from and give back to; 0 is no limit."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self.reserved = 0

    def reserve(self, count: int) -> bool:
        """Take them in any case; whether they were there."""
        self.reserved += count
        return not self._limit or self.reserved <= self._limit

    def release(self, count: int) -> None:
        """Give back what was taken."""
        self.reserved -= count


class RateLimit:
    """Bytes that one connection may use up in a second; 0 is no limit."""

    __slots__ = ("_bytes_per_s", "_clock", "_paid_until")

    def __init__(self, clock: IReactorTime, bytes_per_s: int) -> None:
        self._clock = clock
        self._bytes_per_s = bytes_per_s
        self._paid_until = 0.0

    def spend(self, count: int) -> None:
        """Use up that many."""
        if self._bytes_per_s:
            self._paid_until = max(self._paid_until, self._clock.seconds()) + count / self._bytes_per_s

    def wait_s(self) -> float:
        """How long to wait before using more; 0 when there is no need to."""
        return max(0.0, self._paid_until - self._clock.seconds() - BURST_S)
