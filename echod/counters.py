"""Who was refused, and who was cut, by kind: counted where it happens, shown at the end of a drain."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

from echod.errors import CloseCode

STALL, CLOSE_TIMEOUT, PING_TIMEOUT = "stall timeout", "close timeout", "ping timeout"
FRAGMENTS = "too many fragments"
FAILED: Mapping[int, str] = {
    CloseCode.PROTOCOL_ERROR: "protocol error",
    CloseCode.INVALID_PAYLOAD: "invalid payload",
    CloseCode.MESSAGE_TOO_BIG: "message too big",
    CloseCode.INTERNAL_ERROR: "internal error",
    CloseCode.TRY_AGAIN_LATER: "too much unfinished",
}
"""Close codes with which connections are failed."""


class Counters:
    """The one owner of the counts; nothing here is asked while all is well."""

    def __init__(self) -> None:
        self._counts: Counter[str] = Counter()

    def __str__(self) -> str:
        return ", ".join(f"{count} {kind}" for kind, count in sorted(self._counts.items()))

    def __getitem__(self, kind: str) -> int:
        return self._counts[kind]

    def counts(self) -> dict[str, int]:
        """How many of each kind since the start."""
        return dict(self._counts)

    def count(self, kind: str) -> None:
        """One more; `kind` is a status such as `431`, or a few words."""
        self._counts[kind] += 1

    def count_failed(self, code: int, reason: str) -> None:
        """A connection was failed with this Close."""
        self.count(FRAGMENTS if reason == FRAGMENTS else FAILED.get(code, str(code)))
