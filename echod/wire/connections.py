"""The open WebSockets of one server: who is there, and the way to send all of them off."""

from __future__ import annotations

from typing import Any

from twisted.internet.defer import Deferred, succeed

from echod.wire.contract import pass_on
from echod.wire.internals import start_close


class Connections:
    """The one owner of the set of connections; protocols join when open and leave when lost."""

    def __init__(self) -> None:
        self._open: set[Any] = set()
        self._emptied: Deferred[None] | None = None

    def __len__(self) -> int:
        return len(self._open)

    def join(self, protocol: Any) -> None:
        self._open.add(protocol)

    def leave(self, protocol: Any) -> None:
        """Again for the same protocol, or one that never joined, changes nothing."""
        self._open.discard(protocol)
        if not self._open and self._emptied is not None:
            emptied, self._emptied = self._emptied, None
            emptied.callback(None)

    def close_all(self, code: int, reason: str = "") -> Deferred[None]:
        """Start the closing handshake with everyone; fires when all are gone."""
        for protocol in list(self._open):
            start_close(protocol, code, reason)
        return self.when_empty()

    def when_empty(self) -> Deferred[None]:
        if not self._open:
            return succeed(None)
        waiting: Deferred[None] = Deferred()
        if self._emptied is None:
            self._emptied = Deferred()
        self._emptied.addCallback(pass_on, waiting)
        return waiting
