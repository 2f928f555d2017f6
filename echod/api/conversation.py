"""What the callbacks of one connection see of it: opened, messages in order, closed; and the guard around them."""

from __future__ import annotations

from collections.abc import Callable

from twisted.logger import Logger
from twisted.python.failure import Failure

from echod.api.arguments import Callbacks
from echod.api.backlog import Backlog
from echod.api.contract import AwaitedPongs, Contract
from echod.api.ending import Ending
from echod.api.serial import SerialQueue
from echod.errors import CloseCode, ConnectionClosed
from echod.flow.flow_control import Hold
from echod.transport.leaving import leave_for
from echod.transport.raised import Raised
from echod.websocket.autobahn.closing import start_close
from echod.websocket.autobahn.state import State
from echod.websocket.context import ServerContext
from echod.websocket.hooks import Guarded

log = Logger()


class Conversation:
    """Makes the contract of a connection, and calls its callbacks, one at a time, for what the connection tells it.

    A callback that raises is logged once and told to `on_error`; then the connection closes with 1011.
    KeyboardInterrupt and SystemExit end the program as well.
    """

    def __init__(self, connection: Conversing, callbacks: Callbacks, context: ServerContext) -> None:
        self._connection = connection
        self._callbacks = callbacks
        self._flow = connection.guard.flow
        self._clock = context.clock
        self._most_waiting = context.limits.waiting_messages
        self._queue = SerialQueue(self._failed, self._count_waiting)
        self._ending = Ending(self._queue, self._failed)
        self._broken = False
        self.pongs = AwaitedPongs(context.clock)
        self._backlog = Backlog(connection, context.clock, context.limits.write_buffer_bytes)
        self.contract = Contract(connection, self._ending, self.pongs, self._backlog, callbacks.door)

    def opened(self) -> None:
        """The opening handshake is complete."""
        if self._callbacks.on_open is not None:
            self._queue.submit(self._callbacks.on_open, self.contract)

    def received(self, payload: bytes, is_binary: bool) -> None:
        """A whole message has come; text is known to be valid UTF-8. None is delivered after a callback raised."""
        if self._callbacks.on_message is not None:
            self._queue.submit(self._deliver, payload if is_binary else payload.decode())

    def end_input(self, end: Callable[[], None]) -> None:
        """The peer has closed its direction: call `end` once all its messages are worked on, unless it is lost before.

        A callback may take its time for that until the keepalive ends the connection: such a peer answers no ping.
        """
        self._queue.when_idle(end)

    def lost(self, code: int, reason: str, *, was_open: bool) -> None:
        """The connection is lost: `on_close` comes after every message before, if the connection `was_open` at all."""
        on_close = self._callbacks.on_close if was_open else None
        self.contract.close_code, self.contract.close_reason = code, reason
        self.pongs.fail(ConnectionClosed(code, reason))
        self._backlog.lose(ConnectionClosed(code, reason))
        self._ending.lose(code, lambda: None if on_close is None else on_close(self.contract, code, reason))

    def _deliver(self, data: str | bytes) -> object:
        """Asked again when it is the message's turn: one before it may have failed."""
        assert self._callbacks.on_message is not None
        return None if self._broken else self._callbacks.on_message(self.contract, data, None)

    def _count_waiting(self, count: int) -> None:
        if count > self._most_waiting:
            self._flow.hold(Hold.CALLBACKS)
        elif count == 0:
            self._flow.release(Hold.CALLBACKS)

    def _failed(self, failure: Failure) -> None:
        """A callback raised. That it could not send to a peer that has gone is normal, and logged at debug level."""
        if failure.check(ConnectionClosed) and self.contract.state is not State.OPEN:
            log.debug("{contract}: {error}", contract=self.contract, error=failure.value)
            return
        self._broken = True
        log.failure("a callback of {contract} raised", Raised(failure), contract=self.contract)
        if self._callbacks.on_error is not None:
            SerialQueue(self._on_error_failed).submit(self._callbacks.on_error, self.contract, failure)
        start_close(self._connection, CloseCode.INTERNAL_ERROR, "")
        leave_for(self._clock, failure.value)

    def _on_error_failed(self, failure: Failure) -> None:
        log.failure("on_error raised", Raised(failure))
        leave_for(self._clock, failure.value)


class Conversing(Guarded):
    """A connection, of either end, that tells a conversation of its messages, pings and pongs."""

    contract: Contract
    conversation: Conversation

    def start_conversation(self, callbacks: Callbacks, context: ServerContext) -> None:
        """Make the contract; once, when the connection is made and has its guard."""
        self.conversation = Conversation(self, callbacks, context)
        self.contract = self.conversation.contract

    def onMessage(self, payload: bytes, is_binary: bool) -> None:
        self.conversation.received(payload, is_binary)

    def sendPing(self, payload: bytes | None = None) -> None:
        self.conversation.pongs.note(payload or b"")
        super().sendPing(payload)

    def onPong(self, payload: bytes) -> None:
        self.conversation.pongs.receive(payload)
