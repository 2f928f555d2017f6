"""Bytes have come: at once, in slices, or behind what waits."""

from __future__ import annotations

from typing import Any

from echod.flow.turn_share import SHORT_BYTES
from echod.rules.websocket.frames import FIRST_BINARY, LONG_MASKED
from echod.websocket.autobahn.frames import receive_octets
from echod.websocket.autobahn.state import OPEN, State, state_of
from echod.websocket.fast_path import deliver, feed_message
from echod.websocket.masking import APPLY_MASK


def receive(protocol: Any, data: bytes, is_its_turn: bool = False) -> None:
    """Bytes have come. After the end, and after a violation, nothing is kept or parsed."""
    if len(data) > SHORT_BYTES and not is_its_turn and protocol.state == OPEN and not is_one_frame(data):
        receive_much(protocol, data)
        return
    if (
        protocol.is_plain
        and protocol.state == OPEN
        and not protocol.data
        and protocol.incoming is None
        and protocol.current_frame is None
        and not protocol.inside_message
    ):
        guard = protocol.guard
        guard.heard_at = guard.seconds()
        payloads, stop = protocol.take(data, protocol.max_message_bytes, APPLY_MASK)
        if payloads:
            deliver(protocol, payloads, data[0] == FIRST_BINARY)
        if stop == len(data):
            return
        data = data[stop:]
    if state_of(protocol) is not State.CLOSED:
        protocol.guard.hear()
        receive_octets(protocol, data)


def is_one_frame(data: bytes) -> bool:
    """Whether this may be one frame of a client and nothing else, which is little work however long it is."""
    return data[1] == LONG_MASKED and (data[2] << 8 | data[3]) + 8 == len(data)


def receive_much(protocol: Any, data: bytes) -> None:
    """Take it at once while there is time for all in this turn of the loop; else put it behind what waits."""
    slices = protocol.guard.slices
    if slices.is_over:
        protocol.guard.hear()
        protocol.data += data
        slices.work()
    elif is_in_the_middle(protocol, len(data)):
        protocol.guard.hear()
        slices.take(feed_message, protocol, data)
    else:
        slices.take(receive, protocol, data, True)


def is_in_the_middle(protocol: Any, count: int) -> bool:
    """Whether so many bytes belong to a large message that they do not end."""
    incoming = protocol.incoming
    return incoming is not None and count < incoming.left and not protocol.data
