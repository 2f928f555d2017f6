"""`python -m echod.client [URI]`: send each line of the input, print what comes back.

Exit code 0 after a clean close with everything sent, 1 otherwise.
"""

from __future__ import annotations

import argparse
import atexit
import os
import sys
from collections.abc import Sequence
from contextlib import suppress

from twisted.internet.interfaces import IDelayedCall, IReactorTime, ITransport
from twisted.internet.protocol import connectionDone
from twisted.internet.stdio import StandardIO
from twisted.internet.task import react
from twisted.protocols.basic import LineReceiver
from twisted.python.failure import Failure

from echod.api.contract import Contract
from echod.client.note import Note, echo_uri
from echod.client.terminal import Display, complain
from echod.errors import BadSetting, CloseCode, ConnectionClosed, OpenFailed
from echod.settings import DEFAULT_PORT, MIB
from echod.transport.steady import make_steady

SILENCE_S = 1.0
"""How long the client waits for the next message of a server that still owes some."""


class Talk(LineReceiver):
    """The lines of standard input, sent one by one, and what comes back.

    At the end of the input it waits for as many messages as it sent, or for a moment of silence, before it closes:
    a server may answer a Close at once, and then nothing else any more.
    """

    transport: ITransport
    delimiter = b"\n"
    MAX_LENGTH = 16 * MIB

    def __init__(self, clock: IReactorTime) -> None:
        self._clock = clock
        self._display = Display()
        self._silence: IDelayedCall | None = None
        self._owed = 0
        self._begun = bytearray()
        self.contract: Contract | None = None
        self.has_ended = False
        self.all_sent = True

    def dataReceived(self, data: bytes) -> None:
        """Gather a line until its end comes: Twisted would copy all of it again for each piece."""
        self._begun += data
        if self.delimiter in data or len(self._begun) > self.MAX_LENGTH:
            begun, self._begun = bytes(self._begun), bytearray()
            super().dataReceived(begun)

    def lineReceived(self, line: bytes) -> None:
        assert self.contract is not None
        if self.has_ended:
            return
        try:
            self.contract.send(line.removesuffix(b"\r").decode())
            self._owed += 1
        except UnicodeDecodeError as error:
            self._miss(f"not sent: {error}")
        except ConnectionClosed as error:
            self._stop(f"not sent, nor what follows: {error}")

    def lineLengthExceeded(self, line: bytes) -> None:
        self._stop(f"not sent, nor what follows: a line of more than {self.MAX_LENGTH} bytes")

    def _miss(self, why: str) -> None:
        complain(why)
        self.all_sent = False

    def _stop(self, why: str) -> None:
        """Read no more of the input, and exit with 1."""
        if not self.has_ended:
            self._miss(why)
            self.has_ended = True
            self.transport.loseConnection()

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        """The end of the input; what stands behind the last line end is a line too."""
        rest = self.clearLineBuffer() + self._begun
        if rest and not self.has_ended:
            self.lineReceived(rest)
        self.has_ended = True
        self._wait_for_rest()

    def received(self, contract: Contract, data: str | bytes, ext: None) -> None:
        self._owed -= 1
        try:
            self._display.received(contract, data, ext)
        except BrokenPipeError:
            self._lose_output(contract)
        if self.has_ended:
            self._wait_for_rest()

    def closed(self, contract: Contract, code: int, data: str) -> None:
        self._stop_waiting()
        with suppress(BrokenPipeError):
            self._display.closed(contract, code, data)

    def _lose_output(self, contract: Contract) -> None:
        """The reader of standard output has gone: close the connection, and exit with 1."""
        if self.all_sent:
            # So that Python does not complain about what is left in its buffer; not now, as Twisted uses it still.
            atexit.register(os.dup2, os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        self.all_sent = False
        contract.close()

    def _wait_for_rest(self) -> None:
        """Close when nothing is owed, or after a moment of silence."""
        self._stop_waiting()
        assert self.contract is not None
        if self._owed <= 0:
            self.contract.close()
        else:
            self._silence = self._clock.callLater(SILENCE_S, self.contract.close)

    def _stop_waiting(self) -> None:
        if self._silence is not None and self._silence.active():
            self._silence.cancel()


async def run(reactor: IReactorTime, uri: str) -> None:
    """Talk until the input ends or the server closes; exits with 0 when everything was sent and closed cleanly."""
    make_steady(reactor)
    lines = Talk(reactor)
    try:
        lines.contract = await Note().open_websocket(uri, on_message=lines.received, on_close=lines.closed)
    except (OpenFailed, BadSetting) as error:
        complain(str(error))
        raise SystemExit(1) from None
    StandardIO(lines)
    is_clean = await lines.contract.when_closed() in (CloseCode.NORMAL, CloseCode.NO_CODE)
    raise SystemExit(0 if is_clean and lines.has_ended and lines.all_sent else 1)


def main(argv: Sequence[str] | None = None) -> None:
    """The command; ends the process."""
    parser = argparse.ArgumentParser(prog="python -m echod.client", description=__doc__)
    uri = "a WebSocket URI, or 'simple' or 'multi' for those on localhost:9001 (default: simple)"
    parser.add_argument("uri", nargs="?", default="simple", help=uri)
    react(run, [echo_uri(parser.parse_args(argv).uri, "localhost", DEFAULT_PORT)])


if __name__ == "__main__":
    main()
