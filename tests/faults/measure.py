"""What a process costs, read from /proc: memory, descriptors, CPU, and what waits on its sockets; and its time."""

from __future__ import annotations

import math
import os
import signal
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from pathlib import Path

KIB = 1024
MIB = 1024 * KIB
LOOK_AGAIN_S = 0.02


def memory(pid: int) -> int:
    """Resident bytes now."""
    return _status(pid, "VmRSS")


def peak_memory(pid: int) -> int:
    """The most resident bytes since `reset_peak`, or since the start."""
    return _status(pid, "VmHWM")


def reset_peak(pid: int) -> int:
    """Let the peak begin again from what is resident now; that number."""
    Path(f"/proc/{pid}/clear_refs").write_text("5")
    return memory(pid)


def _status(pid: int, name: str) -> int:
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) * KIB for line in lines if line.startswith(f"{name}:"))


def descriptors(pid: int) -> int:
    """How many files and sockets are open."""
    return sum(1 for _ in Path(f"/proc/{pid}/fd").iterdir())


def cpu(pid: int) -> float:
    """Seconds that the main thread has been on a processor, to the nanosecond."""
    return int(Path(f"/proc/{pid}/schedstat").read_text().split()[0]) / 1e9


def waited(pid: int) -> float:
    """Seconds that the main thread has waited for a processor."""
    return int(Path(f"/proc/{pid}/schedstat").read_text().split()[1]) / 1e9


def unread(port: int) -> int:
    """Bytes that have come to the connections of a port, and that its process has not read yet."""
    return sum(_unread(Path(f"/proc/net/{name}").read_text(), f":{port:04X}") for name in ("tcp", "tcp6"))


def _unread(table: str, port: str) -> int:
    rows = [line.split() for line in table.splitlines()[1:]]
    return sum(int(row[4].partition(":")[2], 16) for row in rows if row[1].endswith(port) and row[3] == "01")


def unsent(port: int) -> int:
    """Bytes that clients have sent to a port, and that have not come there yet."""
    return sum(_unsent(Path(f"/proc/net/{name}").read_text(), f":{port:04X}") for name in ("tcp", "tcp6"))


def _unsent(table: str, port: str) -> int:
    rows = [line.split() for line in table.splitlines()[1:]]
    return sum(int(row[4].partition(":")[0], 16) for row in rows if row[2].endswith(port))


@contextmanager
def stopped(pid: int) -> Iterator[None]:
    """The process stands still for the length of the block."""
    os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(pid, signal.SIGCONT)


class Pulse(threading.Thread):
    """A clock that stands still while this process does: what passes between two beats counts for three at most."""

    def __init__(self) -> None:
        super().__init__(daemon=True)
        self._beat = 0.0, time.monotonic()
        self.start()

    def run(self) -> None:
        while True:
            time.sleep(LOOK_AGAIN_S)
            now = time.monotonic()
            self._beat = self._count(now), now

    def seconds(self) -> float:
        return self._count(time.monotonic())

    def _count(self, now: float) -> float:
        counted, last = self._beat
        return counted + min(now - last, 3 * LOOK_AGAIN_S)


@cache
def pulse() -> Pulse:
    """The one of this process."""
    return Pulse()


class Stopwatch:
    """How long something takes; for upper bounds, since what the machine takes from us is left out.

    That is the time in which this process stood still, and in which the one of `pid` waited for a processor.
    """

    def __init__(self, pid: int = 0) -> None:
        self._pid = pid
        self._start = self._now()

    def seconds(self) -> float:
        return max(0.0, self._now() - self._start)

    def _now(self) -> float:
        return pulse().seconds() - (waited(self._pid) if self._pid else 0.0)


def wait_until(condition: Callable[[], bool], timeout: float, what: str, pid: int = 0) -> float:
    """Wait for a condition; how long that took, as a stopwatch has it.

    Raises:
        AssertionError: it did not come about in time.
    """
    watch = Stopwatch(pid)
    while not condition():
        assert watch.seconds() < timeout, f"not within {timeout:g} s: {what}"
        time.sleep(LOOK_AGAIN_S)
    return watch.seconds()


def percentile(values: Sequence[float], share: float) -> float:
    """The value that this share of the values does not exceed; 0 of none."""
    ordered = sorted(values)
    return ordered[max(0, math.ceil(share * len(ordered)) - 1)] if ordered else 0.0
