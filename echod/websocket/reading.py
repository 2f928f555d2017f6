"""Bytes have come that are no short chunk of plain frames: at once, in slices, or behind what waits."""

from __future__ import annotations

from echod.websocket.autobahn.port import Connection
from echod.websocket.guard import Guard


def receive_much(connection: Connection, guard: Guard, data: bytes) -> None:
    """Take a long chunk at once while there is time in this turn of the loop; else put it behind what waits."""
    slices, fast_path = guard.slices, guard.fast_path
    if slices.is_over:
        guard.keepalive.hear()
        connection.data += data
        slices.work()
    elif fast_path.is_in_the_middle(len(data)):
        guard.keepalive.hear()
        slices.take(fast_path.feed_message, data)
    else:
        slices.take(fast_path.receive, data, True)
