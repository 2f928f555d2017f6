"""The client under test: it echoes whatever a fuzzing server sends, case after case.

    python -m tests.conformance.testee ws://127.0.0.1:9001 AGENT

Works against kosoku and against the original TestSuite, which speak the same four paths.
Only the public face of echod may be used here: it is what is tested.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator

from twisted.internet.defer import Deferred, gatherResults
from twisted.internet.interfaces import IReactorTime
from twisted.internet.task import react

import echod

PARALLEL_CASES = 4
# Must be longer than any case may take; the fuzzing server ends a case itself long before.
CASE_LIMIT_S = 300.0

Data = str | bytes
OnMessage = Callable[[echod.Contract, Data, object], None]


def echo(contract: echod.Contract, data: Data, _ext: object) -> None:
    """Answer with the same message, unless the connection is already closing.

    A data frame may follow a Close in the same read; answering it would spoil the closing handshake.
    """
    if contract.state is echod.State.OPEN:
        contract.send(data)


async def visit(reactor: IReactorTime, uri: str, on_message: OnMessage) -> None:
    """Open `uri` and wait until the connection has ended.

    Raises:
        TimeoutError: it has not ended within CASE_LIMIT_S; it is being closed.
        Exception: it cannot be opened.
    """
    ended: Deferred[None] = Deferred()
    contract = await echod.open_websocket(uri, on_message=on_message, on_close=lambda *_: ended.callback(None))
    try:
        await ended.addTimeout(CASE_LIMIT_S, reactor)
    except TimeoutError:
        echod.close_websocket(contract)
        raise


async def ask(reactor: IReactorTime, uri: str) -> str:
    """The one message that the fuzzing server sends on `uri` before it closes."""
    answers: list[Data] = []
    await visit(reactor, uri, lambda _contract, data, _ext: answers.append(data))
    (answer,) = answers
    return str(answer)


async def run_cases(reactor: IReactorTime, uris: Iterator[str]) -> None:
    """Visit one case after the other, whatever becomes of each: the fuzzing server is the judge."""
    for uri in uris:
        try:
            await visit(reactor, uri, echo)
        except Exception as error:
            print(f"{uri}: {type(error).__name__}: {error}", file=sys.stderr)


async def run_suite(reactor: IReactorTime, url: str, agent: str) -> None:
    """Run every case that the fuzzing server offers, a few at a time, then have it write its reports."""
    count = int(await ask(reactor, f"{url}/getCaseCount"))
    uris = (f"{url}/runCase?case={number}&agent={agent}" for number in range(1, count + 1))
    workers = [Deferred.fromCoroutine(run_cases(reactor, uris)) for _ in range(PARALLEL_CASES)]
    await gatherResults(workers, consumeErrors=True)
    await visit(reactor, f"{url}/updateReports?agent={agent}", echo)


def main(reactor: IReactorTime, url: str, agent: str) -> Deferred[None]:
    return Deferred.fromCoroutine(run_suite(reactor, url, agent))


if __name__ == "__main__":
    react(main, sys.argv[1:])
