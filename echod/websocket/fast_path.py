"""The fast path: plain frames, many at a time, past Autobahn's own parser and sender.

A connection takes it while it is open without an extension, nobody watches its frames, and nothing of a frame or
message that Autobahn has begun is half read. Whatever is no plain frame (a fragment, a control frame, a violation)
is left to Autobahn, which answers it or fails it. A hook that is called for each message sees no difference; its
replies leave together when the last message of a chunk has been given to it.

Used on a protocol: `is_plain`, `is_masked`, `is_direct`, `leaves_frames`, `incoming`, `replies`, `take`, `guard`,
`max_message_bytes`, `receive_messages`, and what internals.py lists of Autobahn.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from echod.errors import CloseCode
from echod.rules.websocket.frames import FIRST_BINARY
from echod.rules.websocket.partial_message import begin_message
from echod.transport.direct_send import send, want_bytes
from echod.websocket.autobahn.closing import fail_for_hook
from echod.websocket.autobahn.frames import is_between_messages, is_watched, process_frame
from echod.websocket.masking import APPLY_MASK

FRAME_HOOKS = (
    "onFrameBegin",
    "onFrameData",
    "onFrameEnd",
    "onMessageBegin",
    "onMessageFrameBegin",
    "onMessageFrameData",
    "onMessageFrame",
    "onMessageFrameEnd",
    "onMessageEnd",
    "sendFrame",
    "sendData",
)
"""Who overrides one of these wants to see, or to change, frames: such a class goes Autobahn's way."""


def may_be_plain(kind: type, own: type) -> bool:
    """Whether a subclass leaves the frames to `own`, from which it is derived."""
    return all(getattr(kind, name) is getattr(own, name) for name in FRAME_HOOKS)


def step(protocol: Any) -> bool:
    """Take from the buffer what can be taken at one go; whether there may be more to take."""
    if protocol.incoming is not None:
        continue_message(protocol)
    elif not (protocol.is_plain and protocol.data and is_between_messages(protocol) and take_plain(protocol)):
        return process_frame(protocol)
    return bool(protocol.data)


def take_plain(protocol: Any) -> bool:
    """Take whole messages, or begin a large one; whether there was something to take."""
    data = protocol.data
    payloads, stop = protocol.take(data, protocol.max_message_bytes, APPLY_MASK)
    protocol.data = data[stop:]
    if payloads:
        deliver(protocol, payloads, data[0] == FIRST_BINARY)
        return True
    return start_message(protocol)


def start_message(protocol: Any) -> bool:
    """Begin a message that is not whole yet; whether there is one."""
    begun = begin_message(protocol.data, protocol.max_message_bytes, is_masked=protocol.is_masked, unmask=APPLY_MASK)
    if begun is None:
        return False
    protocol.incoming, start = begun
    protocol.data = protocol.data[start:]
    want_bytes(protocol.transport, protocol.incoming.length)
    continue_message(protocol)
    return True


def continue_message(protocol: Any) -> None:
    """Feed the message that has begun; give it to its hook when it is whole."""
    incoming, data = protocol.incoming, protocol.data
    protocol.data = b""
    rest = feed_message(protocol, data)
    if protocol.incoming is not None:
        protocol.data = rest
        if not incoming.left:
            protocol.guard.end_message()
            protocol.incoming = None
            want_bytes(protocol.transport, 0)
            deliver(protocol, [incoming.payload()], incoming.is_binary)


def feed_message(protocol: Any, data: bytes) -> bytes:
    """Feed it; what is behind it is given back. It may fail the connection, which then has no message any more."""
    guard = protocol.guard
    try:
        rest: bytes = protocol.incoming.feed(data)
    except ValueError as error:
        guard.fail(CloseCode.INVALID_PAYLOAD, str(error))
        return b""
    guard.take(len(data) - len(rest))
    return rest


def deliver(protocol: Any, payloads: Sequence[bytes], is_binary: bool) -> None:
    """Give messages to their hook; what it sends leaves in one chunk.

    Within a hook of the same connection, as in a test without sockets, the replies leave with those of the outer chunk.
    """
    is_within = protocol.replies is not None
    if not is_within:
        protocol.replies = []
    try:
        protocol.receive_messages(payloads, is_binary)
    except Exception:
        fail_for_hook(protocol)
    if is_within:
        return
    pieces, protocol.replies = protocol.replies, None
    if pieces:
        write(protocol, pieces)


def flush(protocol: Any) -> None:
    """Send the replies that wait for the end of a chunk, before anything else is sent."""
    if protocol.replies:
        pieces, protocol.replies = protocol.replies, []
        write(protocol, pieces)


def write(protocol: Any, pieces: Sequence[bytes]) -> None:
    """Send bytes, behind whatever waits."""
    if protocol.is_direct:
        send(protocol.transport, pieces)
    else:
        protocol.transport.write(b"".join(pieces))


def can_be_plain(protocol: Any) -> bool:
    """Whether a connection that has just been opened may take this path."""
    return protocol.leaves_frames and not is_watched(protocol)
