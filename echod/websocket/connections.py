"""The open WebSockets of one server."""

from __future__ import annotations

from twisted.internet.defer import Deferred

from echod.flow.emptied import Emptied
from echod.websocket.autobahn.port import Connection


class Connections:
    """The one owner of the set of them; connections join when open and leave when lost."""

    def __init__(self) -> None:
        self._open: dict[Connection, None] = {}
        self._emptied = Emptied(self._open)

    def __len__(self) -> int:
        return len(self._open)

    def join(self, connection: Connection) -> None:
        """The opening handshake is complete."""
        self._open[connection] = None

    def leave(self, connection: Connection) -> None:
        """The connection is lost; for one that never joined this changes nothing."""
        self._open.pop(connection, None)
        self._emptied.tell()

    def when_empty(self) -> Deferred[None]:
        """Fires when none is open."""
        return self._emptied.wait()

    def all(self) -> list[Connection]:
        """Those that are open now, in the order in which they came."""
        return list(self._open)
