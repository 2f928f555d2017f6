"""The open WebSockets of one server."""

from __future__ import annotations

from echod.websocket.autobahn.port import Connection


class Connections:
    """The one owner of the set of them; connections join when open and leave when lost."""

    def __init__(self) -> None:
        self._open: dict[Connection, None] = {}

    def __len__(self) -> int:
        return len(self._open)

    def join(self, connection: Connection) -> None:
        """The opening handshake is complete."""
        self._open[connection] = None

    def leave(self, connection: Connection) -> None:
        """The connection is lost; for one that never joined this changes nothing."""
        self._open.pop(connection, None)

    def all(self) -> list[Connection]:
        """Those that are open now, in the order in which they came."""
        return list(self._open)
