"""The open WebSockets of one server."""

from __future__ import annotations

from typing import Any

from echod.errors import CloseCode


class Connections:
    """The one owner of the set of them; protocols join when open and leave when lost."""

    def __init__(self) -> None:
        self._open: dict[Any, None] = {}

    def __len__(self) -> int:
        return len(self._open)

    def join(self, protocol: Any) -> None:
        """The opening handshake is complete."""
        self._open[protocol] = None

    def leave(self, protocol: Any) -> None:
        """The connection is lost; for one that never joined this changes nothing."""
        self._open.pop(protocol, None)

    def all(self) -> list[Any]:
        """Those that are open now, in the order in which they came."""
        return list(self._open)


def leave(protocol: Any) -> None:
    """Close 1001, after the replies to what has been read."""
    protocol.guard.leave(CloseCode.GOING_AWAY, "")
