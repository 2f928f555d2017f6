"""Waiting until a collection is empty: told at once if it is, else by its owner."""

from __future__ import annotations

from collections.abc import Sized

from twisted.internet.defer import Deferred


class Emptied:
    """The Deferreds that wait for one collection to be empty; its owner calls `tell` after each removal."""

    __slots__ = ("_held", "_waiting")

    def __init__(self, held: Sized) -> None:
        self._held = held
        self._waiting: list[Deferred[None]] = []

    def wait(self) -> Deferred[None]:
        """Fires when the collection is empty."""
        waiting: Deferred[None] = Deferred()
        self._waiting.append(waiting)
        self.tell()
        return waiting

    def tell(self) -> None:
        """Something was removed. What is told may add again; then the others go on waiting."""
        while self._waiting and not self._held:
            self._waiting.pop(0).callback(None)
