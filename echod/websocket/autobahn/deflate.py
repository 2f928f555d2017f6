"""permessage-deflate (RFC 7692) as Autobahn has it, and the messages that it makes."""

from __future__ import annotations

from collections.abc import Iterable

from autobahn.websocket.compress import (
    PerMessageDeflateOffer,
    PerMessageDeflateOfferAccept,
    PerMessageDeflateResponse,
    PerMessageDeflateResponseAccept,
)

from echod.rules.websocket.frames import BINARY, COMPRESSED, TEXT
from echod.settings import KIB
from echod.websocket.autobahn.port import Connection
from echod.websocket.autobahn.state import State, state_of

MOST_DEFLATED_BYTES = 192 * KIB
"""Larger messages go out as they are, which RFC 7692, 6 allows: to deflate so much takes up to 10 ms, and all wait.

No less: the TestSuite's cases of 131,072 characters, some of several bytes, want their replies compressed.
"""


def accept_deflate(offers: Iterable[object]) -> PerMessageDeflateOfferAccept | None:
    """The first permessage-deflate offer, as the client put it (RFC 7692, 7.1)."""
    return next((PerMessageDeflateOfferAccept(o) for o in offers if isinstance(o, PerMessageDeflateOffer)), None)


def decline(_: object) -> None:
    """No permessage-deflate, whatever is offered or answered."""


def deflate(connection: Connection, payload: bytes) -> bytes:
    """A message compressed as negotiated; the zlib object is made at the first call."""
    extension = connection._perMessageCompress
    assert extension is not None
    extension.start_compress_message()
    deflated = b"".join((extension.compress_message_data(payload), extension.end_compress_message()))
    free_compressor(connection)
    return deflated


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


def accept_deflate_response(response: object) -> PerMessageDeflateResponseAccept | None:
    """What the server made of our offer, as it is."""
    return PerMessageDeflateResponseAccept(response) if isinstance(response, PerMessageDeflateResponse) else None


def agreed_deflate(connection: Connection) -> dict[str, object] | None:
    """The parameters of permessage-deflate (RFC 7692, 7.1) as they are in force; None without it."""
    extension = connection._perMessageCompress
    names = [f"{side}_{name}" for name in ("no_context_takeover", "max_window_bits") for side in ("server", "client")]
    return None if extension is None else {name: getattr(extension, name) for name in names}


def is_inflating_frame(connection: Connection) -> bool:
    """Whether the frame that has begun, and waits for more bytes, belongs to a compressed message."""
    frame = connection.current_frame
    return frame is not None and frame.opcode <= BINARY and connection._isMessageCompressed


def free_decompressor(connection: Connection) -> None:
    """Drop the zlib object for what comes when no later message needs its context: it holds some 40 KiB."""
    extension = connection._perMessageCompress
    assert extension is not None
    if extension.client_no_context_takeover if connection.is_server else extension.server_no_context_takeover:
        extension._decompressor = None


def free_compressor(connection: Connection) -> None:
    """As `free_decompressor`, for what goes out: some 70 KiB."""
    extension = connection._perMessageCompress
    assert extension is not None
    if extension.server_no_context_takeover if connection.is_server else extension.client_no_context_takeover:
        extension._compressor = None
