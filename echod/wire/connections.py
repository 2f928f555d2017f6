"""The open WebSockets of one server."""

from __future__ import annotations

from typing import Any

from echod.errors import CloseCode


class Connections:
    """The one owner of the set of them; protocols join when open and leave when lost."""

    def __init__(self) -> None:
        self._open: dict[Any, None] = {}
        self._is_leaving = False

    def __len__(self) -> int:
        return len(self._open)

    def join(self, protocol: Any) -> None:
        """The opening handshake is complete; whoever comes while all are sent away is sent away at once."""
        self._open[protocol] = None
        if self._is_leaving:
            leave(protocol)

    def leave(self, protocol: Any) -> None:
        """The connection is lost; for one that never joined this changes nothing."""
        self._open.pop(protocol, None)

    def all(self) -> list[Any]:
        """Those that are open now, in the order in which they came."""
        return list(self._open)

    def send_away(self) -> None:
        """Tell newcomers to leave at once; those who are here are told by whoever asked for this."""
        self._is_leaving = True

    def welcome(self) -> None:
        """Newcomers may stay again."""
        self._is_leaving = False


def leave(protocol: Any) -> None:
    """Close 1001, after the replies to what has been read."""
    protocol.guard.leave(CloseCode.GOING_AWAY, "")
