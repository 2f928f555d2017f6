"""The hooks of Autobahn that the server's and the client's protocol have in common: both take them as their own.

Functions of the protocol instead of a common base: Autobahn's two classes are what is subclassed, and nothing else.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from autobahn.websocket.protocol import WebSocketProtocol

from echod.rules.incoming import gather
from echod.wire import trace
from echod.wire.internals import State, drop_transport, is_shaking_hands, state_of
from echod.wire.plain import flush, hold_back, write


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
    """`onMessageEnd`"""
    protocol.guard.end_message()
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


def send_data(protocol: Any, data: bytes, sync: bool = False, chopsize: int | None = None) -> None:
    """`sendData`: as Autobahn's, behind the replies that wait."""
    flush(protocol)
    if sync or chopsize:
        hold_back(protocol, data, sync=sync, chopsize=chopsize)
    else:
        write(protocol, (data,))


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
