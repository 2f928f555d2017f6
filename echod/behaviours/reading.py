"""Group "reading": a server that stops reading, as a busy one does, and later goes on."""

from __future__ import annotations

from collections.abc import Callable

from echod.behaviours.replies import MessageWriter
from echod.flow.flow_control import Hold
from echod.flow.timers import Timer


class Stall:
    """The stall of one connection. While it `is_on`, nothing is read, and nothing is done with what was read.

    Args:
        read_on: called at its end, to work on what was read before it.

    Attributes:
        after: when it is to begin.
    """

    def __init__(self, messages: MessageWriter, read_on: Callable[[], None]) -> None:
        self._flow = messages.flow
        self.after, self._longest_s = messages.behaviour.stall, messages.behaviour.stall_for
        self._read_on = read_on
        self._timer = Timer(messages.clock)
        self.is_on = False

    def begin(self) -> None:
        """Read no more, until `stall-for` is over."""
        self.is_on = True
        self._flow.hold(Hold.STALL)
        self._timer.start(self._longest_s, self.end)

    def end(self) -> None:
        """Read on; when nothing is stalled this changes nothing."""
        if self.is_on:
            self.stop()
            self._flow.release(Hold.STALL)
            self._read_on()

    def stop(self) -> None:
        """The connection is lost."""
        self.is_on = False
        self._timer.stop()
