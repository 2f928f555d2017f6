"""What a signal does: the first ends, the second ends at once; others reload, rotate or do nothing, and end nothing.

SIGHUP ends where it says that the terminal has been closed in which the daemon was started.
"""

from __future__ import annotations

import fcntl
import os
import pty
import signal
import socket
import subprocess
import termios
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from twisted.logger import capturedLogs, formatEvent

from echod.daemon import signals as signals_module
from echod.daemon.signals import Signals, has_terminal
from tests.child import ROOT, TWISTD, Daemon, clean_environment
from tests.client.peers import free_port
from tests.daemon.clients import open_client, reply, wait_until

NUMBERS = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGUSR1, signal.SIGUSR2)
LIMIT_S = 60.0


class Turning:
    """A reactor that does what it was asked to from a signal handler when it `turns`, and writes down its end."""

    def __init__(self, told: list[str]) -> None:
        self._told = told
        self._waiting: list[Callable[[], None]] = []

    def callFromThread(self, function: Callable[[], None]) -> None:
        self._waiting.append(function)

    def callLater(self, seconds: float, function: Callable[[], None]) -> None:
        assert 0 < seconds < 1
        self._waiting.append(function)

    def stop(self) -> None:
        self._told.append("stop")

    def turn(self) -> None:
        waiting, self._waiting = self._waiting, []
        for function in waiting:
            function()


@pytest.fixture(autouse=True)
def _handlers_as_before() -> Iterator[None]:
    before = {number: signal.getsignal(number) for number in NUMBERS}
    for number in NUMBERS:
        signal.signal(number, signal.SIG_DFL)
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


@pytest.fixture
def told() -> list[str]:
    """What the daemon was told, in order."""
    return []


@pytest.fixture
def reactor(told: list[str]) -> Turning:
    return Turning(told)


@pytest.fixture
def has_terminals(monkeypatch: pytest.MonkeyPatch) -> list[bool]:
    """Whether there is a terminal, each time that it is asked for; at the end there is none."""
    answers: list[bool] = []
    monkeypatch.setattr(signals_module, "has_terminal", lambda: bool(answers) and answers.pop(0))
    return answers


@pytest.fixture
def signals(reactor: Any, told: list[str], has_terminals: list[bool]) -> Signals:  # noqa: ARG001  # there is none
    return Signals(
        reactor, lambda: 3, lambda: told.append("abort"), lambda: told.append("reload"), lambda: told.append("rotate")
    )


@pytest.mark.parametrize(
    ("numbers", "expected"),
    [
        ([signal.SIGTERM], ["stop"]),
        ([signal.SIGINT], ["stop"]),
        ([signal.SIGTERM, signal.SIGTERM], ["stop", "abort"]),
        ([signal.SIGINT, signal.SIGTERM], ["stop", "abort"]),
        ([signal.SIGTERM, signal.SIGINT, signal.SIGINT], ["stop", "abort", "abort"]),
        ([signal.SIGHUP], ["reload"]),
        ([signal.SIGHUP, signal.SIGHUP, signal.SIGTERM], ["reload", "reload", "stop"]),
        ([signal.SIGTERM, signal.SIGHUP], ["stop", "reload"]),
        ([signal.SIGUSR1], ["rotate"]),
        ([signal.SIGUSR2], []),
    ],
)
def test_signals_do_this(
    signals: Signals, reactor: Turning, told: list[str], numbers: list[signal.Signals], expected: list[str]
) -> None:
    signals.install()

    for number in numbers:
        signal.raise_signal(number)
        reactor.turn()

    assert told == expected


def test_a_handler_only_wakes_the_reactor(signals: Signals, reactor: Turning, told: list[str]) -> None:
    signals.install()

    signal.raise_signal(signal.SIGTERM)
    assert told == []
    reactor.turn()

    assert told == ["stop"]


@pytest.mark.parametrize(
    ("terminals", "numbers", "expected"),
    [
        ([True, True], [signal.SIGHUP], ["reload"]),
        ([True, False], [signal.SIGHUP], ["stop"]),
        ([True, False], [signal.SIGTERM, signal.SIGHUP], ["stop"]),
        ([True, True, False], [signal.SIGHUP, signal.SIGHUP], ["reload", "stop"]),
        ([False, True], [signal.SIGHUP], ["reload"]),
    ],
    ids=["a terminal that stays", "one that is closed", "closed while draining", "closed later", "none at the start"],
)
def test_sighup_ends_where_the_terminal_has_been_closed(
    signals: Signals,
    reactor: Turning,
    told: list[str],
    has_terminals: list[bool],
    terminals: list[bool],
    numbers: list[signal.Signals],
    expected: list[str],
) -> None:
    has_terminals += terminals
    signals.remember_terminal()
    signals.install()

    for number in numbers:
        signal.raise_signal(number)
        reactor.turn()
        reactor.turn()

    assert told == expected


def test_under_nohup_a_closed_terminal_ends_nothing(
    signals: Signals, reactor: Turning, told: list[str], has_terminals: list[bool]
) -> None:
    has_terminals += [True, False]
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    signals.remember_terminal()
    signals.install()

    signal.raise_signal(signal.SIGHUP)
    reactor.turn()
    reactor.turn()

    assert told == ["reload"]


def test_a_debuggers_own_signal_is_left_to_it(signals: Signals) -> None:
    def debug(*_: object) -> None: ...

    signal.signal(signal.SIGUSR2, debug)
    signals.install()
    assert signal.getsignal(signal.SIGUSR2) is debug


def test_handlers_are_left_alone_outside_the_main_thread(signals: Signals) -> None:
    before = [signal.getsignal(number) for number in NUMBERS]

    thread = threading.Thread(target=signals.install)
    thread.start()
    thread.join()

    assert [signal.getsignal(number) for number in NUMBERS] == before


def test_the_log_says_what_happens(signals: Signals) -> None:
    with capturedLogs() as events:
        signals.stop()
        signals.stop()

    assert [formatEvent(event) for event in events] == [
        "echod is shutting down: draining 3 connections (signal again to abort)",
        "echod is shutting down at once: aborting 3 connections",
    ]


@contextmanager
def daemon_at_a_terminal(*before: str) -> Iterator[tuple[subprocess.Popen[bytes], Callable[[], None], int]]:
    """A daemon in the session of a pseudo-terminal, behind these words; what closes that; and its port.

    It has a folder of its own, for nohup's file.
    """
    with TemporaryDirectory() as folder:
        yield from start_at_a_terminal(folder, *before)


def start_at_a_terminal(folder: str, *before: str) -> Iterator[tuple[subprocess.Popen[bytes], Callable[[], None], int]]:
    keyboard, terminal = pty.openpty()
    port = free_port()
    command = [*before, TWISTD, "--nodaemon", "--pidfile=", "--logfile=-", "echod", "--port", str(port)]
    process = subprocess.Popen(
        command,
        cwd=folder,
        env=clean_environment({"PYTHONPATH": str(ROOT)}),
        stdin=terminal,
        stdout=terminal,
        stderr=terminal,
        start_new_session=True,
        preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),
    )
    os.close(terminal)
    ends, started = [keyboard], [process.pid]
    try:
        assert wait_until(lambda: is_listening(port))
        started += map(int, Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split())
        yield process, lambda: os.close(ends.pop()), port
    finally:
        for end in ends:
            os.close(end)
        for pid in started:
            # Not another process that has been given its number.
            with suppress(OSError):
                if str(port).encode() in Path(f"/proc/{pid}/cmdline").read_bytes():
                    os.kill(pid, signal.SIGKILL)
        process.wait(LIMIT_S)


def is_listening(port: int) -> bool:
    with suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
        return True
    return False


def test_a_daemon_ends_with_a_drain_when_its_terminal_is_closed() -> None:
    with daemon_at_a_terminal() as (process, close, port), open_client(f"ws://127.0.0.1:{port}/echo") as client:
        assert reply(client, "hello") == "hello"
        close()
        assert process.wait(LIMIT_S) == 0
        assert wait_until(lambda: client.close_code == 1001)


def test_a_daemon_of_an_interactive_shell_ends_with_its_window(tmp_path: Path) -> None:
    rc = tmp_path / "rc"
    rc.write_text("")
    bash = ["bash", "--rcfile", str(rc), "-i", "-c", '"$@"; true', "bash"]
    with daemon_at_a_terminal(*bash) as (_, close, port):
        close()
        assert wait_until(lambda: not is_listening(port))


def test_a_signal_at_a_terminal_that_stays_reloads() -> None:
    with daemon_at_a_terminal() as (process, _, port):
        process.send_signal(signal.SIGHUP)
        time.sleep(1)
        assert is_listening(port)


def test_a_daemon_under_nohup_outlives_its_terminal() -> None:
    with daemon_at_a_terminal("nohup") as (process, close, port):
        close()
        time.sleep(1)
        assert is_listening(port)
        process.terminate()
        assert process.wait(LIMIT_S) == 0


def test_no_log_signal_kills_a_daemon_that_logs_to_standard_output() -> None:
    with Daemon() as running, open_client(running.uri("/echo")) as client:
        for number in (signal.SIGUSR1, signal.SIGUSR2, signal.SIGHUP):
            running.process.send_signal(number)
        running.wait_for_line("echod ignores SIGUSR2")
        assert reply(client, "hello") == "hello"
        assert running.terminate() == 0


def test_without_a_terminal_there_is_none() -> None:
    """`setsid` takes it away; tests may run in one."""
    code = "from echod.daemon.signals import has_terminal; print(has_terminal())"
    ended = subprocess.run(
        [TWISTD.with_name("python"), "-c", code], cwd=ROOT, start_new_session=True, capture_output=True, timeout=LIMIT_S
    )
    assert ended.stdout == b"False\n"


def test_a_terminal_is_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "open", lambda *_: os.dup(0))
    assert has_terminal()
