"""Compressed messages, inflated a piece at a time: Autobahn would inflate all that has come of a frame at once."""

from __future__ import annotations

from echod.rules.websocket.inflation import next_piece
from echod.websocket.autobahn.deflate import received_bytes
from echod.websocket.autobahn.port import Connection


def inflate_piece(connection: Connection, size: int) -> int:
    """Work on so many bytes of the frame that is being received; how many the next piece should have."""
    data = connection.data
    piece, rest = data[:size], data[size:]
    before = received_bytes(connection)
    connection.data = piece
    connection.processData()
    connection.data += rest
    return next_piece(len(piece), received_bytes(connection) - before + len(piece))
