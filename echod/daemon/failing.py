"""A daemon that cannot start: one line for whoever started it, and the same in the log."""

from __future__ import annotations

import os
import sys
from contextlib import suppress
from typing import Any

from twisted.logger import globalLogPublisher


class StartFailed(SystemExit, Exception):
    """The daemon cannot start; the text is the one line to print, the exit code is 1.

    An Exception, so that twistd removes its pidfile and tells the parent of a daemon;
    a SystemExit, so that the interpreter prints the line without a traceback.
    """


def tell(line: str) -> None:
    """Write it to the real standard error, where the interpreter will not: twistd makes that a part of its log.

    Not where that log goes to the same place: there it is once.
    """
    real = sys.__stderr__
    if sys.stderr is not real and not any(is_same(file, real) for file in log_files()):
        # Whoever started it may be gone, or have closed it.
        with suppress(AttributeError, OSError, ValueError):
            real.write(f"{line}\n")  # type: ignore[union-attr]
            real.flush()  # type: ignore[union-attr]


def log_files() -> list[Any]:
    """What the log is written to; Twisted's observers keep it as `_outFile`."""
    return [getattr(observer, "_outFile", None) for observer in globalLogPublisher._observers]


def is_same(one: Any, other: Any) -> bool:
    """Whether these are the same terminal, file or pipe."""
    try:
        return os.path.samestat(os.fstat(one.fileno()), os.fstat(other.fileno()))
    except (AttributeError, OSError, ValueError):
        # Not everything that can be written to is a file of the system, or open.
        return False
