"""`python -m echod.client [URL]`: send each line of the input, print what comes back.

Exit code 0 after a clean close with everything sent, 1 otherwise.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence

from twisted.internet.defer import Deferred
from twisted.internet.protocol import connectionDone
from twisted.internet.stdio import StandardIO
from twisted.internet.task import react
from twisted.protocols.basic import LineReceiver
from twisted.python.failure import Failure

from echod.client.note import Note, echo_uri, print_closed, print_received
from echod.client.terminal import complain
from echod.errors import BadSetting, CloseCode, ConnectionClosed, OpenFailed
from echod.settings import DEFAULT_PORT, MIB
from echod.wire.contract import Contract

CLEAN = (CloseCode.NORMAL, CloseCode.NO_CODE)


class Lines(LineReceiver):
    """The lines of standard input, sent one by one; `ended` fires at its end."""

    delimiter = b"\n"
    MAX_LENGTH = 16 * MIB

    def __init__(self, contract: Contract) -> None:
        self._contract = contract
        self.all_sent = True
        self.ended: Deferred[None] = Deferred()

    def lineReceived(self, line: bytes) -> None:
        try:
            self._contract.send(line.removesuffix(b"\r").decode())
        except (UnicodeDecodeError, ConnectionClosed) as error:
            complain(f"not sent: {error}")
            self.all_sent = False

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        """The end of the input; what stands behind the last line end is a line too."""
        rest = self.clearLineBuffer()
        if rest:
            self.lineReceived(rest)
        self.ended.callback(None)


async def talk(uri: str) -> bool:
    """Talk until the input ends or the server closes; whether everything was sent and closed cleanly."""
    contract = await Note().open_websocket(uri, on_message=print_received, on_close=print_closed)
    lines = Lines(contract)
    StandardIO(lines)
    lines.ended.addCallback(lambda _: contract.close())
    code = await contract.when_closed()
    return code in CLEAN and lines.ended.called and lines.all_sent


async def run(_: object, uri: str) -> None:
    """`talk`, its result as an exit code."""
    try:
        succeeded = await talk(uri)
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
