"""The fast path: plain frames, many at a time, past Autobahn's own parser and sender.

How it works. `FastPath.receive` is the connection's `dataReceived`: the transport calls it with each chunk. While the
connection is open without an extension, its frames are not watched, and nothing of a frame or message that Autobahn
has begun is half read, one loop (`rules/websocket/frames.take_masked`) takes all whole plain messages out of the
chunk. `receive_messages` gives them to the endpoint's hook one by one; what the hook sends is gathered in `replies`
and leaves in one write when the last message of the chunk is answered. Whatever is no plain frame (a fragment, a
control frame, a violation) stays in its place for Autobahn, which answers it or fails the connection. A large message
is fed to a `PartialMessage` while it comes. The hook sees no difference.
"""

from __future__ import annotations

from collections.abc import Sequence

from echod.errors import CloseCode
from echod.flow.turn_share import SHORT_BYTES
from echod.rules.websocket.frames import FIRST_BINARY, LONG_MASKED
from echod.rules.websocket.partial_message import PartialMessage, begin_message
from echod.transport.direct_send import is_direct, send, want_bytes
from echod.websocket.autobahn.closing import fail_for_hook
from echod.websocket.autobahn.port import Connection
from echod.websocket.autobahn.state import OPEN, is_watched
from echod.websocket.context import ServerContext
from echod.websocket.keepalive import Keepalive
from echod.websocket.masking import APPLY_MASK
from echod.websocket.message_limits import MessageLimits

FRAME_HOOKS = (
    *("onFrameBegin", "onFrameData", "onFrameEnd", "onMessageBegin", "onMessageFrameBegin", "onMessageFrameData"),
    *("onMessageFrame", "onMessageFrameEnd", "onMessageEnd", "sendFrame", "sendData"),
)
"""A class that overrides one of these sees, or changes, frames: it goes Autobahn's way."""


def may_be_plain(kind: type, own: type) -> bool:
    """Whether a subclass leaves the frames to `own`, from which it is derived."""
    return all(getattr(kind, name) is getattr(own, name) for name in FRAME_HOOKS)


class FastPath:
    """One for each connection.

    Attributes:
        is_on: whether plain frames may be taken; from the opening handshake on, unless they are watched.
        incoming: the large message that is being received.
        replies: what hooks have sent since the chunk began; None between chunks.
    """

    __slots__ = ("_connection", "_context", "_is_direct", "_keepalive", "_limits", "incoming", "is_on", "replies")

    def __init__(self, connection: Connection, context: ServerContext, keepalive: Keepalive) -> None:
        self._connection = connection
        self._context = context
        self._keepalive = keepalive
        self._limits: MessageLimits | None = None
        self._is_direct = is_direct(connection.transport)
        self.is_on = False
        self.incoming: PartialMessage | None = None
        self.replies: list[bytes] | None = None

    @property
    def limits(self) -> MessageLimits:
        """What the message that is being received may take; made for the first that does not come whole."""
        if self._limits is None:
            self._limits = MessageLimits(self._connection, self._context)
        return self._limits

    def open(self) -> None:
        """The opening handshake is complete."""
        self.is_on = self._connection.leaves_frames and not is_watched(self._connection)

    def receive(self, data: bytes, is_its_turn: bool = False) -> None:
        """Bytes have come. After the end, and after a violation, nothing is kept or parsed."""
        connection = self._connection
        is_open = connection.state == OPEN
        if is_open and len(data) > SHORT_BYTES and not is_its_turn and not is_one_frame(data):
            connection.receive_much(data)
            return
        if (
            is_open
            and self.is_on
            and not connection.data
            and self.incoming is None
            and connection.current_frame is None
            and not connection.inside_message
        ):
            keepalive = self._keepalive
            keepalive.heard_at = keepalive.seconds()
            payloads, stop = connection.take(data, connection.max_message_bytes, APPLY_MASK)
            if payloads:
                self.deliver(payloads, data[0] == FIRST_BINARY)
            if stop == len(data):
                return
            data = data[stop:]
        connection.receive_rest(data)

    def is_in_the_middle(self, count: int) -> bool:
        """Whether so many bytes belong to a large message that they do not end."""
        return self.incoming is not None and count < self.incoming.left and not self._connection.data

    def step(self) -> bool:
        """Take from the buffer what can be taken at one go; whether there may be more to take."""
        connection = self._connection
        if self.incoming is not None:
            self._continue_message(self.incoming)
        elif (
            not self.is_on
            or not connection.data
            or connection.current_frame is not None
            or connection.inside_message
            or not self._take_plain()
        ):
            return connection.processData()
        return bool(connection.data)

    def _take_plain(self) -> bool:
        """Take whole messages, or begin a large one; whether there was something to take."""
        connection = self._connection
        data = connection.data
        payloads, stop = connection.take(data, connection.max_message_bytes, APPLY_MASK)
        connection.data = data[stop:]
        if payloads:
            self.deliver(payloads, data[0] == FIRST_BINARY)
            return True
        return self._start_message()

    def _start_message(self) -> bool:
        """Begin a message that is not whole yet; whether there is one."""
        connection = self._connection
        begun = begin_message(
            connection.data, connection.max_message_bytes, is_masked=connection.is_masked, unmask=APPLY_MASK
        )
        if begun is None:
            return False
        self.incoming, start = begun
        connection.data = connection.data[start:]
        want_bytes(connection.transport, self.incoming.length)
        self._continue_message(self.incoming)
        return True

    def _continue_message(self, incoming: PartialMessage) -> None:
        """Feed the message that has begun; give it to its hook when it is whole."""
        connection = self._connection
        data, connection.data = connection.data, b""
        rest = self.feed_message(data)
        if self.incoming is not None:
            connection.data = rest
            if not incoming.left:
                self.limits.end_message()
                self.incoming = None
                want_bytes(connection.transport, 0)
                self.deliver([incoming.payload()], incoming.is_binary)

    def feed_message(self, data: bytes) -> bytes:
        """Feed the message that has begun; what is behind it is given back.

        A violation fails the connection, which then has no message any more.
        """
        assert self.incoming is not None
        try:
            rest = self.incoming.feed(data)
        except ValueError as error:
            self.limits.fail(CloseCode.INVALID_PAYLOAD, str(error))
            return b""
        self.limits.count(len(data) - len(rest))
        return rest

    def deliver(self, payloads: Sequence[bytes], is_binary: bool) -> None:
        """Give messages to their hook; what it sends leaves in one chunk.

        Within a hook of the same connection, as in a test in memory, the replies leave with those of the outer chunk.
        """
        is_within = self.replies is not None
        if not is_within:
            self.replies = []
        try:
            self._connection.receive_messages(payloads, is_binary)
        except BaseException:
            fail_for_hook(self._connection)
        if is_within:
            return
        pieces, self.replies = self.replies, None
        if pieces:
            self.write(pieces)

    def forget(self) -> None:
        """The connection is lost: its unfinished message takes nothing any more."""
        self.incoming = None
        if self._limits is not None:
            self._limits.forget()

    def flush(self) -> None:
        """Send the replies that wait for the end of a chunk, before anything else is sent."""
        if self.replies:
            pieces, self.replies = self.replies, []
            self.write(pieces)

    def write(self, pieces: Sequence[bytes]) -> None:
        """Send bytes, behind whatever waits."""
        if self._is_direct:
            send(self._connection.transport, pieces)
        else:
            self._connection.transport.write(b"".join(pieces))


def is_one_frame(data: bytes) -> bool:
    """Whether this may be one frame of a client and nothing else, which is little work however long it is."""
    return data[1] == LONG_MASKED and (data[2] << 8 | data[3]) + 8 == len(data)
