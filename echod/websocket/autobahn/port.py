"""Every name of Autobahn that echod uses and Autobahn does not document, declared with its type, and ours beside them.

`Connection` is the base of both ends of a WebSocket. It declares and does nothing: attributes and methods above the
line are Autobahn's, and the canaries in `tests/websocket/autobahn/` fail when a new Autobahn changes one of them;
what stands below the line is ours, given by `websocket/hooks.py` or later. `tests/test_port.py` keeps the list whole.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, ClassVar

from autobahn.twisted.websocket import WebSocketAdapterProtocol
from autobahn.wamp.types import TransportDetails
from autobahn.websocket.compress import PerMessageDeflate
from autobahn.websocket.protocol import FrameHeader
from twisted.internet.interfaces import IDelayedCall

from echod.transport.interfaces import Transport

Piece = bytes | bytearray


class BatchedTimer:
    """Declared: what Autobahn's factories keep as `_batched_timer`."""

    if TYPE_CHECKING:

        def call_later(self, delay: float, function: Callable[..., object], *args: object) -> IDelayedCall: ...


class Connection(WebSocketAdapterProtocol):
    """One end of a WebSocket: Autobahn's protocol, as the modules of echod see it."""

    CONFIG_ATTRS: ClassVar[Sequence[str]]
    state: int
    data: bytes
    current_frame: FrameHeader | None
    inside_message: bool
    frame_data: list[Piece] | None
    message_data: list[Piece] | None
    message_data_total_length: int
    send_queue: deque[tuple[bytes, bool]]
    logFrames: bool
    logOctets: bool
    trackedTimings: object
    _listeners: Mapping[str, object]
    transport_details: TransportDetails

    wasClean: bool
    failedByMe: bool
    wasNotCleanReason: str | None
    localCloseCode: int | None
    localCloseReason: bytes | None
    remoteCloseCode: int | None
    remoteCloseReason: str | None
    closeHandshakeTimeoutCall: IDelayedCall | None
    autoPingInterval: float
    autoPingTimeout: float
    autoPingPending: bytes | None
    autoPingPendingCall: IDelayedCall | None
    autoPingTimeoutCall: IDelayedCall | None

    websocket_protocol_in_use: str | None
    http_status_line: str
    http_headers: dict[str, str]
    _perMessageCompress: PerMessageDeflate | None
    _isMessageCompressed: bool

    if TYPE_CHECKING:

        def consumeData(self) -> None: ...
        def processData(self) -> bool: ...
        def sendData(self, data: bytes, sync: bool = False, chopsize: int | None = None) -> None: ...
        def sendMessage(
            self,
            payload: bytes,
            isBinary: bool = False,
            fragmentSize: int | None = None,
            sync: bool = False,
            doNotCompress: bool = False,
        ) -> None: ...
        def sendPing(self, payload: bytes | None = None) -> None: ...
        def sendPong(self, payload: bytes | None = None) -> None: ...
        def sendCloseFrame(
            self, code: int | None = None, reasonUtf8: bytes | None = None, isReply: bool = False
        ) -> None: ...
        def dropConnection(self, abort: bool = False) -> None: ...
        def onAutoPingTimeout(self) -> None: ...
        def _sendAutoPing(self) -> None: ...
        def _fail_connection(self, code: int = 1002, reason: str = "") -> None: ...

    # Ours.

    transport: Transport  # type: ignore[assignment]
