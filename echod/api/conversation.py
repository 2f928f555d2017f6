"""What the callbacks of one connection see of it: opened, messages in order, closed; and the guard around them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from twisted.logger import Logger
from twisted.python.failure import Failure

from echod.api.callbacks import Callbacks
from echod.api.contract import Contract
from echod.api.serial import SerialQueue
from echod.errors import CloseCode, ConnectionClosed
from echod.flow.flow_control import FlowControl
from echod.websocket.autobahn.closing import start_close
from echod.websocket.autobahn.state import State

WAITING = "waiting"
"""The reason to stop reading while messages wait for a callback."""

log = Logger()


class Conversation:
    """Serves both ends: a protocol tells it what happened, it calls the callbacks, one at a time.

    A callback that raises is logged once and told to `on_error`; then the connection closes with 1011.
    """

    def __init__(
        self, connection: Any, contract: Contract, callbacks: Callbacks, flow: FlowControl, most_waiting: int
    ) -> None:
        self._connection = connection
        self._contract = contract
        self._callbacks = callbacks
        self._flow = flow
        self._most_waiting = most_waiting
        self._queue = SerialQueue(self._failed, self._count_waiting, contract)
        self._end: tuple[int, str] | None = None
        contract.hurry = self._hurry
        self._broken = False

    def opened(self) -> None:
        """The opening handshake is complete."""
        self._take(self._callbacks.on_open)

    def received(self, payload: bytes, is_binary: bool) -> None:
        """A whole message has come; text is known to be valid UTF-8. None is taken after a callback raised."""
        if self._callbacks.on_message is not None:
            self._queue.submit(self._deliver, payload if is_binary else payload.decode())

    def end_input(self, end: Callable[[], None]) -> None:
        """The peer says nothing more: call `end` once everything that it said is worked on, unless it is lost before.

        How long that may take is for the pings to say, which such a peer cannot answer.
        """
        self._queue.when_idle(end)

    def closed(self, code: int, reason: str) -> None:
        """The connection is lost: `on_close` comes after every message that came before."""
        self._end = code, reason
        self._contract.end(code, reason)
        self._queue.when_idle(self._finish)
        self._hurry()

    def _hurry(self) -> None:
        """A callback that waits for the end of its own connection is not waited for."""
        if self._contract.is_awaited_inside:
            self._finish()

    def _finish(self) -> None:
        """Call `on_close`, once, and tell those who wait for the end."""
        end, self._end = self._end, None
        if end is not None:
            last = SerialQueue(self._failed, lambda _: None, self._contract.ending)
            if self._callbacks.on_close is not None:
                last.submit(self._callbacks.on_close, self._contract, *end)
            last.submit(self._contract.tell_closed)

    def _deliver(self, data: str | bytes) -> Any:
        """Asked again when it is the message's turn: one before it may have failed."""
        assert self._callbacks.on_message is not None
        return None if self._broken else self._callbacks.on_message(self._contract, data, None)

    def _take(self, callback: Any, *args: object) -> None:
        if callback is not None:
            self._queue.submit(callback, self._contract, *args)

    def _count_waiting(self, count: int) -> None:
        if count > self._most_waiting:
            self._flow.hold(WAITING)
        elif count == 0:
            self._flow.release(WAITING)

    def _failed(self, failure: Failure) -> None:
        """A callback raised. That it could not send to a peer who has gone is normal and no fault of its own."""
        if failure.check(ConnectionClosed) and self._contract.state is not State.OPEN:
            log.debug("{contract}: {error}", contract=self._contract, error=failure.value)
            return
        self._broken = True
        log.failure("a callback of {contract} raised", failure, contract=self._contract)
        self._tell_error(failure)
        start_close(self._connection, CloseCode.INTERNAL_ERROR, "")

    def _tell_error(self, failure: Failure) -> None:
        """Call `on_error`; if that raises too, it is logged and nothing more."""
        if self._callbacks.on_error is None:
            return
        turns = SerialQueue(lambda raised: log.failure("on_error raised", raised), lambda _: None)
        turns.submit(self._callbacks.on_error, self._contract, failure)
