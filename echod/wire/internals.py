"""The one place that touches what Autobahn does not document.

Names used, on its protocols: `state` and the `STATE_*` numbers, `log`, `failedByMe`, `wasNotCleanReason`,
`localCloseCode`, `localCloseReason`, `remoteCloseCode`, `remoteCloseReason`, `closeHandshakeTimeoutCall`, `data`,
`websocket_extensions`, `http_headers`, `http_status_line`, `http_request_uri`, `_perMessageCompress`,
`processHandshake`, `failHandshake`, `onCloseFrame`, `sendData`, `sendFrame`, `sendCloseFrame`, `dropConnection`,
`logFrames`, `logRxFrame`, `logTxFrame`; on its factories: `_batched_timer`, `logFrames`.
`tests/wire/test_internals.py` fails when a new Autobahn changes one of them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from enum import IntEnum
from typing import Any

from autobahn.websocket.compress import (
    PerMessageDeflateOffer,
    PerMessageDeflateOfferAccept,
    PerMessageDeflateResponse,
    PerMessageDeflateResponseAccept,
)
from autobahn.websocket.protocol import FrameHeader, WebSocketProtocol
from twisted.internet.interfaces import IDelayedCall, IReactorTime
from twisted.logger import Logger

from echod.errors import CloseCode


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


class Quiet:
    """Autobahn's logger, silenced: it tells what peers do wrong, which is normal, with their bytes in it.

    Its errors, mostly of TLS, are kept at debug level.
    """

    _log = Logger(namespace="echod.wire")

    def error(self, text: str, **values: object) -> None:
        self._log.debug("{text} {values}", text=text, values=values)

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
    if not was_clean:
        return CloseCode.ABNORMAL, ""
    if protocol.failedByMe:
        return protocol.localCloseCode, (protocol.localCloseReason or b"").decode()
    code = protocol.remoteCloseCode
    return CloseCode.NO_CODE if code is None else code, protocol.remoteCloseReason or ""


def known_close(protocol: Any) -> tuple[int, str]:
    """What is known of the end of a connection that is closing: the peer's Close, or ours, or nothing."""
    if protocol.remoteCloseCode is not None:
        return protocol.remoteCloseCode, protocol.remoteCloseReason or ""
    if protocol.localCloseCode is not None:
        return protocol.localCloseCode, (protocol.localCloseReason or b"").decode()
    return CloseCode.NO_CODE, ""


def accept_deflate(offers: Iterable[Any]) -> PerMessageDeflateOfferAccept | None:
    """The first permessage-deflate offer, as the client put it (RFC 7692, 7.1)."""
    return next((PerMessageDeflateOfferAccept(o) for o in offers if isinstance(o, PerMessageDeflateOffer)), None)


def keep_usable_offers(protocol: Any) -> None:
    """Drop extension offers that must be declined, which Autobahn would answer with 400 (RFC 7692, 7.1)."""
    protocol.websocket_extensions = [
        (name, parameters) for name, parameters in protocol.websocket_extensions if _is_usable(name, parameters)
    ]


def _is_usable(name: str, parameters: Any) -> bool:
    if name != PerMessageDeflateOffer.EXTENSION_NAME:
        return False
    try:
        PerMessageDeflateOffer.parse(parameters)
    except Exception:  # Autobahn raises no narrower class for a parameter that cannot be.
        return False
    return True


def deflate(protocol: Any, payload: bytes) -> bytes:
    """A message compressed as negotiated; the zlib object is made at the first call."""
    extension = protocol._perMessageCompress
    extension.start_compress_message()
    return b"".join((extension.compress_message_data(payload), extension.end_compress_message()))


def is_compressing(protocol: Any) -> bool:
    return protocol._perMessageCompress is not None


def stop_close_timer(protocol: Any) -> None:
    """The wait for the peer's Close ends with the connection; Autobahn would let it run on."""
    timer, protocol.closeHandshakeTimeoutCall = protocol.closeHandshakeTimeoutCall, None
    if timer is not None:
        timer.cancel()


def is_secure(protocol: Any) -> bool:
    """Whether the transport is TLS."""
    return bool(protocol.transport_details.is_secure)


def deflate_offers() -> list[PerMessageDeflateOffer]:
    """What a client offers: everything that zlib can do (RFC 7692, 7.1)."""
    return [PerMessageDeflateOffer()]


def accept_deflate_response(response: Any) -> PerMessageDeflateResponseAccept | None:
    """What the server made of our offer, as it is."""
    return PerMessageDeflateResponseAccept(response) if isinstance(response, PerMessageDeflateResponse) else None


def answer_of(protocol: Any) -> tuple[str, dict[str, str]]:
    """Status line and headers of the server's answer, as far as they were understood."""
    return getattr(protocol, "http_status_line", ""), getattr(protocol, "http_headers", {})


def log_sent(protocol: Any, opcode: int, payload: bytes, *, fin: bool, rsv: int, mask: bytes) -> None:
    """Autobahn's log of a frame, for those who build the frame themselves."""
    if protocol.logFrames:
        protocol.logTxFrame(FrameHeader(opcode, fin, rsv, len(payload), mask.hex()), payload)
