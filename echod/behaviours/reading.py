"""A server that stops reading, as a busy one does, and later goes on."""

from __future__ import annotations

from typing import Any

from twisted.internet.interfaces import IReactorTime

from echod.flow.timers import Timer
from echod.rules.behaviours.grammar import LONGEST_S

STALLED = "stalled"
"""The reason not to read."""


class Stall:
    """One for each connection. While it `is_on`, nothing is read, and nothing is done with what was read."""

    def __init__(self, protocol: Any, clock: IReactorTime, longest_s: float | None) -> None:
        self._protocol = protocol
        self._longest_s = LONGEST_S if longest_s is None else longest_s
        self._timer = Timer(clock)
        self.is_on = False

    def begin(self) -> None:
        self.is_on = True
        self._protocol.guard.flow.hold(STALLED)
        self._timer.start(self._longest_s, self.end)

    def end(self) -> None:
        """Read on; when nothing is stalled this changes nothing."""
        if self.is_on:
            self.stop()
            # What the client has said meanwhile is unread.
            self._protocol.guard.keepalive.hear()
            self._protocol.guard.flow.release(STALLED)
            self._protocol.consumeData()

    def stop(self) -> None:
        """The connection is lost."""
        self.is_on = False
        self._timer.stop()
