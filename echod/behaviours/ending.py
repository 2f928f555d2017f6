"""How a connection ends that was asked to: with a Close, without one, or not at all."""

from __future__ import annotations

from typing import Any

from twisted.internet.interfaces import IReactorTime

from echod.flow.timers import Timer
from echod.rules.behaviours.grammar import LONGEST_S
from echod.rules.behaviours.malformed import MALFORMED, is_close
from echod.rules.behaviours.query import Behaviour
from echod.websocket.autobahn.closing import start_close
from echod.websocket.autobahn.state import State, state_of

SILENT = "silent"
"""The reason not to read of a connection that has vanished."""


class Ending:
    """One for each connection, told when the time has come.

    `is_silent` is a connection that is open and says and hears nothing; it lasts ten minutes at the most.
    """

    def __init__(self, protocol: Any, clock: IReactorTime, behaviour: Behaviour) -> None:
        self._protocol = protocol
        self._behaviour = behaviour
        self._patience = Timer(clock)
        self.is_silent = False

    def begin(self) -> None:
        """Do what ends a connection, or ought to, once the replies before it have left."""
        self._send_malformed()
        self._start_close()
        if self._behaviour.end is not None:
            self._protocol.writer.when_drained(self._end)

    def begin_at_once(self) -> None:
        """Do it now, whatever is on its way."""
        self._send_malformed()
        self._start_close()
        if self._behaviour.end is not None:
            self._end()

    def fall_silent(self) -> None:
        """Say nothing any more, and hear nothing."""
        self.is_silent = True
        self._protocol.script.stop()
        self._protocol.writer.shut()
        self.limit()

    def limit(self) -> None:
        """A connection that is to end may wait for it as long as any behaviour."""
        if not self._patience.is_running:
            self._patience.start(LONGEST_S, self._protocol.transport.abortConnection)

    def stop(self) -> None:
        """The connection is lost."""
        self._patience.stop()

    def _end(self) -> None:
        if self._behaviour.end == "abort":
            self._protocol.transport.abortConnection()
        elif self._behaviour.end == "fin":
            self._protocol.dropConnection()
        else:
            self.fall_silent()
            self._protocol.guard.flow.hold(SILENT)

    def _start_close(self) -> None:
        if self._behaviour.close is not None:
            start_close(self._protocol, self._behaviour.close, self._behaviour.reason)

    def _send_malformed(self) -> None:
        if self._behaviour.bad is None or state_of(self._protocol) is not State.OPEN:
            return
        frame = MALFORMED[self._behaviour.bad]
        if is_close(frame):
            self._protocol.sendCloseFrame(int.from_bytes(frame[2:4]), frame[4:] or None)
        else:
            self._protocol.writer.write(frame)
