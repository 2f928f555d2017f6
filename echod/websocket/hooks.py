"""What both ends of a WebSocket have in common: the hooks that Autobahn calls, each behind the guard."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from autobahn.util import encode_truncate
from autobahn.websocket.protocol import FrameHeader

from echod.errors import MOST_REASON_BYTES, CloseCode
from echod.rules.websocket.partial_message import gather
from echod.transport.addresses import peer_name
from echod.transport.kernel import waiting_bytes
from echod.websocket import trace
from echod.websocket.autobahn.closing import Quiet, attempt, fail_for_hook, receive_close
from echod.websocket.autobahn.port import Connection
from echod.websocket.autobahn.state import State, is_shaking_hands, state_of
from echod.websocket.context import ServerContext
from echod.websocket.fast_path import FastPath
from echod.websocket.guard import Guard
from echod.websocket.reading import receive_much


class Guarded(Connection):
    """The base of the server's and the client's protocol.

    A subclass calls `guard_with` when its connection is made, and says how whole frames of its peer are taken:
    `take`, `is_masked`, `leaves_frames` and `max_message_bytes` are attributes of its class.
    """

    log = Quiet()
    _isMessageCompressed = False
    guard: Guard
    fast_path: FastPath

    def guard_with(self, context: ServerContext) -> None:
        """The connection is made: its parts begin, and chunks go straight to the fast path."""
        self.guard = Guard(self, context)
        self.fast_path = self.guard.fast_path
        if type(self).dataReceived is Guarded.dataReceived:
            # On the instance: nothing of ours stands between the transport and the loop that takes frames.
            self.dataReceived = self.fast_path.receive  # type: ignore[method-assign]

    @property
    def peer_name(self) -> str:
        """Asked for when it is needed: behind a proxy the transport learns the client's address late."""
        return peer_name(self.transport.getPeer())

    # What comes

    def dataReceived(self, data: bytes) -> None:
        """Bytes have come. A subclass that overrides this sees every chunk."""
        self.fast_path.receive(data)

    def receive_rest(self, data: bytes) -> None:
        """Put behind what waits what the fast path does not take, and work on it."""
        if state_of(self) is State.CLOSED:
            self.guard.ending.drop(data)
        else:
            self.guard.keepalive.hear()
            self.data += data
            self.consumeData()

    def receive_much(self, data: bytes) -> None:
        """A long chunk of several frames."""
        receive_much(self, self.guard, data)

    def receive_messages(self, payloads: Sequence[bytes], is_binary: bool) -> None:
        """Plain messages that came in one chunk. A subclass may answer them all at once."""
        for payload in payloads:
            if state_of(self) is not State.CLOSED:
                self.onMessage(payload, is_binary)

    def consumeData(self) -> None:
        """Work on what has come, in slices once the connection is open."""
        if is_shaking_hands(self):
            super().consumeData()
        else:
            self.guard.work()

    def onCloseFrame(self, code: int | None, reason: bytes | None) -> bool | None:
        receive_close(self, code, reason)
        return None

    def onMessageFrameBegin(self, length: int) -> None:
        """Its announced length is checked before its payload comes."""
        super().onMessageFrameBegin(length)
        self.fast_path.limits.begin_fragment(length)

    def onMessageFrameData(self, payload: bytes) -> None:
        """Kept; small pieces together."""
        if not self.failedByMe:
            assert self.frame_data is not None
            gather(self.frame_data, payload)
        self.fast_path.limits.count(len(payload))

    def onMessageEnd(self) -> None:
        """Of a message that may have failed the connection, or come when it was closing."""
        self.fast_path.limits.end_message()
        if state_of(self) is not State.CLOSED:
            super().onMessageEnd()

    def _onMessage(self, payload: bytes, isBinary: bool) -> None:
        """A message of several frames is whole: an `onMessage` that raises closes its own connection."""
        try:
            self.onMessage(payload, isBinary)
        except BaseException:
            fail_for_hook(self)

    def on(self, event: str, handler: Callable[..., object]) -> None:
        """A listener to Autobahn's events is told of each message, so none may go past Autobahn."""
        super().on(event, handler)
        if hasattr(self, "fast_path"):
            self.fast_path.is_on = False

    def stop_receiving(self) -> None:
        """Drop what was received and not worked on, and all that is to come (RFC 6455, 5.5.1)."""
        self.guard.forget_message()
        self.data = b""
        self.dataReceived = self.guard.ending.drop  # type: ignore[method-assign]

    # What leaves

    def unsent_bytes(self) -> int:
        """Bytes that were sent and are not with the operating system yet."""
        return waiting_bytes(self.transport) + sum(map(len, self.fast_path.replies or ()))

    def sendData(self, data: bytes, sync: bool = False, chopsize: int | None = None) -> None:
        """Behind the replies that wait, and at once, so that there is nothing to do for `sync`."""
        self.fast_path.flush()
        size = chopsize or len(data) or 1
        for start in range(0, len(data), size):
            self.fast_path.write((data[start : start + size],))

    def sendCloseFrame(self, code: int | None = None, reasonUtf8: bytes | None = None, isReply: bool = False) -> None:
        """With our own Close the wait for the peer's begins."""
        super().sendCloseFrame(code, reasonUtf8, isReply)
        if not isReply:
            self.guard.await_close()

    # How it ends

    def leave(self, code: int, reason: str) -> None:
        """Close, once everything that has been read is worked on."""
        self.guard.leave(code, reason)

    def _fail_connection(self, code: int = CloseCode.PROTOCOL_ERROR, reason: str = "") -> None:
        """Fail the WebSocket connection (RFC 6455, 7.1.7): Close, and then nothing that comes is parsed any more."""
        if state_of(self) is State.OPEN:
            self.failedByMe = True
            self.sendCloseFrame(code=code, reasonUtf8=encode_truncate(reason, MOST_REASON_BYTES))
            self.guard.forget_message()
        self.dropConnection(abort=False)

    def _closeConnection(self, abort: bool = False) -> None:
        """End TCP behind the replies that wait; a clean closing handshake is never followed by a reset."""
        self.fast_path.flush()
        self.guard.drop(abort and not self.wasClean)

    def _onClose(self, was_clean: bool, code: int | None, reason: str | None) -> None:
        """Nothing of the connection is left, whatever a subclass does in its `onClose`."""
        self.guard.lost()
        attempt(self, self.onClose, was_clean, code, reason)

    def _sendAutoPing(self) -> None:
        """Only a peer that has been silent for the whole interval gets a ping."""
        if self.guard.keepalive.is_ping_due():
            super()._sendAutoPing()

    def onAutoPingTimeout(self) -> None:
        """A pong is missing."""
        if self.guard.keepalive.has_timed_out():
            super().onAutoPingTimeout()

    # What is logged under `debug`

    def logRxFrame(self, frame: FrameHeader, payload: Sequence[bytes] | None) -> None:
        trace.trace_frame(self.peer_name, "received", frame, b"".join(payload or ()))

    def logTxFrame(self, frame: FrameHeader, payload: bytes, *_: object) -> None:
        trace.trace_frame(self.peer_name, "sent", frame, payload)
