"""Real child processes for tests: started, waited for by their ready line, ended by their id."""

from __future__ import annotations

import os
import queue
import re
import signal
import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import FrameType
from typing import Self

ROOT = Path(__file__).resolve().parent.parent
TWISTD = Path(sys.executable).with_name("twistd")
TWIST = Path(sys.executable).with_name("twist")
READY_TIMEOUT_S = 30


class Child:
    """A process whose output is read line by line into `lines`; ends with the `with` block.

    `out` keeps everything that was printed (standard output and error together).
    """

    def __init__(
        self, argv: Sequence[str | Path], env: Mapping[str, str] = {}, cwd: Path = ROOT, pass_fds: Sequence[int] = ()
    ) -> None:
        self.out: list[str] = []
        self._lines: queue.Queue[str | None] = queue.Queue()
        self.process = subprocess.Popen(
            [str(word) for word in argv],
            cwd=cwd,
            env=clean_environment(env),
            pass_fds=pass_fds,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.out.append(line)
            self._lines.put(line)
        self._lines.put(None)

    def wait_for_line(self, pattern: str, timeout: float = READY_TIMEOUT_S) -> re.Match[str]:
        """The first line not yet seen that `pattern` is found in."""
        while (line := self._lines.get(timeout=timeout)) is not None:
            if found := re.search(pattern, line):
                return found
        raise AssertionError(f"the child ended without a line like {pattern!r}:\n{self.text}")

    @property
    def text(self) -> str:
        return "".join(self.out)

    def wait(self, timeout: float = 30) -> int:
        """Wait for the end of the process; its exit code."""
        code = self.process.wait(timeout)
        self._reader.join(timeout)
        return code

    def terminate(self, timeout: float = 30) -> int:
        """SIGTERM, then wait; the exit code."""
        self.process.terminate()
        return self.wait(timeout)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(30)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        self._reader.join(30)
        assert self.process.stdout is not None
        self.process.stdout.close()


class Daemon(Child):
    """`twistd -n echod --port 0 …` (or `--listen …`, or another command), ready: `port` is where it listens."""

    COMMAND = (TWISTD, "--nodaemon", "--pidfile=", "--logfile=-", "echod")

    def __init__(self, *options: str, env: Mapping[str, str] = {}, argv: Sequence[str | Path] = ()) -> None:
        place = [] if any(option.startswith("--listen") for option in options) else ["--port", "0"]
        default = [*self.COMMAND, *place, *options]
        super().__init__(argv or default, {"PYTHONPATH": str(ROOT), **env})
        try:
            self.port = int(self.wait_for_line(r"ready.*?:(\d+)")[1])
        except BaseException:
            self.__exit__()
            raise

    def uri(self, path: str = "/", host: str = "127.0.0.1") -> str:
        return f"ws://{host}:{self.port}{path}"

    def url(self, path: str = "/", host: str = "127.0.0.1") -> str:
        return f"http://{host}:{self.port}{path}"


def let_children_have_defaults() -> None:
    """Let children start with the default disposition of each signal that this process ignores, and still ignore it.

    Whoever runs the tests in the background, or under nohup, ignores SIGINT and SIGHUP, and a child would inherit that.
    A handler is not inherited. What Python itself ignores, `subprocess` restores.
    """
    for number in signal.valid_signals() - {signal.SIGKILL, signal.SIGSTOP, signal.SIGPIPE, signal.SIGXFSZ}:
        if signal.getsignal(number) is signal.SIG_IGN:
            signal.signal(number, ignore)


def ignore(number: int, frame: FrameType | None) -> None:
    """A handler."""


def clean_environment(extra: Mapping[str, str]) -> dict[str, str]:
    """The environment of a child: ours, without what would configure the daemon, and `extra`."""
    kept = {name: value for name, value in os.environ.items() if name != "PORT" and not name.startswith("ECHOD_")}
    return {**kept, "PYTHONUNBUFFERED": "1", **extra}
