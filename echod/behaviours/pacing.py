"""The way out of a connection that was asked for a pace: bytes leave in pieces, each in its own turn.

The writer is the pull producer of the lowest transport, which asks for more when it has nothing left: so a piece is
written when the one before has left, and "drained" means that the operating system has everything. At its own end it
tells the flow control of the connection, as a transport would, when bytes wait and when they have left.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from functools import partial

from twisted.internet.interfaces import IPullProducer, IReactorTime
from zope.interface import implementer

from echod.flow.flow_control import FlowControl
from echod.flow.timers import Timer
from echod.settings import KIB
from echod.transport.interfaces import Transport
from echod.transport.kernel import bytes_unsent, socket_transport

PIECE_BYTES = 8 * KIB
"""At one go where nothing else is asked; in frames of one byte that is some milliseconds of work."""

FIRST_LOOK_S, LAST_LOOK_S = 0.001, 0.1
"""Between two looks whether a segment has been sent; each pause is twice as long as the one before."""

PIECES_PER_S = 10
"""Where a rate is asked for."""

ROOM_BYTES = 64 * KIB
"""While more is owed, nothing new is to be begun."""

MESSAGE_BYTES = 128
"""What each counts for besides its size, so that one turn makes some hundreds at the most."""


@implementer(IPullProducer)
class PacedWriter:
    """Writes frames in order. `on_room` is called whenever something has left.

    Args:
        chop: most bytes of a TCP segment; None: as it comes.
        rate: bytes a second once there is a `flow`, which is when the connection is open; None: as they are taken.
    """

    def __init__(
        self, transport: Transport, clock: IReactorTime, chop: int | None, rate: int | None, on_room: Callable[[], None]
    ) -> None:
        self._transport = transport
        self._chop, self._rate = chop, rate
        self._on_room = on_room
        self._messages: deque[tuple[Iterator[bytes], int]] = deque()
        self._rest = memoryview(b"")
        self._turn, self._again = Timer(clock), Timer(clock)
        self._is_leaving = self._is_shut = self.is_hurried = False
        self._drained: list[Callable[[], None]] = []
        self.owed = 0
        self.flow: FlowControl | None = None

    def open(self) -> None:
        """From now on the transport asks for more."""
        socket_transport(self._transport).registerProducer(self, False)

    def attach(self, flow: FlowControl) -> None:
        """The connection is open: from now on this is told what leaves and what does not, and the rate holds."""
        self.flow = flow
        if self._is_leaving:
            flow.pauseProducing()

    def close(self) -> None:
        """The transport is left to others."""
        socket_transport(self._transport).unregisterProducer()

    def has_room(self) -> bool:
        """Whether something new may be begun."""
        return self.owed < ROOM_BYTES

    def write(self, data: bytes) -> None:
        """Write these bytes after all others."""
        self.send(iter((data,)), len(data))

    def send(self, frames: Iterator[bytes], size: int) -> None:
        """Write these frames after all others; they are made when their turn comes. `size` is what they stand for."""
        if not self._is_shut:
            weight = size + MESSAGE_BYTES
            self.owed += weight
            self._messages.append((frames, weight))
            self._work()

    def when_drained(self, action: Callable[[], None]) -> None:
        """Call it once, when everything has left."""
        self._drained.append(action)
        self._work()

    def hurry(self) -> None:
        """Send what is owed, and all that comes, as fast as it is taken."""
        self.is_hurried = True
        self._rate = None
        self._end_pace()
        self._work()

    def shut(self) -> None:
        """Drop what has not left, and whatever comes."""
        self._is_shut = True
        self._messages.clear()
        self._rest = memoryview(b"")
        self._drained.clear()
        self.owed = 0
        self._end_pace()

    stopProducing = shut

    def resumeProducing(self) -> None:
        """The transport has nothing left."""
        self._look(FIRST_LOOK_S)

    def _look(self, again_s: float) -> None:
        """Whether the segment has been sent, if the next must not join it."""
        if self._chop is not None and bytes_unsent(self._transport):
            self._again.start(again_s, partial(self._look, min(2 * again_s, LAST_LOOK_S)))
            return
        self._tell_left()
        self._work()

    def _tell_left(self) -> None:
        """What was written has left: the flow control need not wait for it."""
        self._is_leaving = False
        if self.flow is not None:
            self.flow.resumeProducing()

    def _end_pace(self) -> None:
        """Nothing waits for its turn, or for a segment to be sent."""
        self._chop = None
        self._turn.stop()
        if self._again.is_running:
            self._again.stop()
            self._tell_left()

    def _work(self) -> None:
        """Write a piece if it is its turn, or say that nothing is left."""
        if self._is_shut:
            self._tell_drained()
            return
        if self._is_leaving or self._turn.is_running:
            return
        piece = self._next_piece()
        if piece:
            self._write(piece)
        else:
            self._tell_drained()
        self._on_room()

    def _tell_drained(self) -> None:
        drained, self._drained = self._drained, []
        for action in drained:
            action()

    def _write(self, piece: bytes) -> None:
        self._is_leaving = True
        if self._rate is not None and self.flow is not None:
            self._turn.start(len(piece) / self._rate, self._work)
        self._transport.write(piece)
        if self.flow is not None:
            self.flow.pauseProducing()

    def _next_piece(self) -> bytes:
        """As many bytes as may leave at one go."""
        most = self._most_bytes()
        piece = bytearray()
        while len(piece) < most and (self._rest or self._next_frame()):
            taken = self._rest[: most - len(piece)]
            self._rest = self._rest[len(taken) :]
            piece += taken
        return bytes(piece)

    def _most_bytes(self) -> int:
        if self._chop is not None:
            return self._chop
        if self._rate is None or self.flow is None:
            return PIECE_BYTES
        return min(PIECE_BYTES, max(1, self._rate // PIECES_PER_S))

    def _next_frame(self) -> bool:
        """Make the next frame what is left to write; whether there was one."""
        while self._messages:
            frames, weight = self._messages[0]
            frame = next(frames, None)
            if frame is not None:
                self._rest = memoryview(frame)
                return True
            self._messages.popleft()
            self.owed -= weight
        return False
