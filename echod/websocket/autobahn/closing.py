"""How a connection closes and fails, in Autobahn's words."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from autobahn.twisted.websocket import WebSocketAdapterProtocol
from autobahn.util import encode_truncate
from twisted.logger import Logger

from echod.errors import CloseCode
from echod.rules.behaviours.grammar import MOST_REASON_BYTES
from echod.websocket.autobahn.state import State, state_of

log = Logger(namespace="echod.websocket")


class Quiet:
    """Autobahn's logger, silenced: it tells what peers do wrong, which is normal, with their bytes in it.

    Its errors, mostly of TLS, are kept at debug level.
    """

    def error(self, text: str, **values: object) -> None:
        log.debug("{text} {values}", text=text, values=values)

    def _drop(self, *_: object, **__: object) -> None:
        """Say nothing."""

    trace = debug = info = warn = _drop


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
