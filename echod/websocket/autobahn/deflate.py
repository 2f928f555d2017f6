"""What Autobahn does not document, third part: permessage-deflate (RFC 7692), and the messages that it makes.

Names used, besides those in internals.py, on a protocol: `_perMessageCompress`, `_isMessageCompressed`,
`message_data_total_length`, `perMessageCompressionAccept`; on its extension: `start_compress_message`,
`compress_message_data`, `end_compress_message`, `server_no_context_takeover`, `client_no_context_takeover`,
`server_max_window_bits`, `client_max_window_bits`, `_compressor`, `_decompressor`.
`tests/websocket/autobahn/test_state.py` fails when a new Autobahn changes one of them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from autobahn.websocket.compress import (
    PerMessageDeflateOffer,
    PerMessageDeflateOfferAccept,
    PerMessageDeflateResponse,
    PerMessageDeflateResponseAccept,
)

from echod.rules.websocket.frames import BINARY, COMPRESSED, TEXT
from echod.settings import KIB
from echod.websocket.autobahn.state import State, state_of

MOST_DEFLATED_BYTES = 192 * KIB
"""Larger messages go out as they are, which RFC 7692, 6 allows: to deflate so much takes up to 10 ms, and all wait.

No less: the TestSuite's cases of 131,072 characters, some of several bytes, want their replies compressed.
"""

DEFLATE_PARAMETERS = (
    "server_no_context_takeover",
    "client_no_context_takeover",
    "server_max_window_bits",
    "client_max_window_bits",
)


def accept_deflate(offers: Iterable[Any]) -> PerMessageDeflateOfferAccept | None:
    """The first permessage-deflate offer, as the client put it (RFC 7692, 7.1)."""
    return next((PerMessageDeflateOfferAccept(o) for o in offers if isinstance(o, PerMessageDeflateOffer)), None)


def decline(_: object) -> None:
    """No permessage-deflate, whatever is offered or answered."""


def deflate(protocol: Any, payload: bytes) -> bytes:
    """A message compressed as negotiated; the zlib object is made at the first call."""
    extension = protocol._perMessageCompress
    extension.start_compress_message()
    deflated = b"".join((extension.compress_message_data(payload), extension.end_compress_message()))
    free_compressor(protocol)
    return deflated


def send_whole(protocol: Any, payload: bytes, is_binary: bool, *, may_deflate: bool = True, sync: bool = False) -> None:
    """Send a message in one frame, compressed where that is worth it; nothing when the connection is not open."""
    if state_of(protocol) is State.OPEN:
        compress = may_deflate and is_worth_deflating(protocol, payload)
        body = deflate(protocol, payload) if compress else payload
        protocol.sendFrame(BINARY if is_binary else TEXT, body, rsv=COMPRESSED if compress else 0, sync=sync)


def is_worth_deflating(protocol: Any, payload: bytes) -> bool:
    """Whether to compress a message: when that was negotiated, and does not stall everybody else."""
    return protocol._perMessageCompress is not None and len(payload) <= MOST_DEFLATED_BYTES


def deflate_offers() -> list[PerMessageDeflateOffer]:
    """What a client offers: everything that zlib can do (RFC 7692, 7.1)."""
    return [PerMessageDeflateOffer()]


def accept_deflate_response(response: Any) -> PerMessageDeflateResponseAccept | None:
    """What the server made of our offer, as it is."""
    return PerMessageDeflateResponseAccept(response) if isinstance(response, PerMessageDeflateResponse) else None


def change_deflate(protocol: Any, change: Callable[[Any], Any]) -> None:
    """Let this one connection answer offers of permessage-deflate by what `change` makes of the usual way."""
    protocol.perMessageCompressionAccept = change(protocol.perMessageCompressionAccept)


def agreed_deflate(protocol: Any) -> dict[str, Any] | None:
    """The parameters of permessage-deflate (RFC 7692, 7.1) as they are in force; None without it."""
    extension = protocol._perMessageCompress
    return None if extension is None else {name: getattr(extension, name) for name in DEFLATE_PARAMETERS}


def is_inflating(protocol: Any) -> bool:
    """Whether the message that is being received is compressed."""
    return bool(getattr(protocol, "_isMessageCompressed", False))


def is_inflating_frame(protocol: Any) -> bool:
    """Whether the frame that has begun, and waits for more bytes, belongs to a compressed message."""
    frame = protocol.current_frame
    return frame is not None and frame.opcode <= BINARY and bool(protocol._isMessageCompressed)


def received_bytes(protocol: Any) -> int:
    """Of the message that is being received: what was inflated, and what is announced and not inflated yet."""
    count: int = protocol.message_data_total_length
    return count


def free_decompressor(protocol: Any) -> None:
    """Drop the zlib object for what comes when no later message needs its context: it holds some 40 KiB."""
    extension = protocol._perMessageCompress
    is_server = protocol.factory.isServer
    if extension.client_no_context_takeover if is_server else extension.server_no_context_takeover:
        extension._decompressor = None


def free_compressor(protocol: Any) -> None:
    """As `free_decompressor`, for what goes out: some 70 KiB."""
    extension = protocol._perMessageCompress
    is_server = protocol.factory.isServer
    if extension.server_no_context_takeover if is_server else extension.client_no_context_takeover:
        extension._compressor = None
