"""Counters of refused and aborted connections: counted where it happens, told at the end of a graceful shutdown."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from enum import StrEnum

from echod.errors import CloseCode


class Kind(StrEnum):
    """What is counted, besides refusals by their HTTP status."""

    SILENT = "silent"
    FULL = "503 full"
    CROWDED = "503 crowded"
    LEAVING = "503 leaving"
    PROXY_HEADER = "PROXY header"
    AS_ASKED = "as asked"
    PROTOCOL_ERROR = "protocol error"
    INVALID_PAYLOAD = "invalid payload"
    POLICY_VIOLATION = "policy violation"
    MESSAGE_TOO_BIG = "message too big"
    FRAGMENTS = "too many fragments"
    UNFINISHED = "too much unfinished"
    INTERNAL_ERROR = "internal error"
    STALL_TIMEOUT = "stall timeout"
    PING_TIMEOUT = "ping timeout"
    CLOSE_TIMEOUT = "close timeout"


FAILED: Mapping[int, Kind] = {
    CloseCode.PROTOCOL_ERROR: Kind.PROTOCOL_ERROR,
    CloseCode.INVALID_PAYLOAD: Kind.INVALID_PAYLOAD,
    CloseCode.POLICY_VIOLATION: Kind.POLICY_VIOLATION,
    CloseCode.MESSAGE_TOO_BIG: Kind.MESSAGE_TOO_BIG,
    CloseCode.INTERNAL_ERROR: Kind.INTERNAL_ERROR,
    CloseCode.TRY_AGAIN_LATER: Kind.UNFINISHED,
}
"""Close codes with which connections are failed."""


class Counters:
    """The one owner of the counts of a server. A well-behaved connection never touches it."""

    def __init__(self) -> None:
        self._counts: Counter[str] = Counter()

    def __str__(self) -> str:
        return ", ".join(f"{kind} ×{count}" for kind, count in sorted(self._counts.items()))

    def __getitem__(self, kind: str) -> int:
        return self._counts[kind]

    def counts(self) -> dict[str, int]:
        """How many of each kind since the start."""
        return dict(self._counts)

    def count(self, kind: Kind | int) -> None:
        """One more of this kind; a refusal without a kind of its own is counted by its status."""
        self._counts[str(kind)] += 1

    def count_failed(self, code: int, reason: str) -> None:
        """One more connection that was failed with this Close (RFC 6455, 7.1.7)."""
        self.count(Kind.FRAGMENTS if reason == Kind.FRAGMENTS else FAILED.get(code, code))
