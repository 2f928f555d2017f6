"""Where the log is written to: a file that other programs rotate too, or standard output, which may be closed or full.

A log that cannot be written is one line on standard error; the daemon goes on without it.
"""

from __future__ import annotations

from io import TextIOWrapper

from twisted.logger import Logger
from twisted.python.logfile import LogFile

from echod.daemon.failing import say
from echod.daemon.private import AppendedLogFile, exchange_log_file, log_observers
from echod.transport.streams import encodable, write_all

log = Logger(namespace="echod")


class LogOutput:
    """In the place of what Twisted's observer writes to: `target`, which is None where standard output is closed."""

    def __init__(self, target: AppendedLogFile | TextIOWrapper | None) -> None:
        self.target = target
        self._is_failing = False

    def fileno(self) -> int:
        return -1 if self.target is None or isinstance(self.target, AppendedLogFile) else self.target.fileno()

    def write(self, text: str | bytes) -> None:
        """Text to a stream, bytes to a file; told once where it cannot be written, and again after it could."""
        try:
            self._write(text)
            self._is_failing = False
        except OSError as error:
            if not self._is_failing:
                self._is_failing = True
                say(f"echod: cannot write the log: {error.strerror}")

    def flush(self) -> None:
        """Nothing is buffered."""

    def rotate(self) -> bool:
        """Begin a new file, or open the one that has the name now; whether it is a file that can be rotated.

        Where there can be no new file the old one goes on, and says so.
        """
        if not isinstance(self.target, AppendedLogFile):
            return False
        try:
            self._begin_anew(self.target)
        except OSError as error:
            say(f"echod: cannot rotate the log: {error.strerror}")
            log.error("echod cannot rotate its log: {why}", why=error.strerror)
        return True

    def _begin_anew(self, file: AppendedLogFile) -> None:
        if file.was_moved():
            file.reopen()
        else:
            file.rotate()

    def _write(self, text: str | bytes) -> None:
        if isinstance(self.target, AppendedLogFile):
            self.target.write(text)
        else:
            shown = text if isinstance(text, str) else text.decode()
            write_all(self.target, shown if self.target is None else encodable(shown, self.target))


class LogOutputs:
    """All that the log is written to."""

    def __init__(self) -> None:
        self._outputs: list[LogOutput] = []

    def take(self) -> None:
        """Stand in for what Twisted writes to; to be called once the log has begun."""
        for observer in log_observers():
            exchange_log_file(observer, self._stand_in)

    def rotate(self) -> None:
        """What SIGUSR1 does."""
        rotated = [output.rotate() for output in self._outputs]
        if not any(rotated):
            log.info("echod ignores the signal to rotate its log: it is not written to a file of twistd")

    def _stand_in(self, target: object) -> object:
        if isinstance(target, LogFile):
            target = AppendedLogFile.adopt(target)
        elif target is not None and not isinstance(target, TextIOWrapper):
            return target
        self._outputs.append(LogOutput(target))
        return self._outputs[-1]
