"""What the server's and the client's protocol have in common: `guarded` gives it to a subclass of Autobahn's.

Functions of the protocol instead of a common base: Autobahn's two classes are what is subclassed, and nothing else.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from autobahn.websocket.protocol import WebSocketProtocol

from echod.rules.websocket.partial_message import gather
from echod.websocket import trace
from echod.websocket.autobahn.closing import Quiet, attempt, fail_connection, receive_guarded
from echod.websocket.autobahn.state import State, drop_transport, is_shaking_hands, ping_when_silent, state_of
from echod.websocket.fast_path import flush, write
from echod.websocket.reading import receive

Protocol = TypeVar("Protocol", bound=WebSocketProtocol)


def consume(protocol: Any) -> None:
    """`consumeData`: work on what has come, in slices once the connection is open."""
    if is_shaking_hands(protocol):
        WebSocketProtocol.consumeData(protocol)
    else:
        protocol.guard.work()


def begin_frame(protocol: Any, length: int) -> None:
    """`onMessageFrameBegin`"""
    WebSocketProtocol.onMessageFrameBegin(protocol, length)
    protocol.guard.begin_fragment(length)


def take_frame_data(protocol: Any, payload: bytes) -> None:
    """`onMessageFrameData`: keep it; small pieces together."""
    if not protocol.failedByMe:
        gather(protocol.frame_data, payload)
    protocol.guard.take(len(payload))


def end_message(protocol: Any) -> None:
    """`onMessageEnd`: of a message that may have failed the connection, or come when it was closing."""
    protocol.guard.end_message()
    if state_of(protocol) is not State.CLOSED:
        WebSocketProtocol.onMessageEnd(protocol)


def receive_each(protocol: Any, payloads: Sequence[bytes], is_binary: bool) -> None:
    """`receive_messages`: plain messages that came in one chunk. A subclass may answer them all at once."""
    for payload in payloads:
        if state_of(protocol) is not State.CLOSED:
            protocol.onMessage(payload, is_binary)


def listen(protocol: Any, event: str, handler: Callable[..., Any]) -> None:
    """`on`: whoever listens to Autobahn's events is told of each message."""
    protocol.is_plain = False
    WebSocketProtocol.on(protocol, event, handler)


def send_data(
    protocol: Any,
    data: bytes,
    sync: bool = False,  # noqa: ARG001 - as Autobahn calls it
    chopsize: int | None = None,
) -> None:
    """`sendData`: behind the replies that wait, and at once, so that there is nothing to do for `sync`."""
    flush(protocol)
    size = chopsize or len(data) or 1
    for start in range(0, len(data), size):
        write(protocol, (data[start : start + size],))


def send_close_frame(
    protocol: Any, code: int | None = None, reasonUtf8: bytes | None = None, isReply: bool = False
) -> None:
    """`sendCloseFrame`: our own Close begins a wait."""
    WebSocketProtocol.sendCloseFrame(protocol, code, reasonUtf8, isReply)
    if not isReply:
        protocol.guard.await_close()


def close_connection(protocol: Any, abort: bool = False) -> None:
    """`_closeConnection`: behind the replies that wait."""
    flush(protocol)
    drop_transport(protocol, abort)


def tell_lost(protocol: Any, was_clean: bool, code: int | None, reason: str | None) -> None:
    """`_onClose`: nothing of the connection is left, whatever a subclass does in its `onClose`."""
    protocol.guard.lost()
    attempt(protocol, protocol.onClose, was_clean, code, reason)


def end_for_silence(protocol: Any) -> None:
    """`onAutoPingTimeout`"""
    if protocol.guard.ping_timed_out():
        WebSocketProtocol.onAutoPingTimeout(protocol)


def log_received(protocol: Any, frame: Any, parts: Any) -> None:
    """`logRxFrame`"""
    trace.trace_frame(protocol.peer_name, "received", frame, trace.join(parts))


def log_sent(protocol: Any, frame: Any, payload: bytes, *_: object) -> None:
    """`logTxFrame`"""
    trace.trace_frame(protocol.peer_name, "sent", frame, payload)


SHARED: dict[str, Any] = {
    "log": Quiet(),
    "is_plain": False,
    "is_direct": False,
    "incoming": None,
    "replies": None,
    "consumeData": consume,
    "dataReceived": receive,
    "logRxFrame": log_received,
    "logTxFrame": log_sent,
    "on": listen,
    "onAutoPingTimeout": end_for_silence,
    "onMessageEnd": end_message,
    "onMessageFrameBegin": begin_frame,
    "onMessageFrameData": take_frame_data,
    "receive_messages": receive_each,
    "sendCloseFrame": send_close_frame,
    "sendData": send_data,
    "_closeConnection": close_connection,
    "_onClose": tell_lost,
    "_fail_connection": fail_connection,
    "_onMessage": receive_guarded,
    "_sendAutoPing": ping_when_silent,
}
"""Attributes of the class: what a connection begins with, and the hooks."""


def guarded(kind: type[Protocol]) -> type[Protocol]:
    """Class decorator: make the hooks, and the state that they need, the class's own.

    The class gives a connection its `guard`, and names what takes whole frames of its peer (`take`, `is_masked`).
    """
    for name, value in SHARED.items():
        setattr(kind, name, value)
    return kind
