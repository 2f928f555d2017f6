"""Sockets that are opened for the daemon: by systemd-socket-activate, or by the test as systemd would."""

from __future__ import annotations

import os
import socket
from collections.abc import Sequence
from pathlib import Path

from tests.child import ROOT, Child
from tests.peers.daemons import COMMAND, Listening
from tests.peers.programs import find


class Activated(Child):
    """Starts the daemon at the first connection to one of these addresses, with little of the environment."""

    def __init__(self, addresses: Sequence[str | Path], *texts: str, names: str = "") -> None:
        listen = [f"--listen={address}" for address in addresses]
        named = [f"--fdname={names}"] if names else []
        endpoints = [f"--listen={text}" for text in texts]
        kept = [f"--setenv={name}" for name in os.environ if name.startswith(("COV", "COVERAGE"))]
        kept.append(f"--setenv=PYTHONPATH={ROOT}")
        super().__init__([find("systemd-socket-activate"), *listen, *named, *kept, *COMMAND, *endpoints])
        for _ in addresses:
            self.wait_for_line("Listening on ")


AS_SYSTEMD = 'LISTEN_PID=$$ LISTEN_FDS={count} LISTEN_FDNAMES="{names}" exec "$@" {passed} 0</dev/null'
"""The shell becomes the daemon, and with it the process that the sockets are for."""


def handing_over(opened: Sequence[socket.socket], names: str = "") -> tuple[str, ...]:
    """The words before a command that hand these sockets over; the child must have them."""
    passed = " ".join(f"{3 + place}<&{one.fileno()}" for place, one in enumerate(opened))
    return ("bash", "-c", AS_SYSTEMD.format(count=len(opened), names=names, passed=passed), "bash")


class HandedOver(Listening):
    """A daemon on sockets of the test, which keeps them as systemd does."""

    def __init__(
        self, opened: Sequence[socket.socket], *texts: str, names: str = "", command: Sequence[str | Path] = COMMAND
    ) -> None:
        passed = [one.fileno() for one in opened]
        super().__init__(*texts, argv=handing_over(opened, names), command=command, pass_fds=passed)


def free_port() -> int:
    """A port that nobody has; somebody may take it."""
    with socket.create_server(("127.0.0.1", 0)) as one:
        port: int = one.getsockname()[1]
        return port
