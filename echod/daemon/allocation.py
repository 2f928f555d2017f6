"""How the C library keeps memory that was freed: for the next large message, instead of for the kernel.

Every message of a megabyte is received, joined and sent in blocks of that size. By default glibc gives such blocks back
at once, and the kernel fills the next ones with zeros, page by page: some 15 % of the work on a message of 1 MiB.
"""

from __future__ import annotations

import ctypes

from echod.settings import MIB

M_TRIM_THRESHOLD, M_MMAP_THRESHOLD = -1, -3
"""The names and numbers of malloc.h."""

KEPT_BYTES = 32 * MIB
"""So much may stay free at the end of the heap, and what is free between blocks in use stays too.

Also the largest block that glibc lets come from there.
"""


def keep_freed_memory() -> bool:
    """Keep up to `KEPT_BYTES` of what is freed; whether the C library can be told so."""
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    return mallopt is not None and all(mallopt(option, KEPT_BYTES) for option in (M_TRIM_THRESHOLD, M_MMAP_THRESHOLD))
