"""What a supervisor is told, and a socket that it hands over: from a real daemon, and on a fake clock."""

from __future__ import annotations

import os
import signal
import socket
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from twisted.internet.task import Clock
from twisted.logger import capturedLogs, formatEvent

from echod.daemon.notify import Supervisor
from echod.daemon.service import make_service
from echod.settings import Settings
from tests.child import Child, Daemon
from tests.daemon.clients import LOOPBACK, PATIENCE_S, open_client, reply

TAKE_OVER = """
import os, sys
os.dup2(int(sys.argv[1]), 3)
os.environ.update(LISTEN_FDS="1", LISTEN_FDNAMES="echod.socket", LISTEN_PID=str(os.getpid()))
os.execv(sys.argv[2], sys.argv[2:])
"""
"""As systemd starts a service that has a socket (sd_listen_fds(3))."""


@pytest.fixture(params=["path", "abstract"])
def heard(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[socket.socket]:
    """Where a supervisor listens."""
    name = str(tmp_path / "notify") if request.param == "path" else f"\0echod-test-{os.getpid()}"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listening:
        listening.bind(name)
        listening.settimeout(PATIENCE_S)
        yield listening


def address_of(heard: socket.socket) -> str:
    name = heard.getsockname()
    return "@" + name[1:].decode() if isinstance(name, bytes) else name


def everything(heard: socket.socket) -> list[bytes]:
    """What has been said."""
    heard.setblocking(False)
    said = []
    try:
        while True:
            said.append(heard.recv(1000))
    except BlockingIOError:
        return said


def test_a_daemon_tells_when_it_is_ready_reloads_and_stops(heard: socket.socket) -> None:
    with Daemon(env={"NOTIFY_SOCKET": address_of(heard)}) as daemon:
        assert heard.recv(1000) == b"READY=1"
        daemon.process.send_signal(signal.SIGHUP)
        assert heard.recv(1000).startswith(b"RELOADING=1\nMONOTONIC_USEC=")
        assert heard.recv(1000) == b"READY=1"
        assert daemon.terminate() == 0
    assert everything(heard) == [b"STOPPING=1"]


def test_a_reload_before_the_daemon_is_ready_tells_nothing(
    heard: socket.socket, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NOTIFY_SOCKET", address_of(heard))
    make_service(Settings(port=0), Clock()).reload()
    assert everything(heard) == []


def test_signs_of_life_come_twice_in_the_time_asked_for_until_nobody_is_left(heard: socket.socket) -> None:
    clock = Clock()
    supervisor = Supervisor({"NOTIFY_SOCKET": address_of(heard), "WATCHDOG_USEC": "3000000"}, clock)
    supervisor.ready()
    clock.pump([1.5, 1.0])
    supervisor.ready()
    clock.advance(0.5)
    supervisor.stopping()
    clock.advance(1.5)
    supervisor.stopped()
    clock.advance(10)
    sign = b"WATCHDOG=1"
    assert everything(heard) == [b"READY=1", sign, sign, b"READY=1", sign, b"STOPPING=1", sign]
    assert clock.getDelayedCalls() == []


@pytest.mark.parametrize(
    "asked", [{"WATCHDOG_USEC": ""}, {"WATCHDOG_USEC": "x"}, {"WATCHDOG_USEC": "1000000", "WATCHDOG_PID": "1"}]
)
def test_no_signs_of_life_are_given_to_who_asks_for_none(heard: socket.socket, asked: dict[str, str]) -> None:
    clock = Clock()
    Supervisor({"NOTIFY_SOCKET": address_of(heard), **asked}, clock).ready()
    assert everything(heard) == [b"READY=1"]
    assert clock.getDelayedCalls() == []


def test_a_supervisor_that_does_not_listen_is_one_line_in_the_log(tmp_path: Path) -> None:
    with capturedLogs() as events:
        Supervisor({"NOTIFY_SOCKET": f"{tmp_path}/none"}, Clock()).ready()
    assert [formatEvent(event) for event in events] == [
        f"echod cannot tell {tmp_path}/none 'READY=1': [Errno 2] No such file or directory"
    ]


def test_without_a_supervisor_nothing_is_sent_or_timed() -> None:
    clock = Clock()
    supervisor = Supervisor({"WATCHDOG_USEC": "1000000"}, clock)
    with capturedLogs() as events:
        for tell in (supervisor.ready, supervisor.reloading, supervisor.stopping, supervisor.stopped):
            tell()
    assert events == []
    assert clock.getDelayedCalls() == []


def test_a_socket_that_was_handed_over_is_served_beside_a_client_that_says_nothing() -> None:
    with closing(socket.create_server((LOOPBACK, 0))) as listening:
        os.set_inheritable(listening.fileno(), True)
        # A client that has gone again: a socket that blocks would wait for the next within accept().
        socket.create_connection(listening.getsockname()).close()
        argv = [*Daemon.COMMAND, "--listen", "systemd:domain=INET:index=0"]
        with Child(
            [sys.executable, "-c", TAKE_OVER, str(listening.fileno()), *argv], pass_fds=[listening.fileno()]
        ) as daemon:
            daemon.wait_for_line("ready")
            port = listening.getsockname()[1]
            with socket.create_connection((LOOPBACK, port)), open_client(f"ws://{LOOPBACK}:{port}/") as client:
                assert reply(client, "hello") == "hello"
            assert daemon.terminate() == 0
