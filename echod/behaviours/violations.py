"""Group "violations": one frame that breaks the protocol, written as it is."""

from __future__ import annotations

from echod.behaviours.pacing import PacedWriter
from echod.rules.behaviours.violations import VIOLATIONS, is_close
from echod.websocket.autobahn.port import Connection
from echod.websocket.autobahn.state import State, state_of


def send_violation(connection: Connection, writer: PacedWriter, bad: str) -> None:
    """Send the frame of this name; a Close among them closes, and nothing follows a Close."""
    if state_of(connection) is not State.OPEN:
        return
    frame = VIOLATIONS[bad]
    if is_close(frame):
        connection.sendCloseFrame(int.from_bytes(frame[2:4]), frame[4:] or None)
    else:
        writer.write(frame)
