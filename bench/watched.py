"""`python -m bench.watched …`: twistd with these arguments, as always, but on SIGUSR2 it tells what memory it uses.

Resident memory does not show a leak: what was freed stays with the process for a while, and its blocks have gaps.
"""

from __future__ import annotations

import ctypes
import gc
import os
import signal
import sys
from types import FrameType

from twisted.scripts.twistd import run

from tests.child import Child

FIELDS = "arena ordblks smblks hblks hblkhd usmblks fsmblks uordblks fordblks keepcost"
ANSWER_S = 10.0


class Mallinfo2(ctypes.Structure):
    """The C library's own account, in bytes (malloc.h; glibc 2.33)."""

    _fields_ = [(name, ctypes.c_size_t) for name in FIELDS.split()]


def tell(_: int, __: FrameType | None) -> None:
    """Write to descriptors: twistd has redirected Python's own streams to its log."""
    gc.collect()
    library = ctypes.CDLL(None)
    library.mallinfo2.restype = Mallinfo2
    found = library.mallinfo2()
    os.write(1, b"C library: %d bytes in use\n" % (found.uordblks + found.hblkhd))
    # Small objects are in arenas that Python maps for itself.
    sys._debugmallocstats()


def live_memory(daemon: Child) -> int:
    """Bytes that the daemon uses, once its garbage is collected: what is freed, and gaps, are not in it.

    But for small blocks that the C library has at hand for the next use: up to some 200 KiB of them, after a while.
    """
    os.kill(daemon.process.pid, signal.SIGUSR2)
    ours = daemon.wait_for_line(r"C library: (\d+) bytes in use", ANSWER_S)[1]
    small = daemon.wait_for_line(r"bytes in allocated blocks +=\s+([\d,]+)", ANSWER_S)[1]
    return int(ours) + int(small.replace(",", ""))


if __name__ == "__main__":
    signal.signal(signal.SIGUSR2, tell)
    run()
