"""What Autobahn does not document, listed and explained here, in internals_opening.py and in internals_deflate.py.

Names used, on its protocols: `state` and the `STATE_*` numbers, `log`, `data`, `is_open`, `transport_details`,
`wasClean`, `failedByMe`, `wasNotCleanReason`, `localCloseCode`, `localCloseReason`, `remoteCloseCode`,
`remoteCloseReason`, `closeHandshakeTimeout`, `closeHandshakeTimeoutCall`, `autoPingInterval`, `autoPingTimeout`,
`autoPingTimeoutCall`, `autoPingPendingCall`, `autoPingPending`, `_sendAutoPing`, `onAutoPingTimeout`, `http_headers`,
`http_status_line`, `processHandshake`, `failHandshake`, `consumeData`, `processData`, `onCloseFrame`, `onPing`,
`sendPing`, `sendPong`, `sendData`, `sendFrame`, `sendCloseFrame`, `dropConnection`, `_closeConnection`,
`_fail_connection`, `_onOpen`, `_onMessage`, `_onClose`, `frame_data`, `message_data`, `onCloseHandshakeTimeout`,
`registerProducer`, `unregisterProducer`, `current_frame`, `inside_message`, `send_queue`, `logOctets`,
`trackedTimings`, `_listeners`, `logFrames`, `logRxFrame`, `logTxFrame`, `_perMessageCompress`,
`websocket_protocol_in_use`, `CONFIG_ATTRS`; on its factories: `_batched_timer`, `protocols`, `logFrames`.
`tests/websocket/autobahn/test_state.py` fails when a new Autobahn changes one of them. Those who are called for every
chunk ask for `state`, `data`, `current_frame` and `inside_message` themselves, for speed.
"""

from __future__ import annotations

from collections.abc import Callable
from enum import IntEnum
from typing import Any

from autobahn.twisted.websocket import WebSocketAdapterProtocol
from autobahn.util import encode_truncate
from autobahn.websocket.protocol import FrameHeader, WebSocketProtocol
from twisted.internet.interfaces import IDelayedCall, IReactorTime
from twisted.logger import Logger

from echod.errors import CloseCode
from echod.rules.behaviours.grammar import MOST_REASON_BYTES
from echod.rules.http.head import END

log = Logger(namespace="echod.websocket")


class State(IntEnum):
    """Where a connection is in its life; the numbers are those of `WebSocket.readyState` in browsers."""

    CONNECTING = 0
    OPEN = 1
    CLOSING = 2
    CLOSED = 3


STATES = {
    WebSocketProtocol.STATE_CONNECTING: State.CONNECTING,
    WebSocketProtocol.STATE_OPEN: State.OPEN,
    WebSocketProtocol.STATE_CLOSING: State.CLOSING,
    WebSocketProtocol.STATE_CLOSED: State.CLOSED,
}


OPEN = WebSocketProtocol.STATE_OPEN
"""For those who compare it with `state` too often for `state_of`."""


class Quiet:
    """Autobahn's logger, silenced: it tells what peers do wrong, which is normal, with their bytes in it.

    Its errors, mostly of TLS, are kept at debug level.
    """

    def error(self, text: str, **values: object) -> None:
        log.debug("{text} {values}", text=text, values=values)

    def _drop(self, *_: object, **__: object) -> None:
        """Say nothing."""

    trace = debug = info = warn = _drop


class Timer:
    """What Autobahn asks for time: the clock that was handed in, exactly, instead of buckets on the global reactor."""

    def __init__(self, clock: IReactorTime) -> None:
        self._clock = clock

    def call_later(self, delay: float, function: Callable[..., Any], *args: Any, **kwargs: Any) -> IDelayedCall:
        return self._clock.callLater(delay, function, *args, **kwargs)


def state_of(protocol: Any) -> State:
    return STATES.get(protocol.state, State.CONNECTING)


def use_clock(factory: Any, clock: IReactorTime) -> None:
    """Let the timers of every protocol that this factory builds run on `clock`."""
    factory._batched_timer = Timer(clock)


def trace_frames(factory: Any, enabled: bool) -> None:
    """Whether `logRxFrame` and `logTxFrame` are called for every frame."""
    factory.logFrames = enabled


def start_close(protocol: Any, code: int | None, reason: str) -> None:
    """Send our Close, with any code (`sendClose` refuses 1001 and 1011); nothing when it is not open."""
    if state_of(protocol) is State.OPEN:
        protocol.sendCloseFrame(code=code, reasonUtf8=reason.encode() or None)


def close_of(protocol: Any, was_clean: bool) -> tuple[int, str]:
    """How a connection ended: the peer's code and reason, or 1006 when the closing handshake was cut short.

    After a violation by the peer it is our own code: what a violator puts into its Close says nothing.
    """
    if protocol.failedByMe:
        return protocol.localCloseCode, (protocol.localCloseReason or b"").decode()
    if not was_clean:
        return CloseCode.ABNORMAL, ""
    code = protocol.remoteCloseCode
    return CloseCode.NO_CODE if code is None else code, protocol.remoteCloseReason or ""


def known_close(protocol: Any) -> tuple[int, str]:
    """What is known of the end of a connection that is closing: the peer's Close, or ours, or nothing."""
    if protocol.remoteCloseCode is not None:
        return protocol.remoteCloseCode, protocol.remoteCloseReason or ""
    if protocol.localCloseCode is not None:
        return protocol.localCloseCode, (protocol.localCloseReason or b"").decode()
    return CloseCode.NO_CODE, ""


def stop_close_timer(protocol: Any) -> None:
    """The wait for the peer's Close ends with the connection; Autobahn would let it run on."""
    timer, protocol.closeHandshakeTimeoutCall = protocol.closeHandshakeTimeoutCall, None
    if timer is not None:
        timer.cancel()


def is_secure(protocol: Any) -> bool:
    """Whether the transport is TLS."""
    return bool(protocol.transport_details.is_secure)


def answer_of(protocol: Any) -> tuple[str, dict[str, str], bytes]:
    """Status line and headers of the server's answer, as far as they were understood, and what came behind them."""
    body = protocol.data.partition(END)[2]
    return getattr(protocol, "http_status_line", ""), getattr(protocol, "http_headers", {}), body


def log_sent(protocol: Any, opcode: int, payload: bytes, *, fin: bool, rsv: int, mask: bytes) -> None:
    """Autobahn's log of a frame, for those who build the frame themselves."""
    if protocol.logFrames:
        protocol.logTxFrame(FrameHeader(opcode, fin, rsv, len(payload), mask.hex()), payload)


def process_frame(protocol: Any) -> bool:
    """Let Autobahn take a step of one frame; whether there may be another."""
    return bool(protocol.processData())


def carry_options(factory: Any, kind: Any, **more: Any) -> Any:
    """The protocol class with the factory's options, and with `more`, as its own attributes.

    Autobahn would copy some thirty of them onto every connection, which costs 2 KiB each.
    """
    options = {name: getattr(factory, name) for name in kind.CONFIG_ATTRS}
    # As an attribute of a class a function would become a method.
    options["perMessageCompressionAccept"] = staticmethod(options["perMessageCompressionAccept"])
    return type(kind.__name__, (kind,), {**options, **more})


def is_shaking_hands(protocol: Any) -> bool:
    return state_of(protocol) is State.CONNECTING


def ping_when_silent(protocol: Any) -> None:
    """Autobahn's turn to ping: only a peer that has been silent for the whole interval is asked for a sign of life."""
    silent_s = protocol.guard.silent_s()
    if silent_s >= protocol.autoPingInterval:
        WebSocketProtocol._sendAutoPing(protocol)
    else:
        wait = protocol.factory._batched_timer.call_later
        protocol.autoPingPendingCall = wait(protocol.autoPingInterval - silent_s, protocol._sendAutoPing)


def agreed_subprotocol(protocol: Any) -> str | None:
    subprotocol: str | None = protocol.websocket_protocol_in_use
    return subprotocol


def name_subprotocol(protocol: Any, subprotocol: str | None) -> None:
    """What the 101 answer names."""
    protocol.websocket_protocol_in_use = subprotocol


def forget_ping_timeout(protocol: Any) -> None:
    """It has run; Autobahn would cancel it once more when the connection is lost."""
    protocol.autoPingTimeoutCall = None


def ping_again(protocol: Any) -> None:
    """Send the ping whose pong is awaited once more."""
    renew_ping_timeout(protocol)
    protocol.sendPing(protocol.autoPingPending)


def renew_ping_timeout(protocol: Any) -> None:
    """Give the pong that is awaited as long as it had already."""
    call = protocol.factory._batched_timer.call_later(protocol.autoPingTimeout, protocol.onAutoPingTimeout)
    protocol.autoPingTimeoutCall = call


def drop_transport(protocol: Any, abort: bool = False) -> None:
    """Autobahn's wish to close the TCP connection; a clean closing handshake is never followed by a reset."""
    protocol.guard.drop(abort and not protocol.wasClean)


def forget_message(protocol: Any) -> None:
    """Drop what was received of a message that will never be whole."""
    protocol.frame_data = protocol.message_data = protocol.incoming = None


def forget_input(protocol: Any) -> None:
    """Drop what was received and not worked on: a lost connection may wait long for the garbage collector."""
    protocol.data = b""


def open_guarded(protocol: Any) -> None:
    """Autobahn's call of `onOpen`."""
    attempt(protocol, WebSocketAdapterProtocol._onOpen, protocol)


def receive_guarded(protocol: Any, payload: bytes, isBinary: bool) -> None:
    """Autobahn's call of `onMessage`."""
    attempt(protocol, protocol.onMessage, payload, isBinary)


def attempt(protocol: Any, hook: Callable[..., None], *args: Any) -> None:
    """Call a hook of a subclass; if it raises, that is logged once, and its connection closes with 1011."""
    try:
        hook(*args)
    except Exception:
        fail_for_hook(protocol)


def fail_for_hook(protocol: Any) -> None:
    """A hook of a subclass has just raised."""
    log.failure("a hook of {kind} raised", kind=type(protocol).__name__)
    fail_connection(protocol, CloseCode.INTERNAL_ERROR)


def fail_connection(protocol: Any, code: int = CloseCode.PROTOCOL_ERROR, reason: str = "") -> None:
    """Fail the WebSocket connection (RFC 6455, 7.1.7): Close, and then nothing that comes is parsed any more."""
    if state_of(protocol) is State.OPEN:
        protocol.failedByMe = True
        protocol.sendCloseFrame(code=code, reasonUtf8=encode_truncate(reason, MOST_REASON_BYTES))
        forget_message(protocol)
    protocol.dropConnection(abort=False)


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
