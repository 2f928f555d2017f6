"""Standard input and output in the reactor: shared, blocking or not, slow, full, closed, a file or a terminal.

No flag of a descriptor is changed, as Twisted's StandardIO would: what it does not take now is kept until it does.
"""

from __future__ import annotations

import errno
import os
import sys
from collections import deque
from collections.abc import Callable, Iterable
from contextlib import suppress

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IReactorFDSet, IReadDescriptor, IWriteDescriptor
from twisted.python.failure import Failure
from zope.interface import implementer

from echod.errors import printable
from echod.transport.streams import encodable, is_writable, write_all

READ_BYTES = 65_536

ROOM_BYTES = 4096
"""What a blocking pipe that is ready takes without blocking: a page (PIPE_BUF of pipe(7))."""


def complain(text: str) -> None:
    """One harmless line on standard error; nothing where that is closed or full."""
    line = f"echod: {printable(text)}\n"
    with suppress(OSError):
        write_all(sys.stderr, line if sys.stderr is None else encodable(line, sys.stderr))


def fill_standard_descriptors() -> None:
    """Open the null device in the place of those that are closed: a socket would get their numbers."""
    while (opened := os.open(os.devnull, os.O_RDWR)) <= 2:
        pass
    os.close(opened)


class Registered:
    """What the reactor asks of both."""

    def __init__(self, reactor: IReactorFDSet, descriptor: int) -> None:
        self._reactor = reactor
        self._descriptor = descriptor

    def fileno(self) -> int:
        return self._descriptor

    def logPrefix(self) -> str:
        return "echod"


@implementer(IReadDescriptor)
class Input(Registered):
    """Reads while it is started: `read` is called with what comes, `ended` once, with what went wrong or None."""

    def __init__(
        self,
        reactor: IReactorFDSet,
        descriptor: int,
        read: Callable[[bytes], None],
        ended: Callable[[OSError | None], None],
    ) -> None:
        super().__init__(reactor, descriptor)
        self._read = read
        self._ended = ended

    def start(self) -> None:
        self._reactor.addReader(self)

    def stop(self) -> None:
        """Read no more; nothing is told then."""
        self._reactor.removeReader(self)

    def doRead(self) -> None:
        try:
            data = os.read(self._descriptor, READ_BYTES)
        except BlockingIOError:
            return
        except OSError as error:
            self._end(error)
            return
        if data:
            self._read(data)
        else:
            self._end(None)

    def connectionLost(self, reason: Failure) -> None:
        """The other end of a pipe, or a terminal, has gone; or the reactor stops."""
        self._end(None)

    def _end(self, error: OSError | None) -> None:
        self.stop()
        self._ended(error)


@implementer(IWriteDescriptor)
class Output(Registered):
    """Writes pieces in order, as fast as the descriptor takes them; `lost` is told, once, when it takes no more.

    The reactor is not kept waiting by a reader that is slow, or by a terminal that is stopped (Ctrl-S).
    """

    def __init__(self, reactor: IReactorFDSet, descriptor: int, lost: Callable[[OSError], None]) -> None:
        super().__init__(reactor, descriptor)
        self._lost = lost
        self._is_lost = False
        self._pieces: deque[memoryview] = deque()
        self._waiting: list[Deferred[None]] = []

    def write(self, pieces: Iterable[bytes]) -> Deferred[None] | None:
        """Write them, or keep them: a Deferred that fires when nothing is kept any more; None when nothing is."""
        if not self._is_lost:
            self._pieces.extend(map(memoryview, pieces))
            self._work()
        if not self._pieces:
            return None
        self._waiting.append(Deferred())
        self._reactor.addWriter(self)
        return self._waiting[-1]

    def doWrite(self) -> None:
        self._work()
        if not self._pieces:
            self._rest()

    def connectionLost(self, reason: Failure) -> None:
        """The reader of a pipe, or a terminal, has gone; or the reactor stops."""
        self._lose(BrokenPipeError(errno.EPIPE, os.strerror(errno.EPIPE)))

    def stop(self) -> None:
        """Write no more, and tell nothing more: what is told may have nowhere to go either."""
        self._is_lost = True
        self._rest()

    def _rest(self) -> None:
        """Nothing is kept, and nothing waits."""
        self._reactor.removeWriter(self)
        self._pieces.clear()
        waiting, self._waiting = self._waiting, []
        for drained in waiting:
            drained.callback(None)

    def _work(self) -> None:
        try:
            while self._pieces and is_writable(self._descriptor):
                rest = self._pieces[0]
                rest = self._pieces[0] = rest[os.write(self._descriptor, rest[:ROOM_BYTES]) :]
                if not rest:
                    self._pieces.popleft()
        except BlockingIOError:
            # A non-blocking terminal may say that it is ready for less than a byte of what is to be written.
            return
        except OSError as error:
            self._lose(error)

    def _lose(self, error: OSError) -> None:
        was_lost = self._is_lost
        self.stop()
        if not was_lost:
            self._lost(error)
