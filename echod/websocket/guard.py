"""What keeps one connection from harming the others: flow control, keepalive, limits, time slices, and its end."""

from __future__ import annotations

from echod.flow.flow_control import FlowControl
from echod.flow.lingering_close import LingeringClose
from echod.transport.kernel import limit_buffer
from echod.websocket.autobahn.closing import close_of, fail_for_hook, start_close, stop_close_timer
from echod.websocket.autobahn.deflate import forget_deflate
from echod.websocket.autobahn.port import Connection
from echod.websocket.context import ServerContext
from echod.websocket.fast_path import FastPath
from echod.websocket.keepalive import Keepalive
from echod.websocket.time_slices import TimeSlices


class Guard:
    """One for each connection; makes its parts, and ends them.

    Attributes:
        flow: the one owner of reading.
        keepalive: when something was received last.
        fast_path: plain frames, and what the message that is being received may take.
        slices: everything else, a few milliseconds at a time.

    Slices and ending are made when they are needed: most connections are idle, or take the fast path alone.
    """

    __slots__ = ("_connection", "_context", "_ending", "_leaving", "_slices", "fast_path", "flow", "keepalive")

    def __init__(self, connection: Connection, context: ServerContext) -> None:
        self._connection = connection
        self._context = context
        self.flow = FlowControl(connection.transport, context.clock, context.limits.stall_timeout_s, context.counters)
        self.keepalive = Keepalive(connection, context, self.flow)
        self.fast_path = FastPath(connection, context, self.keepalive)
        self._slices: TimeSlices | None = None
        self._ending: LingeringClose | None = None
        self._leaving: tuple[int, str] | None = None

    @property
    def slices(self) -> TimeSlices:
        """What works on received bytes that are no plain frames."""
        if self._slices is None:
            self._slices = TimeSlices(self._connection, self._context, self.flow, self.fast_path)
        return self._slices

    @property
    def ending(self) -> LingeringClose:
        """The last phase of the connection, and its timeout."""
        if self._ending is None:
            limits, transport = self._context.limits, self._connection.transport
            self._ending = LingeringClose(
                transport, self._context.clock, limits.close_timeout_s, self._context.counters
            )
        return self._ending

    def open(self) -> None:
        """The handshake is complete: from now on unread replies stop reading.

        Not before: TLS pauses its producer while it shakes hands, and pausing ours would stop the handshake.
        """
        limit_buffer(self._connection.transport, self._context.limits.write_buffer_bytes)
        self._connection.registerProducer(self.flow, True)
        self.fast_path.open()

    def work(self) -> None:
        """Read frames out of what has been received, in slices; whatever a hook raises fails its connection alone."""
        try:
            self.slices.work()
        except BaseException:
            fail_for_hook(self._connection)
        if self._leaving is not None:
            self._leave(*self._leaving)

    def _leave(self, code: int, reason: str) -> None:
        """Close, or wait for a peer that reads nothing no longer than for its Close."""
        if not self.slices.is_working:
            self._leaving = None
            start_close(self._connection, code, reason)
        elif self.flow.is_full:
            self.ending.start()
        else:
            # The peer has read what was there; what it waits for now is our own work.
            self.ending.stop()

    def leave(self, code: int, reason: str) -> None:
        """Close, once everything that has been read is worked on."""
        self._leaving = code, reason
        self.work()

    def end_input(self) -> None:
        """The peer has closed its direction: it gets what it is owed, then nothing more is to be done."""
        self._let_go()
        # TLS sends close_notify only behind what a producer may still write.
        self._connection.unregisterProducer()
        self.ending.finish()

    def drop(self, abort: bool) -> None:
        """Close TCP: with a reset, or lingering, so that the peer gets everything."""
        if abort:
            self._connection.transport.abortConnection()
        else:
            self._let_go()
            self.ending.start_half_close()

    def _let_go(self) -> None:
        """From now on only the timeout of the ending counts."""
        stop_close_timer(self._connection)
        self.flow.stopProducing()

    def await_close(self) -> None:
        """Our Close is written: a peer that neither answers it nor reads what it is owed before is aborted."""
        stop_close_timer(self._connection)
        self.ending.start()

    def forget_message(self) -> None:
        """Drop what was received of a message that will never be whole."""
        self._connection.frame_data = self._connection.message_data = self.fast_path.incoming = None

    def lost(self) -> None:
        """The connection is gone, and with it everything that waited."""
        if self._connection.failedByMe:
            self._context.counters.count_failed(*close_of(self._connection, was_clean=False))
        self.forget_message()
        # A lost connection may wait long for the garbage collector.
        self._connection.data = b""
        forget_deflate(self._connection)
        stop_close_timer(self._connection)
        self.flow.stopProducing()
        self.fast_path.forget()
        if self._slices is not None:
            self._slices.stop()
        if self._ending is not None:
            self._ending.stop()
