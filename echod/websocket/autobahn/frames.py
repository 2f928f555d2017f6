"""Frames that Autobahn takes and logs."""

from __future__ import annotations

from typing import Any

from autobahn.websocket.protocol import FrameHeader


def trace_frames(factory: Any, enabled: bool) -> None:
    """Whether `logRxFrame` and `logTxFrame` are called for every frame."""
    factory.logFrames = enabled


def log_sent(protocol: Any, opcode: int, payload: bytes, *, fin: bool, rsv: int, mask: bytes) -> None:
    """Autobahn's log of a frame, for those who build the frame themselves."""
    if protocol.logFrames:
        protocol.logTxFrame(FrameHeader(opcode, fin, rsv, len(payload), mask.hex()), payload)


def process_frame(protocol: Any) -> bool:
    """Let Autobahn take a step of one frame; whether there may be another."""
    return bool(protocol.processData())


def is_between_messages(protocol: Any) -> bool:
    """Whether Autobahn has begun neither a frame nor a message."""
    return protocol.current_frame is None and not protocol.inside_message


def is_watched(protocol: Any) -> bool:
    """Whether somebody else has to see the frames of this connection, or listens to Autobahn's events."""
    return bool(
        protocol._perMessageCompress is not None
        or protocol.logFrames
        or protocol.logOctets
        or protocol.trackedTimings
        or protocol._listeners
    )


def receive_octets(protocol: Any, data: bytes) -> None:
    """Put bytes behind those that wait, and work on them."""
    protocol.data += data
    protocol.consumeData()
