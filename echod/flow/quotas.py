"""Quotas: bytes that all connections may have in unfinished messages, and that each may inflate in a second."""

from __future__ import annotations

from twisted.internet.interfaces import IReactorTime

BURST_S = 1.0
"""The burst: how far a connection may run ahead of its rate before it has to wait."""


class Quota:
    """Bytes that all connections of a server share; a limit of 0 is none."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self.reserved = 0

    def reserve(self, count: int) -> bool:
        """Reserve so many bytes, in any case; False when that is more than the limit allows."""
        self.reserved += count
        return not self._limit or self.reserved <= self._limit

    def release(self, count: int) -> None:
        """Give back so many reserved bytes."""
        self.reserved -= count


class RateLimit:
    """A leaky bucket: bytes that one connection may use in a second; 0 is no limit."""

    __slots__ = ("_bytes_per_s", "_clock", "_due")

    def __init__(self, clock: IReactorTime, bytes_per_s: int) -> None:
        self._clock = clock
        self._bytes_per_s = bytes_per_s
        self._due = -BURST_S
        """When what was used is paid for, less the burst."""

    def spend(self, count: int) -> None:
        """Use so many bytes, in any case; the next ones have to wait for the rate."""
        if self._bytes_per_s:
            self._due = max(self._due, self._clock.seconds() - BURST_S) + count / self._bytes_per_s

    def wait_s(self) -> float:
        """Seconds to wait before using more; 0 within the burst."""
        return max(0.0, self._due - self._clock.seconds())
