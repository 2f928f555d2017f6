"""`python -m echod.client [URL]`: send each line of the input, print what comes back.

Exit code 0 after a clean close with everything sent, 1 otherwise.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence

from twisted.internet.interfaces import IDelayedCall, IReactorTime
from twisted.internet.protocol import connectionDone
from twisted.internet.stdio import StandardIO
from twisted.internet.task import react
from twisted.protocols.basic import LineReceiver
from twisted.python.failure import Failure

from echod.client.note import Note, echo_uri
from echod.client.prompt import Display
from echod.client.terminal import complain
from echod.errors import BadSetting, CloseCode, ConnectionClosed, OpenFailed
from echod.settings import DEFAULT_PORT, MIB
from echod.wire.contract import Contract

CLEAN = (CloseCode.NORMAL, CloseCode.NO_CODE)
SILENCE_S = 1.0
"""How long a server that owes us messages may say nothing."""


class Talk(LineReceiver):
    """The lines of standard input, sent one by one, and what comes back.

    At the end of the input it waits for as many messages as it sent, or for a moment of silence, before it closes:
    a server may answer a Close at once, and then nothing else any more.
    """

    delimiter = b"\n"
    MAX_LENGTH = 16 * MIB

    def __init__(self, clock: IReactorTime) -> None:
        self._clock = clock
        self._display = Display()
        self._silence: IDelayedCall | None = None
        self._owed = 0
        self.contract: Contract | None = None
        self.has_ended = False
        self.all_sent = True

    def lineReceived(self, line: bytes) -> None:
        assert self.contract is not None
        try:
            self.contract.send(line.removesuffix(b"\r").decode())
            self._owed += 1
        except (UnicodeDecodeError, ConnectionClosed) as error:
            complain(f"not sent: {error}")
            self.all_sent = False

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        """The end of the input; what stands behind the last line end is a line too."""
        rest = self.clearLineBuffer()
        if rest:
            self.lineReceived(rest)
        self.has_ended = True
        self._wait_for_rest()

    def received(self, contract: Contract, data: str | bytes, ext: None) -> None:
        self._owed -= 1
        self._display.received(contract, data, ext)
        if self.has_ended:
            self._wait_for_rest()

    def closed(self, contract: Contract, code: int, data: str) -> None:
        self._stop_waiting()
        self._display.closed(contract, code, data)

    def _wait_for_rest(self) -> None:
        """Close when nothing is owed, or nothing more comes."""
        self._stop_waiting()
        assert self.contract is not None
        if self._owed <= 0:
            self.contract.close()
        else:
            self._silence = self._clock.callLater(SILENCE_S, self.contract.close)

    def _stop_waiting(self) -> None:
        if self._silence is not None and self._silence.active():
            self._silence.cancel()


async def talk(clock: IReactorTime, uri: str) -> bool:
    """Talk until the input ends or the server closes; whether everything was sent and closed cleanly."""
    lines = Talk(clock)
    lines.contract = await Note().open_websocket(uri, on_message=lines.received, on_close=lines.closed)
    StandardIO(lines)
    code = await lines.contract.when_closed()
    return code in CLEAN and lines.has_ended and lines.all_sent


async def run(reactor: IReactorTime, uri: str) -> None:
    """`talk`, its result as an exit code."""
    try:
        succeeded = await talk(reactor, uri)
    except (OpenFailed, BadSetting) as error:
        complain(str(error))
        succeeded = False
    raise SystemExit(0 if succeeded else 1)


def main(argv: Sequence[str] | None = None) -> None:
    """The command; ends the process."""
    parser = argparse.ArgumentParser(prog="python -m echod.client", description=__doc__)
    parser.add_argument(
        "url",
        nargs="?",
        default="simple",
        help="a WebSocket URI, or 'simple' or 'multi' for those on localhost:9001 (default: simple)",
    )
    url = parser.parse_args(argv).url
    react(run, [echo_uri(url, "localhost", DEFAULT_PORT)])


if __name__ == "__main__":
    main()
