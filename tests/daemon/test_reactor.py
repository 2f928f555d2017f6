"""The leaner reactor: chosen when nobody chose another, and doing all that Twisted's does."""

from __future__ import annotations

import errno
import inspect
import socket
import stat
import sys
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from select import EPOLLIN
from typing import Any

import pytest
from twisted.internet.error import ConnectionDone, ConnectionLost
from twisted.internet.protocol import Factory, Protocol

from echod.daemon import reactor as module
from echod.daemon.reactor import HEAD_BYTES, LARGE_READ, PATIENCE, SMALL_READ, LeanReactor, LeanServer
from tests.child import ROOT, TWIST, TWISTD, Child, Daemon


class Recorder(Protocol):
    """Writes down what it gets; raises on `raise`."""

    def __init__(self) -> None:
        self.pieces: list[bytes] = []
        self.end: type | None = None

    def dataReceived(self, data: bytes) -> None:
        self.pieces.append(data)
        if data == b"raise":
            raise RuntimeError("as told")

    def connectionLost(self, reason: Any = None) -> None:
        self.end = reason.type


class Scene:
    """A reactor that is turned by hand, with one connection to it."""

    def __init__(self, lean: LeanReactor) -> None:
        self.reactor = lean
        self.near = Recorder()
        self.port = lean.listenTCP(0, Factory.forProtocol(lambda: self.near), interface="127.0.0.1")
        self.far = socket.create_connection(("127.0.0.1", self.port.getHost().port))
        self.turn_until(lambda: self.near.transport is not None)

    def turn_until(self, condition: Callable[[], object]) -> None:
        for _ in range(1000):
            if condition():
                return
            self.reactor.runUntilCurrent()
            self.reactor.doPoll(0.01)
        raise AssertionError("it never happens")


@pytest.fixture
def scene() -> Iterator[Scene]:
    lean = LeanReactor()
    made = Scene(lean)
    yield made
    made.far.close()
    if made.near.end is None:
        made.near.transport.abortConnection()
        made.turn_until(lambda: made.near.end)
    made.port.stopListening()
    made.turn_until(lambda: made.port.disconnected)
    for reader in lean.removeAll():
        lean._internalReaders.discard(reader)
        reader.connectionLost(None)
    lean._poller.close()


def test_bytes_arrive_and_replies_leave(scene: Scene) -> None:
    scene.far.sendall(b"hello")
    scene.turn_until(lambda: scene.near.pieces)
    scene.near.transport.write(b"x" * 1_000_000)
    received = bytearray()
    scene.far.setblocking(False)

    def is_all() -> bool:
        with suppress(BlockingIOError):
            received.extend(scene.far.recv(1_000_000))
        return len(received) == 1_000_000

    scene.turn_until(is_all)
    assert scene.near.pieces == [b"hello"]


def test_the_end_of_the_stream_ends_the_connection(scene: Scene) -> None:
    scene.far.close()
    scene.turn_until(lambda: scene.near.end)
    assert scene.near.end is ConnectionDone


def test_a_reset_ends_the_connection(scene: Scene) -> None:
    scene.far.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
    scene.far.close()
    scene.turn_until(lambda: scene.near.end)
    assert scene.near.end is ConnectionLost


def test_a_protocol_that_raises_loses_its_connection_and_is_logged(scene: Scene, failures: list[Any]) -> None:
    scene.far.sendall(b"raise")
    scene.turn_until(lambda: scene.near.end)
    assert scene.near.end is RuntimeError
    assert [event["log_failure"].type for event in failures] == [RuntimeError]


@pytest.fixture
def failures() -> Iterator[list[Any]]:
    """The failures that are logged."""
    from twisted.logger import globalLogPublisher

    events: list[Any] = []
    observe = lambda event: events.append(event) if "log_failure" in event else None  # noqa: E731
    globalLogPublisher.addObserver(observe)
    yield events
    globalLogPublisher.removeObserver(observe)


def test_a_read_that_finds_nothing_is_no_end(scene: Scene) -> None:
    assert scene.near.transport.doRead() is None


def test_a_full_read_asks_for_more_and_small_ones_for_little_again(scene: Scene) -> None:
    transport = scene.near.transport
    assert isinstance(transport, LeanServer)
    scene.far.sendall(bytes(SMALL_READ))
    scene.turn_until(lambda: sum(map(len, scene.near.pieces)) == SMALL_READ)
    for number in range(PATIENCE):
        assert transport.read_bytes == transport.bufferSize + HEAD_BYTES
        scene.far.sendall(b"x")
        scene.turn_until(lambda wanted=SMALL_READ + number + 1: sum(map(len, scene.near.pieces)) == wanted)
    assert transport.read_bytes == SMALL_READ


def test_in_the_middle_of_a_large_message_a_full_read_asks_for_much(scene: Scene) -> None:
    transport = scene.near.transport
    transport.wanted_bytes = 10 * LARGE_READ
    scene.far.sendall(bytes(SMALL_READ))
    scene.turn_until(lambda: sum(map(len, scene.near.pieces)) == SMALL_READ)
    assert transport.read_bytes == LARGE_READ


class Scripted:
    """An epoll that says this, or fails with this error."""

    def __init__(self, said: list[tuple[int, int]] | int) -> None:
        self._said = said

    def poll(self, *_: object) -> list[tuple[int, int]]:
        if isinstance(self._said, int):
            raise OSError(self._said, "as told")
        return self._said


@pytest.mark.parametrize("said", [[(99_999, EPOLLIN)], errno.EINTR], ids=["gone", "signal"])
def test_an_event_of_a_connection_that_is_gone_and_a_signal_are_no_error(scene: Scene, said: Any) -> None:
    poller, scene.reactor._poller = scene.reactor._poller, Scripted(said)
    scene.reactor.doPoll(None)
    scene.reactor._poller = poller


def test_another_error_is_no_secret(scene: Scene) -> None:
    poller, scene.reactor._poller = scene.reactor._poller, Scripted(errno.EBADF)
    with pytest.raises(OSError, match="as told"):
        scene.reactor.doPoll(None)
    scene.reactor._poller = poller


def test_it_is_installed_only_where_there_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    installed: list[Any] = []
    monkeypatch.setattr(module, "installReactor", installed.append)
    module.install_by_default()
    assert installed == []
    monkeypatch.delitem(sys.modules, "twisted.internet.reactor")
    module.install_by_default()
    [lean] = installed
    assert isinstance(lean, LeanReactor)
    for reader in lean.removeAll():
        reader.connectionLost(None)
    lean._poller.close()


FLAGS = ("--nodaemon", "--pidfile=", "--logfile=-")


def test_the_daemon_runs_on_it() -> None:
    with Daemon() as daemon:
        assert "reactor class: echod.daemon.reactor.LeanReactor" in daemon.text


def test_the_daemon_of_the_tac_runs_on_it() -> None:
    with Daemon(argv=[TWISTD, *FLAGS, "-y", ROOT / "echod.tac"], env={"ECHOD_PORT": "0"}) as daemon:
        assert "reactor class: echod.daemon.reactor.LeanReactor" in daemon.text


@pytest.mark.parametrize(("asked", "kind"), [("epoll", "EPollReactor"), ("poll", "PollReactor")])
def test_another_reactor_that_is_asked_for_is_taken(asked: str, kind: str) -> None:
    with Daemon(argv=[TWISTD, f"--reactor={asked}", *FLAGS, "echod", "--port", "0"]) as daemon:
        assert f".{kind}." in daemon.text


BY_NAME = """
from twisted.application.reactors import installReactor
installReactor("echod")
from twisted.internet import reactor
print(type(reactor).__name__)
"""
"""What twist does with a name; it says nothing of the reactor that it gets."""


def test_it_can_be_asked_for_by_name() -> None:
    with Child([TWISTD, "--help-reactors"]) as child:
        child.wait_for_line(r"echod\s+epoll, with less between an event and its transport")
    with Child([sys.executable, "-c", BY_NAME]) as child:
        child.wait_for_line("^LeanReactor$")
    with Daemon(argv=[TWIST, "--reactor", "echod", "echod", "--port", "0"]) as daemon:
        assert daemon.port


def test_a_local_socket_that_listens_already_is_served_and_its_path_stays(scene: Scene, tmp_path: Path) -> None:
    path, near = tmp_path / "s.sock", Recorder()
    with socket.socket(socket.AF_UNIX) as opened:
        opened.bind(str(path))
        path.chmod(0o640)
        opened.listen()
        factory = Factory.forProtocol(lambda: near)
        port = scene.reactor.adoptStreamPort(opened.fileno(), socket.AF_UNIX, factory)
        with socket.socket(socket.AF_UNIX) as far:
            far.connect(str(path))
            far.sendall(b"hello")
            scene.turn_until(lambda: near.pieces)
        scene.turn_until(lambda: near.end)
        port.stopListening()
        scene.turn_until(lambda: port.disconnected)
        with socket.socket(socket.AF_UNIX) as far:
            far.connect(str(path))
    assert near.pieces == [b"hello"]
    assert stat.S_IMODE(path.stat().st_mode) == 0o640


def test_canary_twisted_still_removes_the_path_of_what_it_adopts() -> None:
    """When this fails, Twisted's own port may do."""
    from twisted.internet.unix import Port

    assert "os.unlink(self._bindPath)" in inspect.getsource(Port.connectionLost)
