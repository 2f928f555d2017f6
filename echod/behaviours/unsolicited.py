"""Group "unsolicited": messages that are no replies: a greeting, pushes at an interval, a flood."""

from __future__ import annotations

from echod.behaviours.replies import MessageWriter
from echod.flow.timers import Repeater
from echod.settings import KIB

FLOOD = bytes(64 * KIB)
"""One message of a flood."""


class Unsolicited:
    """The unsolicited messages of one connection; each waits for room."""

    def __init__(self, messages: MessageWriter) -> None:
        self._messages = messages
        self._behaviour = behaviour = messages.behaviour
        self._flood_left = behaviour.flood
        self._pushes = Repeater(messages.clock, behaviour.every, self._push, behaviour.count)

    def begin(self) -> None:
        """The connection is open."""
        if self._behaviour.greet is not None:
            self._messages.send_now(self._behaviour.greet.encode(), False)
        if self._behaviour.push is not None:
            self._pushes.start()

    def work(self) -> None:
        """Send as much of the flood as there is room for."""
        while self._flood_left and self._messages.has_room():
            size = min(self._flood_left, len(FLOOD))
            self._flood_left -= size
            self._messages.send_now(FLOOD[:size], True, may_deflate=False)

    def stop(self) -> None:
        """Nothing unsolicited is sent any more."""
        self._flood_left = 0
        self._pushes.stop()

    def _push(self) -> bool:
        """Push, unless the client has not taken what was sent before; only a push that was sent counts."""
        has_room = self._messages.has_room()
        if has_room and self._behaviour.push is not None:
            self._messages.send_now(self._behaviour.push.encode(), False)
        return has_room
