"""Listening on a path: taken over after a crash, not from a process that lives, and no file that is no socket."""

from __future__ import annotations

import fcntl
import os
import signal
import socket
import stat
from pathlib import Path
from typing import Any

import pytest
import pytest_twisted
from twisted.internet import reactor
from twisted.internet.error import CannotListenError

from echod.daemon import local_socket
from echod.daemon.local_socket import LocalSocket, is_live, make_socket
from echod.server.server import Server
from echod.transport.local_port import adopt_local
from tests.child import TWISTD, Child
from tests.daemon.clients import PATIENCE_S, everything_from
from tests.peers.daemons import COMMAND, Listening

ASKED = b"GET /health/live HTTP/1.1\r\nHost: a\r\n\r\n"


def answer(path: Path) -> bytes:
    with socket.socket(socket.AF_UNIX) as client:
        client.settimeout(PATIENCE_S)
        client.connect(str(path))
        client.sendall(ASKED)
        return everything_from(client)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "echod.sock"


def leave_stale(path: Path) -> None:
    """What a process leaves that was killed."""
    with socket.socket(socket.AF_UNIX) as crashed:
        crashed.bind(str(path))
        crashed.listen()


def test_a_socket_file_without_a_listener_is_taken_over(path: Path) -> None:
    leave_stale(path)
    with make_socket(str(path), 0o600, 5):
        assert is_live(str(path))
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert not is_live(str(path))


def test_one_that_never_listened_is_taken_over(path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as bound:
        bound.bind(str(path))
    make_socket(str(path), 0o666, 5).close()


def test_one_with_a_listener_stays(path: Path) -> None:
    with make_socket(str(path), 0o600, 5):
        with pytest.raises(OSError, match="another process listens there"):
            make_socket(str(path), 0o666, 5)
        assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_one_whose_listener_is_too_busy_to_accept_stays(path: Path) -> None:
    with make_socket(str(path), 0o600, 0), socket.socket(socket.AF_UNIX) as first:
        first.connect(str(path))
        with pytest.raises(OSError, match="another process listens there"):
            make_socket(str(path), 0o666, 5)


def test_one_for_datagrams_stays(path: Path) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as other:
        other.bind(str(path))
        with pytest.raises(OSError, match="another process listens there"):
            make_socket(str(path), 0o666, 5)


def make_link(path: Path) -> None:
    path.symlink_to("nowhere")


@pytest.mark.parametrize("make", [lambda path: path.write_text("x"), Path.mkdir, os.mkfifo, make_link])
def test_a_file_that_is_no_socket_stays(path: Path, make: Any) -> None:
    make(path)
    before = path.lstat()
    with pytest.raises(OSError, match="the file that is there is no socket, and stays"):
        make_socket(str(path), 0o666, 5)
    assert path.lstat().st_ino == before.st_ino


def test_a_folder_that_is_not_there_is_said(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        make_socket(str(tmp_path / "none" / "echod.sock"), 0o666, 5)


def test_a_path_in_the_current_folder_has_no_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    make_socket("echod.sock", 0o666, 5).close()
    assert (tmp_path / "echod.sock").is_socket()


def test_a_path_that_is_gone_meanwhile_has_no_listener(path: Path) -> None:
    assert not is_live(str(path))


def test_a_folder_that_cannot_be_locked_is_no_hindrance(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As where it may be written to and not read."""

    def deny(*_: object) -> int:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("echod.daemon.local_socket.os.open", deny)
    make_socket(str(path), 0o666, 5).close()


def test_another_daemon_that_starts_is_waited_for_but_not_for_ever(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    waits: list[float] = []
    monkeypatch.setattr(local_socket.time, "sleep", waits.append)
    descriptor = os.open(path.parent, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        make_socket(str(path), 0o666, 5).close()
    finally:
        os.close(descriptor)
    assert waits == [0.01] * 100


@pytest_twisted.ensureDeferred
async def test_a_path_that_was_replaced_meanwhile_stays(server: Server, path: Path) -> None:
    await server.listen(LocalSocket(reactor, str(path), 0o600, 5))
    path.unlink()
    with make_socket(str(path), 0o600, 5):
        await server.stop_listening()
        assert is_live(str(path))


@pytest_twisted.ensureDeferred
async def test_a_path_that_is_gone_at_the_end_is_no_error(server: Server, path: Path) -> None:
    await server.listen(LocalSocket(reactor, str(path), 0o600, 5))
    path.unlink()
    await server.stop_listening()


@pytest_twisted.ensureDeferred
async def test_our_path_is_removed_at_the_end(server: Server, path: Path) -> None:
    port = await server.listen(LocalSocket(reactor, str(path), 0o600, 5))
    assert port.getHost().name == str(path).encode()
    await server.stop_listening()
    assert not path.exists()


@pytest_twisted.ensureDeferred
async def test_the_reason_is_that_of_the_system(server: Server, path: Path) -> None:
    path.write_text("x")
    with pytest.raises(CannotListenError, match="no socket, and stays"):
        await server.listen(LocalSocket(reactor, str(path), 0o600, 5))


@pytest_twisted.ensureDeferred
async def test_a_socket_of_another_is_given_back_listening(server: Server, path: Path) -> None:
    with make_socket(str(path), 0o640, 5) as made:
        port = adopt_local(reactor, made.fileno(), server._gates)
        await port.stopListening()
        assert is_live(str(path))
        assert stat.S_IMODE(path.stat().st_mode) == 0o640


def killed(*texts: str) -> None:
    """A daemon that ends as in a crash."""
    with Listening(*texts) as daemon:
        daemon.process.send_signal(signal.SIGKILL)
        daemon.wait()


@pytest.mark.parametrize("before", ["unix:", "haproxy:unix:"])
def test_after_a_crash_the_daemon_starts_again_and_leaves_nothing(path: Path, before: str) -> None:
    killed(f"unix:{path}")
    assert path.is_socket()
    with Listening(f"{before}{path}") as daemon:
        if before == "unix:":
            assert answer(path).startswith(b"HTTP/1.1 200 ")
        assert daemon.terminate() == 0
        assert "Traceback" not in daemon.text
    assert list(path.parent.iterdir()) == []


def test_after_a_crash_the_lock_of_another_process_number_is_no_matter(path: Path) -> None:
    """As in a container, where every daemon has the same: that of this process here."""
    leave_stale(path)
    lock = Path(f"{path}.lock")
    lock.symlink_to(str(os.getpid()))
    with Listening(f"unix:{path}"):
        assert answer(path).startswith(b"HTTP/1.1 200 ")


def test_a_second_daemon_leaves_the_first_its_socket(path: Path) -> None:
    with Listening(f"unix:{path}"):
        with Child([*COMMAND, f"--listen=unix:{path}:lockfile=0"]) as second:
            assert second.wait() == 1
            why = "cannot listen: another process listens there\n"
            assert second.out[-1].endswith(f"echod: --listen unix:{path}:lockfile=0: {why}")
            assert "Traceback" not in second.text
        assert answer(path).startswith(b"HTTP/1.1 200 ")


def test_with_another_reactor_it_is_the_same(path: Path) -> None:
    command = (TWISTD, "--reactor=poll", "--nodaemon", "--pidfile=", "--logfile=-", "echod")
    leave_stale(path)
    with Listening(f"unix:{path}:mode=640", command=command) as daemon:
        assert answer(path).startswith(b"HTTP/1.1 200 ")
        assert stat.S_IMODE(path.stat().st_mode) == 0o640
        daemon.terminate()
    assert not path.exists()


def test_canary_twisted_still_takes_a_living_process_for_the_owner(path: Path) -> None:
    """When this fails, Twisted's own endpoint may do."""
    from twisted.python.lockfile import FilesystemLock

    lock = Path(f"{path}.lock")
    lock.symlink_to("1")
    assert not FilesystemLock(str(lock)).lock()
