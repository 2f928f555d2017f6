"""Text to standard output, standard error or a log, whatever their descriptors and encodings are.

Nothing here changes a flag of a descriptor: it may be shared with a shell, or with other programs of a pipeline. What
is ready is asked of the kernel instead.
"""

from __future__ import annotations

import errno
import os
import select
from collections.abc import Callable
from contextlib import suppress
from io import TextIOWrapper
from typing import TextIO, TypeVar

T = TypeVar("T")

FOR_EVER = None
AT_ONCE_MS = 0


def is_writable(descriptor: int, patience_ms: int | None = AT_ONCE_MS) -> bool:
    """Whether it takes bytes, or has an error to tell, within that time."""
    poll = select.poll()
    poll.register(descriptor, select.POLLOUT)
    return bool(poll.poll(patience_ms))


def encodable(text: str, out: TextIO) -> str:
    """The text; a character that the encoding of `out` lacks is written as Python escapes it."""
    encoding = out.encoding or "utf-8"
    return text.encode(encoding, "backslashreplace").decode(encoding)


def write_all(out: TextIO | None, text: str) -> None:
    """Write and flush an encodable text, also where the descriptor below is non-blocking.

    Raises:
        OSError: it cannot be written, or is closed. The text is left in the buffer of `out`, if it has one, so that
            Python complains at its end, with exit code 120.
    """
    if out is None or out.closed:
        raise OSError(errno.EBADF, os.strerror(errno.EBADF))
    descriptor = descriptor_of(out)
    if descriptor is None:
        out.write(text)
        out.flush()
        return
    try:
        once_writable(descriptor, out.flush)
        write_bytes(descriptor, text.encode(out.encoding))
    except OSError:
        with suppress(OSError):
            out.write(text)
        raise


def descriptor_of(out: TextIO) -> int | None:
    """What lies below a stream of Python's own; None for one that a notebook or a test has put in its place."""
    with suppress(OSError):
        return out.fileno() if isinstance(out, TextIOWrapper) else None
    return None


def write_bytes(descriptor: int, data: bytes) -> None:
    rest = memoryview(data)
    while rest:
        rest = rest[once_writable(descriptor, lambda: os.write(descriptor, rest)) :]  # noqa: B023  # called at once


def once_writable(descriptor: int, write: Callable[[], T]) -> T:
    """The result of `write`, which is called again whenever the descriptor has become ready."""
    while True:
        with suppress(BlockingIOError):
            return write()
        is_writable(descriptor, FOR_EVER)
