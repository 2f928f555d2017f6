"""Group "ending": a connection ends with a Close, a reset, a FIN without a Close, or falls silent (blackhole)."""

from __future__ import annotations

from collections.abc import Callable

from echod.behaviours.replies import MessageWriter
from echod.behaviours.violations import send_violation
from echod.flow.flow_control import Hold
from echod.flow.timers import Timer
from echod.rules.behaviours.grammar import LONGEST_S
from echod.websocket.autobahn.closing import start_close


class Ending:
    """How one connection ends, and when.

    Args:
        stop: called when the connection falls silent: nothing else is to happen on it.

    Attributes:
        after: when it is to begin; None: never.
        is_last: whether nothing that comes behind the end is answered; not so behind a mere violation.
        is_silent: whether the connection is open and neither says nor hears anything; ten minutes at the most.
        answers_close: whether the client's Close is answered.
    """

    def __init__(self, messages: MessageWriter, stop: Callable[[], None]) -> None:
        behaviour = self._behaviour = messages.behaviour
        self._connection, self._writer, self._flow = messages.connection, messages.writer, messages.flow
        self._stop = stop
        self._patience = Timer(messages.clock)
        self.is_last = behaviour.close is not None or behaviour.end is not None
        self.after = behaviour.after if self.is_last or behaviour.bad is not None else None
        self.is_silent = False
        self.answers_close = behaviour.close_reply is None

    def begin(self) -> None:
        """Send the violation and the Close; a reset or FIN comes when everything before it has left."""
        self._send()
        self._writer.when_drained(self._end)

    def begin_at_once(self) -> None:
        """The same, but what has not left is lost."""
        self._send()
        self._end()

    def fall_silent(self) -> None:
        """Say nothing any more, and hear nothing."""
        self.is_silent = True
        self._stop()
        self._writer.shut()
        self.limit()

    def limit(self) -> None:
        """A connection that is to end is aborted when it has not ended within the longest time of any behaviour."""
        if not self._patience.is_running:
            self._patience.start(LONGEST_S, self._connection.transport.abortConnection)

    def stop(self) -> None:
        """The connection is lost."""
        self._patience.stop()

    def _send(self) -> None:
        if self._behaviour.bad is not None:
            send_violation(self._connection, self._writer, self._behaviour.bad)
        if self._behaviour.close is not None:
            start_close(self._connection, self._behaviour.close, self._behaviour.reason)

    def _end(self) -> None:
        if self._behaviour.end == "abort":
            self._connection.transport.abortConnection()
        elif self._behaviour.end == "fin":
            self._connection.dropConnection()
        elif self._behaviour.end == "vanish":
            self.fall_silent()
            self._flow.hold(Hold.SILENCE)
