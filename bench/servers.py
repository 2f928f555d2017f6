"""Servers while they run: each a child process on the servers' core, ready when it says so."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

from bench import machine
from tests.child import Child

READY = r"ready\D*(\d+)"
TWISTD = str(Path(sys.executable).with_name("twistd"))


@dataclass(frozen=True)
class Program:
    """A server that can be started: its key in figures, its name in tables, its command, its versions."""

    key: str
    title: str
    command: tuple[str, ...]
    version: str


class Server(Child):
    """A running server; `port` is where it listens."""

    def __init__(self, program: Program) -> None:
        super().__init__(machine.pinned(machine.cores()[0], list(program.command)))
        self.program = program
        try:
            self.port = int(self.wait_for_line(READY)[1])
        except BaseException:
            self.__exit__()
            raise

    @property
    def pid(self) -> int:
        return self.process.pid


def echod() -> Program:
    """The daemon as it is shipped, with every guard on."""
    command = (TWISTD, "--nodaemon", "--pidfile=", "--logfile=-", "echod", "--port", "0")
    versions = ", ".join(f"{name} {version(name)}" for name in ("echod", "autobahn", "twisted"))
    return Program("echod", "echod", command, versions)
