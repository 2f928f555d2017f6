"""What the log holds: the course of each connection with `--debug`, and never a payload without."""

from __future__ import annotations

import errno
import io
import os
import re
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from twisted.logger import globalLogPublisher, textFileLogObserver
from twisted.python.logfile import LogFile
from websockets.exceptions import InvalidStatus

from echod.daemon import log_output
from echod.daemon.log_output import LogOutput, LogOutputs
from echod.daemon.private import AppendedLogFile, log_files
from tests.child import ROOT, TWISTD, Child, Daemon
from tests.daemon.clients import (
    everything_from,
    half_close,
    head_from,
    open_client,
    raw_connection,
    reply,
    reset,
    upgrade,
    wait_until,
)

SECRET = "a-secret-that-nobody-logs"
PEER = r"127\.0\.0\.1:\d+"


@pytest.fixture(scope="module")
def tracing() -> Iterator[Daemon]:
    with Daemon("--debug", "--compression", "off") as running:
        yield running


@pytest.fixture(scope="module")
def silent() -> Iterator[Daemon]:
    with Daemon() as running:
        yield running


def is_logged(daemon: Daemon, pattern: str) -> bool:
    """Whether a line with this comes."""
    return wait_until(lambda: re.search(pattern, daemon.text) is not None)


@pytest.mark.parametrize("path", ["/simple-echo", "/multi-echo", "/echo", "/"])
def test_with_debug_handshake_frames_and_close_are_logged(tracing: Daemon, path: str) -> None:
    word = f"hello-{path}"
    with open_client(tracing.uri(path)) as client:
        assert reply(client, word) == word
        client.close(4001, f"bye-{path}")
    assert is_logged(tracing, rf"{PEER} handshake '{path}' \{{.*'host': '127\.0\.0\.1:")
    assert is_logged(tracing, rf"{PEER} received opcode=1 fin=True length={len(word)} b'{word}'")
    assert is_logged(tracing, rf"{PEER} sent opcode=1 fin=True length={len(word)} b'{word}'")
    assert is_logged(tracing, rf"{PEER} closed 4001 'bye-{path}'")


def test_with_debug_a_preview_is_bounded_and_escaped(tracing: Daemon) -> None:
    with open_client(tracing.uri("/multi-echo")) as client:
        reply(client, b"\x1b[31m\n" + b"z" * 100)
    shown = re.escape(repr(b"\x1b[31m\n" + b"z" * 58))
    assert is_logged(tracing, rf"received opcode=2 fin=True length=106 {shown}…")
    assert "\x1b" not in tracing.text
    assert "z" * 59 not in tracing.text


def test_with_debug_an_abrupt_loss_is_a_close_without_a_traceback(tracing: Daemon) -> None:
    with open_client(tracing.uri("/multi-echo")) as client:
        reply(client, "hello")
        reset(client.socket)
    assert is_logged(tracing, rf"{PEER} closed 1006 ''")
    assert "Traceback" not in tracing.text


def test_debug_changes_no_behaviour(tracing: Daemon) -> None:
    with open_client(tracing.uri("/multi-echo")) as client:
        assert [reply(client, word) for word in ("add", b"x", "x")] == ["add...added...", b"x", "x...added..."]


def test_without_debug_nothing_of_a_message_is_in_the_log(silent: Daemon) -> None:
    with open_client(silent.uri("/multi-echo")) as client:
        assert reply(client, SECRET) == SECRET
        assert reply(client, SECRET.encode()) == SECRET.encode()
        client.ping(SECRET)
        client.close(4000, SECRET)
    assert_nothing_of_it(silent)


@pytest.mark.parametrize(
    "frames",
    [
        b"\x81\x99\x00\x00\x00\x00" + SECRET.encode()[:10],
        b"\x81\x19" + SECRET.encode(),
        b"\xf1\x99\x00\x00\x00\x00" + SECRET.encode(),
        b"\x81\x9a\x00\x00\x00\x00" + SECRET.encode() + b"\xff",
        b"\x88\x9a\x00\x00\x00\x00\x00" + SECRET.encode(),
    ],
    ids=["cut off", "unmasked", "reserved bits", "not UTF-8", "bad close code"],
)
def test_without_debug_nothing_of_a_violation_is_in_the_log(silent: Daemon, frames: bytes) -> None:
    with raw_connection(silent.port) as client:
        client.sendall(upgrade("/multi-echo"))
        head_from(client)
        client.sendall(frames)
        half_close(client)
        everything_from(client)
    assert_nothing_of_it(silent)


@pytest.mark.parametrize(
    "request_bytes",
    [
        upgrade("/multi-echo", f"Cookie: {SECRET}", f"Origin: {SECRET}"),
        upgrade("/multi-echo").replace(b"dGhlIHNhbXBsZSBub25jZQ==", SECRET.encode()),
        SECRET.encode() + b"\r\n\r\n",
    ],
    ids=["headers", "key", "no request"],
)
def test_without_debug_nothing_of_a_handshake_is_in_the_log(silent: Daemon, request_bytes: bytes) -> None:
    with raw_connection(silent.port) as client:
        client.sendall(request_bytes)
        assert client.recv(65536).startswith(b"HTTP/1.1 ")
        reset(client)
    assert_nothing_of_it(silent)


def assert_nothing_of_it(daemon: Daemon) -> None:
    """Once a page that was asked for later is logged, everything before it is."""
    with raw_connection(daemon.port) as client:
        client.sendall(b"GET /a-later-page HTTP/1.1\r\nHost: a\r\n\r\n")
        port = client.getsockname()[1]
        everything_from(client)
    assert is_logged(daemon, rf":{port} \"GET /a-later-page\" 404")
    assert SECRET[:8] not in daemon.text
    assert "Traceback" not in daemon.text


def test_a_page_is_one_line_with_the_clients_bytes_escaped(silent: Daemon) -> None:
    with raw_connection(silent.port) as client:
        client.sendall(b"GET /%1b[31m\"'x HTTP/1.1\r\nHost: a\r\n\r\n")
        everything_from(client)
    assert is_logged(silent, rf"{PEER} \"GET /%1b\[31m\\\"'x\" 404")


def test_a_refused_handshake_leaves_no_traceback(silent: Daemon) -> None:
    with pytest.raises(InvalidStatus):
        open_client(silent.uri("/nothing"))
    assert_nothing_of_it(silent)


def test_questions_for_its_health_are_logged_with_debug_alone(silent: Daemon, tracing: Daemon) -> None:
    for daemon in (silent, tracing):
        for path in ("/health/live", "/info"):
            with raw_connection(daemon.port) as client:
                client.sendall(f"GET {path} HTTP/1.1\r\nHost: h\r\n\r\n".encode())
                assert everything_from(client).startswith(b"HTTP/1.1 200 ")
        assert is_logged(daemon, r'"GET /info" 200')
    assert "/health/live" not in silent.text
    assert is_logged(tracing, r'"GET /health/live" 200')


class TestWhereTheLogGoes:
    """To a stream that is closed or full, or a file that another program rotates."""

    @pytest.mark.parametrize(
        ("arguments", "complaint"),
        [
            ("--logfile=- echod --port 0 >/dev/full", "No space left on device"),
            ("--logfile=- echod --port 0 >&-", "Bad file descriptor"),
            ("--logfile=- echod --port 0 > >(exit)", "Broken pipe"),
            ("--logfile=/dev/full echod --port 0", "No space left on device"),
        ],
    )
    def test_a_log_that_cannot_be_written_is_one_line_and_no_end(self, arguments: str, complaint: str) -> None:
        command = f"exec {TWISTD} --nodaemon --pidfile= {arguments}"
        with Child(["bash", "-c", command], {"PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": ""}) as daemon:
            daemon.wait_for_line(f"^echod: cannot write the log: {complaint}$")
            time.sleep(0.5)
            assert daemon.terminate() == 0
        assert daemon.text == f"echod: cannot write the log: {complaint}\n"

    def test_a_file_that_is_truncated_begins_with_what_is_logged_next(self, tmp_path: Path) -> None:
        with logging_to(tmp_path / "log") as daemon:
            with (tmp_path / "log").open("r+") as file:
                file.truncate(0)
            daemon.process.send_signal(signal.SIGUSR2)
            assert wait_until(lambda: "SIGUSR2" in (tmp_path / "log").read_text())
        assert (tmp_path / "log").read_bytes()[:1] == b"2"

    def test_sigusr1_begins_a_new_file(self, tmp_path: Path) -> None:
        with logging_to(tmp_path / "log") as daemon:
            daemon.process.send_signal(signal.SIGUSR1)
            assert wait_until((tmp_path / "log.1").exists)
            daemon.process.send_signal(signal.SIGUSR2)
            assert wait_until(lambda: "SIGUSR2" in (tmp_path / "log").read_text())
        assert "ready" in (tmp_path / "log.1").read_text()

    @pytest.mark.parametrize("is_created", [False, True])
    def test_a_file_that_was_moved_is_opened_anew_at_sigusr1(self, tmp_path: Path, is_created: bool) -> None:
        with logging_to(tmp_path / "log") as daemon:
            (tmp_path / "log").rename(tmp_path / "old")
            if is_created:
                (tmp_path / "log").touch()
            daemon.process.send_signal(signal.SIGUSR1)
            daemon.process.send_signal(signal.SIGUSR2)
            assert wait_until(lambda: (tmp_path / "log").exists() and "SIGUSR2" in (tmp_path / "log").read_text())
        assert {file.name for file in tmp_path.iterdir()} == {"log", "old"}


@contextmanager
def logging_to(log: Path) -> Iterator[Child]:
    """A daemon that logs to this file, and is ready."""
    command = [TWISTD, "--nodaemon", "--pidfile=", f"--logfile={log}", "echod", "--port", "0"]
    with Child(command, {"PYTHONPATH": str(ROOT)}) as daemon:
        assert wait_until(lambda: log.exists() and "ready" in log.read_text())
        yield daemon
        assert daemon.terminate() == 0
        assert daemon.text == ""


def vanish(folder: Path) -> None:
    folder.rename(folder.with_name("elsewhere"))


def put_a_folder_there(folder: Path) -> None:
    (folder / "log").unlink()
    (folder / "log").mkdir()


@pytest.mark.parametrize(
    ("happen", "why"), [(vanish, "No such file or directory"), (put_a_folder_there, "Is a directory")]
)
def test_where_no_new_file_can_be_the_old_one_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, happen: Callable[[Path], None], why: str
) -> None:
    told: list[str] = []
    monkeypatch.setattr(log_output, "say", told.append)
    folder = tmp_path / "logs"
    folder.mkdir()
    output = LogOutput(AppendedLogFile.adopt(LogFile("log", str(folder))))
    assert isinstance(output.target, AppendedLogFile)
    descriptor = output.target._file
    happen(folder)

    assert [output.rotate(), output.rotate()] == [True, True]
    output.write("line\n")

    assert told == [f"echod: cannot rotate the log: {why}"] * 2
    assert os.pread(descriptor.fileno(), 100, 0) == b"line\n"
    output.target.close()


def test_a_file_that_cannot_be_begun_by_its_size_goes_on_as_the_old_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[str] = []
    monkeypatch.setattr(log_output, "say", told.append)
    file = AppendedLogFile.adopt(LogFile("log", str(tmp_path), rotateLength=4))
    output = LogOutput(file)
    output.write("long\n")
    with monkeypatch.context() as disk:
        disk.setattr(os, "rename", refuse_space)
        output.write("lost\n")
    output.write("more\n")
    file.close()
    assert told == ["echod: cannot write the log: No space left on device"]
    assert ((tmp_path / "log").read_text(), (tmp_path / "log.1").read_text()) == ("more\n", "long\n")


def refuse_space(*_: object) -> None:
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def test_twisteds_own_log_file_is_still_not_appended_to(tmp_path: Path) -> None:
    """Once it is, `AppendedLogFile` needs no `_append`."""
    file = LogFile("log", str(tmp_path))
    file.write("before")
    os.truncate(tmp_path / "log", 0)
    file.write("after")
    file.close()
    assert (tmp_path / "log").read_bytes() == b"\0" * 6 + b"after"


def test_a_truncated_file_is_rotated_by_the_size_that_it_has(tmp_path: Path) -> None:
    file = AppendedLogFile.adopt(LogFile("log", str(tmp_path), rotateLength=8))
    for _ in range(3):
        file.write("sixsix")
        os.truncate(tmp_path / "log", 0)
    assert [*tmp_path.iterdir()] == [tmp_path / "log"]
    file.write("12345678")
    file.write("next")
    file.write("more")
    file.close()
    assert ((tmp_path / "log").read_text(), (tmp_path / "log.1").read_text()) == ("nextmore", "12345678")


def test_a_disk_that_is_full_is_told_once_each_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[str] = []
    monkeypatch.setattr(log_output, "say", told.append)
    file = AppendedLogFile.adopt(LogFile("log", str(tmp_path)))
    output = LogOutput(file)
    for is_full in (False, True, True, False, True):
        with monkeypatch.context() as disk:
            if is_full:
                disk.setattr(file, "write", refuse_space)
            output.write("line\n")
    file.close()
    assert told == ["echod: cannot write the log: No space left on device"] * 2


@pytest.mark.parametrize("text", ["zwölf 😀\n", "zwölf 😀\n".encode()])
def test_a_stream_gets_what_its_encoding_lacks_escaped(tmp_path: Path, text: str | bytes) -> None:
    with (tmp_path / "out").open("w", encoding="latin-1") as stream:
        output = LogOutput(stream)
        output.write(text)
        output.flush()
        assert (output.fileno(), output.rotate()) == (stream.fileno(), False)
    assert (tmp_path / "out").read_bytes() == "zwölf ".encode("latin-1") + b"\\U0001f600\n"


def test_what_is_no_file_of_the_system_is_left_to_itself() -> None:
    before, memory = [*globalLogPublisher._observers], io.StringIO()
    globalLogPublisher.addObserver(observer := textFileLogObserver(memory))
    try:
        LogOutputs().take()
        assert memory in log_files()
    finally:
        globalLogPublisher.removeObserver(observer)
        assert [*globalLogPublisher._observers] == before
