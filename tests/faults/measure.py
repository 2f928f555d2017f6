"""What a process costs, read from /proc: memory, descriptors, CPU, and what waits on its sockets."""

from __future__ import annotations

import math
import os
import signal
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
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


def wait_until(condition: Callable[[], bool], timeout: float, what: str) -> float:
    """Wait for a condition; how long that took.

    Raises:
        AssertionError: it did not come about in time.
    """
    start = time.monotonic()
    while not condition():
        assert time.monotonic() - start < timeout, f"not within {timeout:g} s: {what}"
        time.sleep(LOOK_AGAIN_S)
    return time.monotonic() - start


def percentile(values: Sequence[float], share: float) -> float:
    """The value that this share of the values does not exceed; 0 of none."""
    ordered = sorted(values)
    return ordered[max(0, math.ceil(share * len(ordered)) - 1)] if ordered else 0.0
