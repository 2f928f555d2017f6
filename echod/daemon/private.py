"""The names that Twisted keeps to itself and the daemon uses, each with its type: none of them stands elsewhere here.

`tests/daemon` runs each of them; a release of Twisted that renames one fails there and is mended here.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from fcntl import F_GETFL, F_SETFL, fcntl
from select import epoll
from typing import Any, cast

from twisted.internet.endpoints import _parse
from twisted.internet.epollreactor import EPollReactor
from twisted.internet.interfaces import IListeningPort, IProtocolFactory, IReadDescriptor
from twisted.internet.tcp import Port
from twisted.logger import FileLogObserver, globalLogPublisher
from twisted.python.logfile import LogFile


class DeclaredReactor(EPollReactor):
    """Twisted's reactor for epoll, with the types of what `LeanReactor` uses of its inside."""

    _poller: epoll
    _selectables: dict[int, IReadDescriptor]


def adopt_port(
    kind: type[Port], reactor: EPollReactor, descriptor: int, family: int, factory: IProtocolFactory
) -> IListeningPort:
    """A port of this kind on a socket that listens already."""
    port: IListeningPort = kind._fromListeningDescriptor(reactor, descriptor, family, factory)
    return port


def parse_endpoint(text: str) -> tuple[list[str], dict[str, str]]:
    """The words of an endpoint string, and those with a name."""
    words, named = _parse(text)
    return words, named


def log_observers() -> list[FileLogObserver]:
    """Those that write the log to a file or stream."""
    return [observer for observer in globalLogPublisher._observers if isinstance(observer, FileLogObserver)]


def log_files() -> list[object]:
    """What the log is written to."""
    return [observer._outFile for observer in log_observers()]


def exchange_log_file(observer: FileLogObserver, write_to: Callable[[Any], object]) -> None:
    """Let it write to what this makes of its file."""
    observer._outFile = write_to(observer._outFile)  # type: ignore[assignment]


class AppendedLogFile(LogFile):
    """A log file that is always appended to, as it is once another program has truncated it, and knows its size.

    Twisted's goes on where it was, behind a hole that reads as zeros (`copytruncate` of logrotate).
    """

    @classmethod
    def adopt(cls, file: LogFile) -> AppendedLogFile:
        """The same file, still open: the process may be allowed to open it no more."""
        file.__class__ = cls
        cast(AppendedLogFile, file)._append()
        return cast(AppendedLogFile, file)

    def _openFile(self) -> None:
        super()._openFile()
        self._append()

    def _append(self) -> None:
        descriptor = self._file.fileno()
        fcntl(descriptor, F_SETFL, fcntl(descriptor, F_GETFL) | os.O_APPEND)

    def shouldRotate(self) -> bool:
        return bool(self.rotateLength) and os.fstat(self._file.fileno()).st_size >= self.rotateLength

    def reopen(self) -> None:
        self._begin_anew(super().reopen)

    def rotate(self) -> None:
        self._begin_anew(super().rotate)

    def _begin_anew(self, begin: Callable[[], None]) -> None:
        """Let Twisted close the file and open another; after an OSError the one that was open goes on."""
        old = self._file
        self._file = closable = os.fdopen(os.dup(old.fileno()), "rb+", 0)
        try:
            begin()
        except OSError:
            closable.close()
            self._file, self.closed = old, False
            raise
        old.close()

    def was_moved(self) -> bool:
        """Whether what has the name of the file is another one now, or none."""
        try:
            return not os.path.samestat(os.stat(self.path), os.fstat(self._file.fileno()))
        except FileNotFoundError:
            return True
