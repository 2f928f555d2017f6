"""The open WebSockets of one server."""

from __future__ import annotations

from twisted.internet.defer import Deferred

from echod.websocket.autobahn.port import Connection


class Connections:
    """The one owner of the set of them; connections join when open and leave when lost."""

    def __init__(self) -> None:
        self._open: dict[Connection, None] = {}
        self._emptied: list[Deferred[None]] = []

    def __len__(self) -> int:
        return len(self._open)

    def join(self, connection: Connection) -> None:
        """The opening handshake is complete."""
        self._open[connection] = None

    def leave(self, connection: Connection) -> None:
        """The connection is lost; for one that never joined this changes nothing."""
        self._open.pop(connection, None)
        self._tell_empty()

    def when_empty(self) -> Deferred[None]:
        """Fires when none is open."""
        waiting: Deferred[None] = Deferred()
        self._emptied.append(waiting)
        self._tell_empty()
        return waiting

    def _tell_empty(self) -> None:
        while self._emptied and not self._open:
            self._emptied.pop(0).callback(None)

    def all(self) -> list[Connection]:
        """Those that are open now, in the order in which they came."""
        return list(self._open)
