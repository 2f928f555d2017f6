"""permessage-deflate (RFC 7692) on a connection: how it is agreed on, and the messages that are sent with it."""

from __future__ import annotations

from dataclasses import asdict

from echod.rules.websocket.deflate_negotiation import Answer, Parameters, read_offers
from echod.rules.websocket.frames import BINARY, COMPRESSED, TEXT
from echod.settings import KIB
from echod.websocket.autobahn.codec import Codec
from echod.websocket.autobahn.port import Connection
from echod.websocket.autobahn.state import State, state_of

MOST_DEFLATED_BYTES = 192 * KIB
"""Larger messages go out as they are, which RFC 7692, 6 allows: to deflate so much takes up to 10 ms, and all wait.

No less: the TestSuite's cases of 131,072 characters, some of several bytes, want their replies compressed.
"""


def negotiate_deflate(connection: Connection, header: str, answer: Answer | None) -> str:
    """Agree on permessage-deflate where Sec-WebSocket-Extensions offers it and there is an `answer`; what to say of it.

    The first offer is taken that is as the RFC says; in the order in which the client put them (RFC 7692, 5.1).
    """
    offer = next(read_offers(header), None)
    if answer is None or offer is None:
        return ""
    agreed = answer(offer)
    begin_deflate(connection, agreed)
    return agreed.render()


def begin_deflate(connection: Connection, agreed: Parameters) -> None:
    """From now on messages may be compressed."""
    connection._perMessageCompress = Codec(agreed.agreement(), connection.is_server, connection.max_message_bytes)


def deflate(connection: Connection, payload: bytes) -> bytes:
    """A message compressed as negotiated."""
    codec = connection._perMessageCompress
    assert codec is not None
    return codec.deflate(payload)


def send_whole(
    connection: Connection, payload: bytes, is_binary: bool, *, may_deflate: bool = True, sync: bool = False
) -> None:
    """Send a message in one frame, compressed where that is worth it; nothing when the connection is not open."""
    if state_of(connection) is State.OPEN:
        compress = may_deflate and is_worth_deflating(connection, payload)
        body = deflate(connection, payload) if compress else payload
        connection.sendFrame(BINARY if is_binary else TEXT, body, rsv=COMPRESSED if compress else 0, sync=sync)


def is_worth_deflating(connection: Connection, payload: bytes) -> bool:
    """Whether to compress a message: when that was negotiated, and does not stall all others."""
    return connection._perMessageCompress is not None and len(payload) <= MOST_DEFLATED_BYTES


def agreed_deflate(connection: Connection) -> dict[str, object] | None:
    """The parameters of permessage-deflate (RFC 7692, 7.1) as they are in force; None without it."""
    codec = connection._perMessageCompress
    return None if codec is None else asdict(codec.agreement)


def is_inflating_frame(connection: Connection) -> bool:
    """Whether the frame that has begun, and waits for more bytes, belongs to a compressed message."""
    frame = connection.current_frame
    return frame is not None and frame.opcode <= BINARY and connection._isMessageCompressed


def ended_streams(connection: Connection) -> int:
    """Streams that have ended within the compressed message that is being received."""
    codec = connection._perMessageCompress
    assert codec is not None
    return codec.inflater.ended


def forget_deflate(connection: Connection) -> None:
    """The connection is lost: zlib's memory is free at once, of which the garbage collector would know nothing."""
    if connection._perMessageCompress is not None:
        connection._perMessageCompress.forget()
