"""A daemon that cannot start: one line for the user, and the same in the log."""

from __future__ import annotations

import os
import sys
from contextlib import suppress
from typing import TextIO

from echod.daemon.private import log_files
from echod.transport.streams import encodable, write_all


class StartFailed(SystemExit, Exception):
    """The daemon cannot start; the text is the one line to print, the exit code is 1.

    An Exception, so that twistd removes its pidfile and tells the parent of a daemon;
    a SystemExit, so that the interpreter prints the line without a traceback.
    """


def tell(line: str) -> None:
    """Write it to the real standard error, unless the interpreter does, or the log goes there."""
    if sys.stderr is not sys.__stderr__:
        say(line)


def say(line: str) -> None:
    """Write it to the real standard error, unless the log goes there."""
    real = sys.__stderr__
    if real is not None and not any(is_same(file, real) for file in log_files()):
        # The parent may be gone, or have closed it.
        with suppress(OSError):
            write_all(real, encodable(f"{line}\n", real))


def is_same(one: object, other: TextIO) -> bool:
    try:
        return os.path.samestat(os.fstat(one.fileno()), os.fstat(other.fileno()))  # type: ignore[attr-defined]
    except (AttributeError, OSError, ValueError):
        # Not everything that can be written to is a file of the system, or open.
        return False
