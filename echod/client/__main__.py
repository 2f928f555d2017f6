"""`python -m echod.client [URI]`: send each line of the input, print what comes back.

Exit code 0 after a clean close with everything sent, a reply for each line, and all of them printed, 1 otherwise.
"""

from __future__ import annotations

import argparse
import errno
import os
import signal
import sys
from collections.abc import Callable, Sequence
from typing import NoReturn, TextIO

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IReactorCore, IReactorFDSet, IReactorFromThreads, IReactorTime
from twisted.internet.task import react

from echod.client.descriptors import Input, Output, complain, fill_standard_descriptors
from echod.client.note import Note, echo_uri
from echod.client.talk import Page, Talk
from echod.errors import EchodError
from echod.rules.quantities import time
from echod.settings import DEFAULT_PORT
from echod.transport.steady import make_steady
from echod.transport.streams import write_all

WAIT = time(0.0, 86_400.0)
LEAVE_S = 1.0
"""After Ctrl-C or SIGTERM, for the server's answer to our Close; a second one ends at once."""
BY_SIGNAL = 128
"""Added to the number of the signal in the exit code, as shells do."""


class Reactor(IReactorCore, IReactorFDSet, IReactorFromThreads, IReactorTime):
    """What is asked of the reactor."""


class Command:
    """One run of the command."""

    def __init__(self, reactor: Reactor, out: TextIO, wait_s: float) -> None:
        self._reactor = reactor
        self._output = Output(reactor, out.fileno(), lambda error: self._talk.lose_output(error))
        source = Input(reactor, 0, lambda data: self._talk.read(data), lambda error: self._talk.ended(error))
        self._talk = Talk(reactor, source, Page(out, self._output).show, wait_s)
        self._end: Deferred[int] = Deferred()
        self._killed = 0

    def run(self, uri: str) -> Deferred[int]:
        """Talk until the input ends, the server closes or a signal comes; fires with the exit code."""
        self._reactor.callWhenRunning(on_signals, self._reactor, self.leave)
        Deferred.fromCoroutine(self._talk_to(uri)).addCallbacks(self._finish, self._end.errback)
        return self._end

    def leave(self, number: int) -> None:
        """A signal: close the connection, with a moment for the answer; end at once if there is none, or at another."""
        is_first, self._killed = not self._killed, BY_SIGNAL + number
        if is_first and self._talk.leave():
            self._reactor.callLater(LEAVE_S, self._finish, self._killed)
        else:
            self._finish(self._killed)

    async def _talk_to(self, uri: str) -> int:
        talk = self._talk
        try:
            contract = await Note().open_websocket(
                uri, on_open=talk.opened, on_message=talk.received, on_close=talk.closed
            )
        except EchodError as error:
            if not self._killed:
                complain(str(error))
            return 1
        return 0 if talk.is_good(await contract.when_closed()) else 1

    def _finish(self, code: int) -> None:
        if not self._end.called:
            self._end.callback(self._killed or code)
            # Behind it: what waits for the output ends here, and with it perhaps the connection.
            self._output.stop()


async def run(reactor: Reactor, out: TextIO, uri: str, wait_s: float) -> NoReturn:
    """What `react` calls."""
    make_steady(reactor)
    raise SystemExit(await Command(reactor, out, wait_s).run(uri))


def on_signals(reactor: IReactorFromThreads, leave: Callable[[int], None]) -> None:
    """Call it in the reactor on Ctrl-C, unless that was ignored from the start, and on SIGTERM."""
    for number in (signal.SIGINT, signal.SIGTERM):
        if signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, lambda number, _: reactor.callFromThread(leave, number))


def parse_wait(text: str) -> float:
    try:
        return WAIT.parse(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"{text!r} is not {error}") from None


def make_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m echod.client", description=__doc__, add_help=False)
    uri = "a WebSocket URI, or 'simple' or 'multi' for those on localhost:9001 (default: simple)"
    wait = (
        "after the end of the input, wait until nothing has come for TIME while a reply to a line is missing, and for "
        "TIME once none is, before closing: seconds, or 250ms, 2s, 1m (default: 1s); with 0 no reply is waited for"
    )
    parser.add_argument("uri", nargs="?", default="simple", help=uri)
    parser.add_argument("-h", "--help", action="store_true", help="show this help message and exit")
    parser.add_argument("--wait", metavar="TIME", type=parse_wait, default=1.0, help=wait)
    return parser


def print_help(text: str) -> NoReturn:
    """Argparse would not tell that it cannot be written."""
    try:
        write_all(sys.stdout, text)
    except OSError as error:
        refuse(f"cannot write standard output: {error.strerror}")
    raise SystemExit(0)


def refuse(why: str) -> NoReturn:
    complain(why)
    # Python would complain too, of what is left in its buffer.
    sys.stdout = None
    raise SystemExit(1)


def standard_output() -> TextIO:
    """Standard output; a SystemExit after one line if that, or standard input, is closed."""
    for doing, stream in (("read standard input", sys.__stdin__), ("write standard output", sys.__stdout__)):
        if stream is None:
            refuse(f"cannot {doing}: {os.strerror(errno.EBADF)}")
    fill_standard_descriptors()
    assert sys.__stdout__ is not None
    return sys.__stdout__


def main(argv: Sequence[str] | None = None) -> NoReturn:
    """The command; ends the process."""
    parser = make_parser()
    words = parser.parse_args(argv)
    if words.help:
        print_help(parser.format_help())
    react(run, [standard_output(), echo_uri(words.uri, "localhost", DEFAULT_PORT), words.wait])


if __name__ == "__main__":
    main()
