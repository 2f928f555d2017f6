"""A daemon that cannot start: one line for the user, and the same in the log."""

from __future__ import annotations

import os
import sys
from contextlib import suppress
from typing import TextIO

from echod.daemon.private import log_files


class StartFailed(SystemExit, Exception):
    """The daemon cannot start; the text is the one line to print, the exit code is 1.

    An Exception, so that twistd removes its pidfile and tells the parent of a daemon;
    a SystemExit, so that the interpreter prints the line without a traceback.
    """


def tell(line: str) -> None:
    """Write it to the real standard error, unless that is where the interpreter writes it, or where the log goes."""
    real = sys.__stderr__
    if real is not None and sys.stderr is not real and not any(is_same(file, real) for file in log_files()):
        # The parent may be gone, or have closed it.
        with suppress(OSError, ValueError):
            real.write(f"{line}\n")
            real.flush()


def is_same(one: object, other: TextIO) -> bool:
    try:
        return os.path.samestat(os.fstat(one.fileno()), os.fstat(other.fileno()))  # type: ignore[attr-defined]
    except (AttributeError, OSError, ValueError):
        # Not everything that can be written to is a file of the system, or open.
        return False
