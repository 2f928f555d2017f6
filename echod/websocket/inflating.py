"""Compressed messages, inflated a piece at a time: Autobahn would inflate all that has come of a frame at once."""

from __future__ import annotations

from typing import Any

from echod.rules.websocket.inflation import next_piece
from echod.websocket.autobahn.deflate import received_bytes
from echod.websocket.autobahn.frames import process_frame


def inflate_piece(protocol: Any, size: int) -> int:
    """Work on so many bytes of the frame that is being received; how many the next piece should have."""
    data = protocol.data
    piece, rest = data[:size], data[size:]
    before = received_bytes(protocol)
    protocol.data = piece
    process_frame(protocol)
    protocol.data += rest
    return next_piece(len(piece), received_bytes(protocol) - before + len(piece))
