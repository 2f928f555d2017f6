"""Well-behaved clients beside an attack, in a process of their own: what happens to them is what counts.

Latencies leave out the time in which the machine kept the daemon or the sentinel from a processor: others may run
on it too, and what they take is no fault of the daemon.

As a program: `python -m tests.faults.sentinel URI PID CLIENTS RATE`. It says `ready`, answers each line on its standard
input with a report as JSON, and ends at the end of its input. `probe` instead of CLIENTS is one client that asks all
the time, to see every stall.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import subprocess
import sys
import time
from collections import deque
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Self

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from tests.faults.measure import percentile

ROOT = Path(__file__).resolve().parent.parent.parent
ANSWER_TIMEOUT_S = 8.0
"""A message that is not answered by then is lost."""
WINDOW = 1000
"""Percentiles are of the last so many messages at least, a second's worth; of fewer they would be the worst case."""
PROBE_PAUSE_S = 0.001


@dataclass
class Report:
    """What the clients have seen since the last report."""

    count: int = 0
    p50_s: float = 0.0
    p99_s: float = 0.0
    worst_s: float = 0.0
    lost: int = 0
    wrong: list[str] = field(default_factory=list)
    """Doubled, reordered or changed replies, and connections that ended early."""
    codes: dict[str, int] = field(default_factory=dict)
    """Close code to the number of clients that got it."""


class FairClock:
    """A clock that stands still while one of two processes, the daemon and this, waits for a processor."""

    def __init__(self, pid: int) -> None:
        self._files = [os.open(f"/proc/{each}/schedstat", os.O_RDONLY) for each in (pid, "self")]

    def seconds(self) -> float:
        return time.perf_counter() - sum(map(self._waited, self._files))

    def _waited(self, file: int) -> float:
        """The second number: nanoseconds in the run queue."""
        try:
            return int(os.pread(file, 100, 0).split()[1]) / 1e9
        except OSError:  # The daemon has ended.
            return 0.0


class Book:
    """Where all clients of one process write down what they see."""

    def __init__(self, pid: int) -> None:
        self._clock = FairClock(pid)
        self.latencies: list[float] = []
        self._recent: deque[float] = deque(maxlen=WINDOW)
        self.waiting: dict[tuple[int, int], float] = {}
        self.wrong: list[str] = []
        self.codes: dict[str, int] = {}

    async def report(self) -> Report:
        """What was seen so far, with the answers that are still to come; then begin anew."""
        asked = set(self.waiting)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(ANSWER_TIMEOUT_S):
                while asked & self.waiting.keys():
                    await asyncio.sleep(PROBE_PAUSE_S)
        values, self.latencies = self.latencies, []
        lost = len(asked & self.waiting.keys())
        self._recent.extend(values)
        many = values if len(values) > WINDOW else list(self._recent)
        figures = (percentile(many, 0.5), percentile(many, 0.99), max(values, default=0.0))
        return Report(len(values), *figures, lost, self.wrong[:10], self.codes)

    def sent(self, client: int, number: int) -> None:
        self.waiting[client, number] = self._clock.seconds()

    def received(self, client: int, number: int, text: object) -> None:
        """The reply to this number must be this text."""
        sent = self.waiting.pop((client, number), None)
        if sent is None or text != name(client, number):
            self.wrong.append(f"client {client} got {str(text)[:60]!r} for {number}")
        else:
            self.latencies.append(max(0.0, self._clock.seconds() - sent))

    def ended(self, client: int, code: int) -> None:
        """What was on its way is not lost when the server said that it closes."""
        self.codes[str(code)] = self.codes.get(str(code), 0) + 1
        if code not in (1000, 1001):
            self.wrong.append(f"client {client} ended with {code}")
        for key in [key for key in self.waiting if key[0] == client]:
            del self.waiting[key]


def name(client: int, number: int) -> str:
    return f"message {number} of client {client}"


class Client:
    """Sends numbered messages at its rate, however slow the replies are, and checks each reply."""

    def __init__(self, number: int, book: Book, connection: ClientConnection) -> None:
        self._number = number
        self._book = book
        self._connection = connection

    async def run(self, interval_s: float, start_s: float) -> None:
        sending = asyncio.create_task(self._send(interval_s, start_s))
        with contextlib.suppress(ConnectionClosed):
            await self._receive()
        sending.cancel()
        with contextlib.suppress(ConnectionClosed, asyncio.CancelledError):
            await sending
        self._book.ended(self._number, self._connection.close_code or 1006)

    async def _send(self, interval_s: float, start_s: float) -> None:
        number, due = 0, time.perf_counter() + start_s
        while True:
            await asyncio.sleep(max(0.0, due - time.perf_counter()))
            self._book.sent(self._number, number)
            await self._connection.send(name(self._number, number))
            # What was missed while the machine stood still is left out: in a burst it would be no rate.
            number, due = number + 1, max(due + interval_s, time.perf_counter())

    async def _receive(self) -> None:
        number = 0
        async for text in self._connection:
            self._book.received(self._number, number, text)
            number += 1


class Probe(Client):
    """Asks again a millisecond after each answer."""

    async def run(self, interval_s: float, start_s: float) -> None:
        number = 0
        with contextlib.suppress(ConnectionClosed):
            while True:
                self._book.sent(self._number, number)
                await self._connection.send(name(self._number, number))
                self._book.received(self._number, number, await self._connection.recv())
                number += 1
                await asyncio.sleep(interval_s)
        self._book.ended(self._number, self._connection.close_code or 1006)


async def main(uri: str, pid: str, clients: str, rate: str) -> None:
    book = Book(int(pid))
    is_probe = clients == "probe"
    kind, count, interval_s = (Probe, 1, PROBE_PAUSE_S) if is_probe else (Client, int(clients), 1 / float(rate))
    connections = [await connect(uri, compression=None, ping_interval=None, open_timeout=20) for _ in range(count)]
    running = [kind(n, book, each).run(interval_s, interval_s * n / count) for n, each in enumerate(connections)]
    tasks = [asyncio.create_task(each) for each in running]
    print("ready", flush=True)
    while await asyncio.to_thread(sys.stdin.readline):
        print(json.dumps(asdict(await book.report())), flush=True)
    await asyncio.gather(*(each.close() for each in connections))
    await asyncio.gather(*tasks)


class Sentinel:
    """The clients' process, seen from a test; ends with the `with` block."""

    def __init__(self, uri: str, pid: int, clients: int | str = 50, rate: float = 20.0) -> None:
        argv = [sys.executable, "-m", "tests.faults.sentinel", uri, str(pid), str(clients), str(rate)]
        self._process = subprocess.Popen(argv, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        try:
            assert self._read_line() == "ready\n", "the sentinel cannot connect"
        except BaseException:
            self.__exit__()
            raise

    def report(self) -> Report:
        """What its clients have seen since the last time."""
        assert self._process.stdin is not None
        self._process.stdin.write("\n")
        self._process.stdin.flush()
        values: dict[str, Any] = json.loads(self._read_line())
        return Report(**values)

    def watch(self, seconds: float) -> Report:
        """What they see in this time from now on."""
        self.report()
        time.sleep(seconds)
        return self.report()

    def _read_line(self) -> str:
        assert self._process.stdout is not None
        return self._process.stdout.readline()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.close()
        try:
            self._process.wait(15)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._process.stdout.close()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
