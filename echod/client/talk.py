"""What the command does between its handshake and its end: lines of the input go out, messages come back as lines."""

from __future__ import annotations

import codecs
from collections.abc import Callable, Iterator
from typing import Protocol, TextIO

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IDelayedCall, IReactorTime

from echod.api.contract import Contract
from echod.client.descriptors import Output, complain
from echod.client.terminal import closed_line, lay_out, received_line
from echod.errors import CloseCode, ConnectionClosed
from echod.rules.quantities import show_time
from echod.settings import MIB

GREETING_S = 0.1
"""After the handshake, before the first line is sent: what comes meanwhile is the greeting of a server, no reply."""

MOST_LINE_BYTES = 16 * MIB


class Source(Protocol):
    """Where lines come from."""

    def start(self) -> None: ...
    def stop(self) -> None: ...


class Lines:
    """Cuts what is read into lines."""

    def __init__(self) -> None:
        self.begun = bytearray()

    def feed(self, data: bytes) -> Iterator[bytes]:
        """The lines that end in these bytes; what stands behind them has `begun`."""
        *ends, rest = data.split(b"\n")
        for end in ends:
            self.begun += end
            yield self.take()
        self.begun += rest

    def take(self) -> bytes:
        """What has begun is a line."""
        line, self.begun = bytes(self.begun), bytearray()
        return line.removesuffix(b"\r")


class Page:
    """Lines of the output, in its encoding."""

    def __init__(self, out: TextIO, output: Output) -> None:
        self._out = out
        self._output = output
        self._encoder = codecs.getincrementalencoder(out.encoding)()

    def show(self, line: str) -> Deferred[None] | None:
        """Print a line; where it cannot be written yet, a Deferred that fires when it is."""
        return self._output.write(self._encoder.encode(piece) for piece in lay_out(line, self._out))


class Talk:
    """The lines of the input, sent one by one, and what comes back; `is_good` tells at the end whether all went well.

    A server may answer a Close at once, and then nothing else any more. So at the end of the input it waits: while
    replies are owed, one for each line, until nothing has come for `wait_s`; and once none is, for `wait_s` more.
    """

    def __init__(
        self, clock: IReactorTime, source: Source, show: Callable[[str], Deferred[None] | None], wait_s: float
    ) -> None:
        self._clock = clock
        self._source = source
        self._show = show
        self._wait_s = wait_s
        self._lines = Lines()
        self._contract: Contract | None = None
        self._timer: IDelayedCall | None = None
        self._sent = self._owed = 0
        self._has_ended = self._is_last_wait = False
        self._is_complete = True

    def opened(self, contract: Contract) -> None:
        """An `on_open`."""
        self._contract = contract
        self._timer = self._clock.callLater(GREETING_S, self._source.start)

    def received(self, contract: Contract, data: str | bytes, ext: None) -> Deferred[None] | None:
        """An `on_message`; the next one waits until this is written."""
        if self._sent:
            self._owed -= 1
        if self._has_ended:
            self._wait()
        return self._show(received_line(data))

    def closed(self, contract: Contract, code: int, data: str) -> Deferred[None] | None:
        """An `on_close`."""
        self._source.stop()
        self._stop_waiting()
        self._is_complete &= self._has_ended
        if self.is_good(code) and self._owed > 0 and self._wait_s:
            self._miss(f"no reply to {self._owed} of {self._sent} lines within {show_time(self._wait_s)}")
        return self._show(closed_line(code, data))

    def is_good(self, code: int) -> bool:
        """Whether a connection that ended with this code lost nothing."""
        return self._is_complete and code in (CloseCode.NORMAL, CloseCode.NO_CODE)

    def read(self, data: bytes) -> None:
        """Of the input."""
        for line in self._lines.feed(data):
            self._send(line)
        if len(self._lines.begun) > MOST_LINE_BYTES:
            self._refuse_long()

    def ended(self, error: OSError | None) -> None:
        """The input is over; what stands behind its last line end is a line too."""
        if error:
            self._stop(f"cannot read standard input: {error.strerror}")
        if self._lines.begun:
            self._send(self._lines.take())
        if not self._has_ended:
            self._has_ended = True
            self._wait()

    def lose_output(self, error: OSError) -> None:
        """Nothing more can be shown: close the connection, and read no more."""
        self._miss(f"cannot write standard output: {error.strerror}")
        self._has_ended = True
        self._source.stop()
        self._close()

    def leave(self) -> bool:
        """Send no more and close the connection; whether there is one."""
        self._has_ended = True
        self._is_complete = False
        self._source.stop()
        self._close(CloseCode.GOING_AWAY)
        return self._contract is not None

    def _close(self, code: int = CloseCode.NORMAL) -> None:
        if self._contract is not None:
            self._contract.close(code)

    def _send(self, line: bytes) -> None:
        if self._has_ended:
            return
        if len(line) > MOST_LINE_BYTES:
            self._refuse_long()
            return
        assert self._contract is not None
        try:
            self._contract.send(line.decode())
        except UnicodeDecodeError as error:
            self._miss(f"not sent: {error}")
        except ConnectionClosed as error:
            self._stop(f"not sent, nor what follows: {error}")
        else:
            self._sent += 1
            self._owed += 1

    def _refuse_long(self) -> None:
        self._stop(f"not sent, nor what follows: a line of more than {MOST_LINE_BYTES} bytes")

    def _miss(self, why: str) -> None:
        self._is_complete = False
        complain(why)

    def _stop(self, why: str) -> None:
        """Read no more of the input, say why, and wait for the rest."""
        if not self._has_ended:
            self._miss(why)
            self._has_ended = True
            self._source.stop()
            self._wait()

    def _wait(self) -> None:
        """For the rest; begins again with each message, until no more are owed."""
        if self._is_last_wait:
            return
        self._stop_waiting()
        self._is_last_wait = self._owed <= 0
        self._timer = self._clock.callLater(self._wait_s, self._close)

    def _stop_waiting(self) -> None:
        if self._timer is not None and self._timer.active():
            self._timer.cancel()
