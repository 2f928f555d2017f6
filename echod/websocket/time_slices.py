"""A connection works on what it has received for a few milliseconds at a time; then the others have their turn.

How it works. What a chunk leaves in the connection's buffer is parsed by `work`, a step at a time: plain messages, a
frame of Autobahn's, or a piece of a frame that inflates. It stops when the slice is over, when the rate of inflated
bytes is used up, or when too many replies wait to be read by the peer; reading is held meanwhile. Where all
connections together have used their share of this turn of the event loop, it queues for a later one.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import ParamSpec

from twisted.internet.interfaces import IDelayedCall

from echod.flow.flow_control import FlowControl, Hold
from echod.flow.turn_share import SHORT_BYTES
from echod.rules.websocket.inflation import LEAST_BYTES, next_piece
from echod.websocket.autobahn.deflate import ended_streams, is_inflating_frame
from echod.websocket.autobahn.port import Connection
from echod.websocket.autobahn.state import State, state_of
from echod.websocket.context import ServerContext
from echod.websocket.fast_path import FastPath

SLICE_S = 0.004
"""Must stay well below the 20 ms that one packet burst may stall all other connections; a last message comes on top."""

P = ParamSpec("P")


class TimeSlices:
    """Takes frames out of a connection's buffer until none is whole.

    `is_working` means that received bytes wait for a slice; what comes meanwhile stays behind them.
    """

    __slots__ = ("_connection", "_context", "_fast_path", "_flow", "_is_queued", "_later", "_piece")

    def __init__(self, connection: Connection, context: ServerContext, flow: FlowControl, fast_path: FastPath) -> None:
        self._connection = connection
        self._context = context
        self._flow = flow
        self._fast_path = fast_path
        self._later: IDelayedCall | None = None
        self._is_queued = False
        self._piece = LEAST_BYTES

    @property
    def is_working(self) -> bool:
        """Whether something that was received is still to be worked on."""
        return self._is_queued or self._later is not None

    @property
    def is_over(self) -> bool:
        """Whether what comes has to wait for its turn."""
        return self.is_working or self._context.turn_share.is_used_up

    def work(self) -> None:
        """Work for one slice on what is there; what comes while a slice waits for its turn stays behind it."""
        turn_share = self._context.turn_share
        if self.is_working:
            return
        if turn_share.is_used_up and self._connection.data:
            self._queue()
            return
        start = time.perf_counter()
        is_left = self._work_until(start + SLICE_S)
        turn_share.spend(time.perf_counter() - start)
        if not is_left:
            self._flow.release(Hold.WORK)

    def stop(self) -> None:
        """The connection is lost."""
        if self._later is not None:
            self._later.cancel()
            self._later = None
        if self._is_queued:
            self._context.turn_share.withdraw(self._go_on)
            self._is_queued = False

    def take(self, function: Callable[P, object], *args: P.args, **kwargs: P.kwargs) -> None:
        """Call it; the time that it takes counts for the share of this turn."""
        start = time.perf_counter()
        function(*args, **kwargs)
        self._context.turn_share.spend(time.perf_counter() - start)

    def _work_until(self, end: float) -> bool:
        """Step until nothing is left, or one has to wait; whether something is left."""
        connection, step = self._connection, self._fast_path.step
        while state_of(connection) is not State.CLOSED and (
            self._inflate() if is_inflating_frame(connection) else step()
        ):
            wait_s = self._fast_path.limits.wait_s()
            if wait_s:
                self._flow.hold(Hold.WORK)
                self._later = self._context.clock.callLater(wait_s, self._go_on)
                return True
            if self._flow.is_full:
                self._flow.hold(Hold.WORK)
                self._is_queued = True
                self._flow.when_drained(self._queue)
                return True
            if time.perf_counter() > end:
                self._queue()
                return True
        return False

    def _inflate(self) -> bool:
        """Inflate a piece of the frame that has begun; Autobahn would inflate all at once. Whether to go on."""
        connection = self._connection
        data, before = connection.data, connection.message_data_total_length
        piece, connection.data = data[: self._piece], data[: self._piece]
        connection.processData()
        connection.data += data[self._piece :]
        inflated = connection.message_data_total_length - before + len(piece)
        self._piece = next_piece(len(piece), inflated, ended_streams(connection))
        left = len(connection.data)
        # A frame may end without a byte more; and a protocol may have its own reasons to take nothing.
        return left > 0 and (left < len(data) or not is_inflating_frame(connection))

    def _queue(self) -> None:
        self._flow.hold(Hold.WORK)
        self._is_queued = True
        self._context.turn_share.queue(self._go_on, is_short=len(self._connection.data) <= SHORT_BYTES)

    def _go_on(self) -> None:
        self._later, self._is_queued = None, False
        self._connection.consumeData()
