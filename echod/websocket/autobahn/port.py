"""Every name of Autobahn that echod uses and Autobahn does not document, declared with its type, and ours beside them.

`Connection` is the base of both ends of a WebSocket. Attributes and methods above the
line are Autobahn's, and the canaries in `tests/websocket/autobahn/` fail when a new Autobahn changes one of them;
what stands below the line is ours, given by `websocket/hooks.py` or later.
`tests/websocket/autobahn/test_port.py` keeps the list whole.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, ClassVar, Protocol

from autobahn.twisted.websocket import WebSocketAdapterProtocol
from autobahn.wamp.types import TransportDetails
from autobahn.websocket.protocol import FrameHeader
from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IDelayedCall, IReactorTime
from twisted.internet.protocol import Factory
from twisted.internet.protocol import Protocol as TwistedProtocol
from twisted.python.failure import Failure

from echod.rules.websocket.deflate import Agreement, Inflater
from echod.rules.websocket.frames import Take
from echod.transport.interfaces import Transport

Piece = bytes | bytearray


class MessageCodec(Protocol):
    """permessage-deflate as Autobahn's frame parser and sender ask for it, and what we ask of it ourselves."""

    EXTENSION_NAME: ClassVar[str]

    def start_decompress_message(self) -> None: ...
    def decompress_message_data(self, data: bytes, max_output_len: int | None = None) -> bytes: ...
    def end_decompress_message(self) -> None: ...
    def start_compress_message(self) -> None: ...
    def compress_message_data(self, data: bytes) -> bytes: ...
    def end_compress_message(self) -> bytes: ...

    # For ourselves.

    @property
    def agreement(self) -> Agreement: ...
    @property
    def inflater(self) -> Inflater: ...
    def deflate(self, payload: bytes) -> bytes: ...
    def forget(self) -> None: ...


class Timer:
    """What Autobahn asks for time: the clock that was handed in, exactly, instead of buckets on the global reactor."""

    def __init__(self, clock: IReactorTime) -> None:
        self.clock = clock

    def call_later(self, delay: float, function: Callable[..., object], *args: object) -> IDelayedCall:
        """The delayed call of `function`."""
        return self.clock.callLater(delay, function, *args)


class AutobahnFactory(Factory[TwistedProtocol]):
    """A factory of Autobahn's, as far as it is used."""

    _batched_timer: Timer
    countConnections: int
    logFrames: bool
    headers: Mapping[str, str]


class Connection(WebSocketAdapterProtocol):
    """One end of a WebSocket: Autobahn's protocol, as the modules of echod see it."""

    CONFIG_ATTRS: ClassVar[Sequence[str]]
    factory: AutobahnFactory
    is_server: bool
    state: int
    data: bytes
    current_frame: FrameHeader | None
    inside_message: bool
    frame_data: list[Piece] | None
    message_data: list[Piece] | None
    message_data_total_length: int
    tcpNoDelay: bool
    logFrames: bool
    logOctets: bool
    trackedTimings: object
    _listeners: Mapping[str, object]
    _valid_events: Sequence[str]
    transport_details: TransportDetails

    wasClean: bool
    failedByMe: bool
    wasNotCleanReason: str | None
    localCloseCode: int | None
    localCloseReason: bytes | None
    remoteCloseCode: int | None
    remoteCloseReason: str | None
    openHandshakeTimeout: float
    openHandshakeTimeoutCall: IDelayedCall | None
    closeHandshakeTimeoutCall: IDelayedCall | None
    autoPingInterval: float
    autoPingTimeout: float
    autoPingPending: bytes | None
    autoPingPendingCall: IDelayedCall | None
    autoPingTimeoutCall: IDelayedCall | None

    websocket_protocol_in_use: str | None
    websocket_version: int
    _perMessageCompress: MessageCodec | None
    _isMessageCompressed: bool

    if TYPE_CHECKING:

        @property
        def is_open(self) -> Deferred[None]: ...
        def consumeData(self) -> None: ...
        def processData(self) -> bool: ...
        def processHandshake(self) -> None: ...
        def startHandshake(self) -> None: ...
        def failHandshake(self, reason: str) -> None: ...
        def registerProducer(self, producer: object, streaming: bool) -> None: ...
        def onOpen(self) -> None: ...
        def onOpenHandshakeTimeout(self) -> None: ...
        def onMessage(self, payload: bytes, isBinary: bool) -> None: ...
        def onMessageFrameBegin(self, length: int) -> None: ...
        def onMessageFrameData(self, payload: bytes) -> None: ...
        def onMessageEnd(self) -> None: ...
        def onPing(self, payload: bytes) -> None: ...
        def onPong(self, payload: bytes) -> None: ...
        def onCloseFrame(self, code: int | None, reasonRaw: bytes | None) -> bool | None: ...
        def onClose(self, wasClean: bool, code: int | None, reason: str | None) -> None: ...
        def onAutoPingTimeout(self) -> None: ...
        def on(self, event: str, handler: Callable[..., object]) -> None: ...
        def logRxFrame(self, frameHeader: FrameHeader, payload: Sequence[bytes] | None) -> None: ...
        def logTxFrame(self, frameHeader: FrameHeader, payload: bytes, *more: object) -> None: ...
        def sendData(self, data: bytes, sync: bool = False, chopsize: int | None = None) -> None: ...
        def sendFrame(
            self, opcode: int, payload: bytes = b"", fin: bool = True, rsv: int = 0, *, sync: bool = False
        ) -> None: ...
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
        def _connectionLost(self, reason: Failure) -> None: ...
        def _fail_connection(self, code: int = 1002, reason: str = "") -> None: ...
        def unregisterProducer(self) -> None: ...
        def _closeConnection(self, abort: bool = False) -> None: ...
        def _onMessage(self, payload: bytes, isBinary: bool) -> None: ...
        def _onClose(self, wasClean: bool, code: int | None, reason: str | None) -> None: ...
        def _onOpen(self) -> None: ...
        def _sendAutoPing(self) -> None: ...

    # Ours.

    transport: Transport  # type: ignore[assignment]
    take: Take
    is_masked: bool
    leaves_frames: bool
    max_message_bytes: int

    if TYPE_CHECKING:

        def receive_rest(self, data: bytes) -> None: ...
        def receive_much(self, data: bytes) -> None: ...
        def receive_messages(self, payloads: Sequence[bytes], is_binary: bool) -> None: ...
        def leave(self, code: int, reason: str) -> None: ...
        def unsent_bytes(self) -> int: ...
