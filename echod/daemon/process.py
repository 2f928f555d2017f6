"""What the process may have of the system, and keeps of it: open files, and memory that was freed."""

from __future__ import annotations

import ctypes
import resource

from echod.settings import MIB

RESERVE = 64
"""Open files that are not connections: the reactor, listening sockets, pages, logs."""

M_TRIM_THRESHOLD, M_MMAP_THRESHOLD = -1, -3
"""The names and numbers of malloc.h."""

KEPT_BYTES = 32 * MIB
"""Free at the end of the heap at the most, beside what is free between blocks in use; also the largest block there."""


def most_connections() -> int:
    """The connections that the hard limit of open files allows."""
    return max(1, resource.getrlimit(resource.RLIMIT_NOFILE)[1] - RESERVE)


def raise_open_files() -> None:
    """Raise the soft limit of open files to the hard one."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


def keep_freed_memory() -> bool:
    """Keep up to `KEPT_BYTES` of freed memory for the next large message; whether the C library can be told so.

    By default glibc gives blocks of a megabyte back to the kernel at once, which fills the next ones with zeros, page
    by page: some 15 % of the work on a message of 1 MiB, which is received, joined and sent in such blocks.
    """
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    return mallopt is not None and all(mallopt(option, KEPT_BYTES) for option in (M_TRIM_THRESHOLD, M_MMAP_THRESHOLD))
