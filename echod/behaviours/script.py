"""What happens on an open connection that asked for a behaviour, in the order of its life.

The script composes the groups and knows no bytes; what each of them does stands in the module of its name.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from echod.behaviours.ending import Ending
from echod.behaviours.pings import Pings
from echod.behaviours.reading import Stall
from echod.behaviours.replies import MessageWriter, Replies, Reply
from echod.behaviours.unsolicited import Unsolicited
from echod.flow.timers import Timer
from echod.rules.behaviours.grammar import After


class Script:
    """One for each connection: begun when it is open, stopped when it closes.

    Args:
        read_on: called when a stall is over.

    Attributes:
        hold: runs as long as the opening handshake is not to be answered.
        is_over: whether the last message that is to be answered has come; more are not given to the endpoint.
    """

    def __init__(self, messages: MessageWriter, read_on: Callable[[], None]) -> None:
        self._writer = messages.writer
        self.hold = Timer(messages.clock)
        self.replies = Replies(messages)
        self.pings = Pings(messages)
        self.stall = Stall(messages, read_on)
        self.ending = Ending(messages, self.stop)
        self._unsolicited = Unsolicited(messages)
        self._stall_due, self._end_due = Timer(messages.clock), Timer(messages.clock)
        self._received = 0
        self.is_over = False

    def begin(self) -> None:
        """The connection is open."""
        self._unsolicited.begin()
        self.pings.begin()
        self._await(self._stall_due, self.stall.after, self.stall.begin)
        self._await(self._end_due, self.ending.after, self.ending.begin_at_once)
        self._count()
        self.work()

    def receive(self, message: bytes, replies: Iterable[Reply], close: Callable[[], None] | None) -> None:
        """A message has come; the endpoint has answered it with these, and perhaps wants to close behind them."""
        self._received += 1
        self.replies.receive(message, replies)
        if close is not None:
            self.replies.after_all(close)
        self._count()

    def work(self) -> None:
        """There may be room for more."""
        self.replies.work()
        self._unsolicited.work()

    def wind_down(self) -> None:
        """The client closes: nothing unsolicited is sent any more, and the replies keep their time."""
        self._unsolicited.stop()
        self.pings.stop_pinging()
        self._stall_due.stop()
        self._end_due.stop()

    def hurry(self) -> None:
        """The server shuts down: nothing unsolicited is sent any more, and every reply is due."""
        self.stall.end()
        self._writer.hurry()
        self._unsolicited.stop()
        self.pings.stop_pinging()
        self.replies.hurry()

    def stop(self) -> None:
        """The connection closes: what has not begun will not be."""
        for part in (self.hold, self.replies, self._unsolicited, self.pings, self._stall_due, self._end_due):
            part.stop()

    def lost(self) -> None:
        """The connection is gone, and with it everything that waited."""
        self.stop()
        self._writer.shut()
        self.stall.stop()
        self.ending.stop()

    def _count(self) -> None:
        now = After(messages=self._received)
        if self.stall.after == now:
            self.stall.begin()
        if self.ending.after == now:
            self.is_over = self.ending.is_last
            self.replies.after_all(self.ending.begin)

    def _await(self, timer: Timer, after: After | None, action: Callable[[], None]) -> None:
        """Do it at its time, if it has one; a moment in messages is counted."""
        if after is not None and after.seconds:
            timer.start(after.seconds, action)
