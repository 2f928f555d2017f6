"""`python -m echod.client`: each line of the input is a message, each message a line of the output."""

from __future__ import annotations

import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import pytest
from twisted.internet.task import Clock
from websockets.sync.server import ServerConnection

from echod import Contract
from echod.client.__main__ import Talk, main
from echod.client.note import echo_uri
from tests.child import ROOT, Daemon, clean_environment
from tests.client.console import Console
from tests.client.peers import LOOPBACK, PATIENCE_S, Host, answering, free_port, serving

LIMIT_S = 30.0
COMMAND = [sys.executable, "-m", "echod.client"]
CLOSED = b"CLOSED with code 1000 \n"


def run_client(*words: str, typed: bytes = b"") -> subprocess.CompletedProcess[bytes]:
    """The command with this input in a pipe, run to its end."""
    return subprocess.run(
        [*COMMAND, *words], cwd=ROOT, env=clean_environment({}), input=typed, capture_output=True, timeout=LIMIT_S
    )


@contextmanager
def running_client(uri: str) -> Iterator[subprocess.Popen[bytes]]:
    """The command with an input that does not end before the block does."""
    with subprocess.Popen(
        [*COMMAND, uri],
        cwd=ROOT,
        env=clean_environment({}),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as client:
        yield client


def echo(connection: ServerConnection) -> None:
    """What python-websockets recommends; it answers a Close as soon as it comes."""
    for message in connection:
        connection.send(message)


@pytest.fixture
def uri(daemon: Daemon) -> str:
    """An echo that answers a Close after everything before it."""
    return daemon.uri("/echo")


class TestInput:
    @pytest.mark.parametrize(
        ("typed", "received"),
        [
            (b"", b""),
            (b"message1\n", b"RECEIVED message1\n"),
            (b"message1\nmessage2\n", b"RECEIVED message1\nRECEIVED message2\n"),
            (b"no end", b"RECEIVED no end\n"),
            (b"one\nno end", b"RECEIVED one\nRECEIVED no end\n"),
            (b"from Windows\r\nmore\r\n", b"RECEIVED from Windows\nRECEIVED more\n"),
            (b"no end\r", b"RECEIVED no end\n"),
            (b"\n\n", b"RECEIVED \nRECEIVED \n"),
            ("zwölf 😀\n".encode(), "RECEIVED zwölf 😀\n".encode()),
            (b"a\x1b[31mb\tc\n", b"RECEIVED a\x1b[31mb\tc\n"),
        ],
        ids=[
            "nothing",
            "one line",
            "two lines",
            "no line end",
            "the last without line end",
            "CR LF",
            "CR at the end",
            "empty lines",
            "UTF-8",
            "control characters",
        ],
    )
    def test_each_line_is_sent_and_its_answer_printed(self, uri: str, typed: bytes, received: bytes) -> None:
        ended = run_client(uri, typed=typed)
        assert (ended.stdout, ended.stderr, ended.returncode) == (received + CLOSED, b"", 0)

    def test_a_line_that_is_not_utf_8_is_told_and_the_others_are_sent(self, uri: str) -> None:
        ended = run_client(uri, typed=b"before\n\xff\xfe\nafter\n")
        assert ended.stdout == b"RECEIVED before\nRECEIVED after\n" + CLOSED
        assert ended.stderr.startswith(b"echod: not sent: ")
        assert ended.stderr.count(b"\n") == 1
        assert ended.returncode == 1

    def test_answers_come_too_from_a_server_that_answers_a_close_at_once(self) -> None:
        with serving(echo) as port:
            ended = run_client(f"ws://{LOOPBACK}:{port}/", typed=b"message1\nmessage2\n")
        assert ended.stdout == b"RECEIVED message1\nRECEIVED message2\n" + CLOSED

    def test_a_line_that_is_too_long_is_said_and_ends_the_input(self, uri: str) -> None:
        ended = run_client(uri, typed=b"first\n" + b"x" * (17 * 2**20) + b"\nlast\n")
        assert ended.stdout == b"RECEIVED first\n" + CLOSED
        assert ended.stderr.count(b"\n") == 1
        assert b"a line of more than 16777216 bytes" in ended.stderr
        assert ended.returncode == 1

    def test_a_reader_that_goes_away_ends_it_without_a_traceback(self, uri: str) -> None:
        lines = "".join(f"line {number}\n" for number in range(20_000))
        command = f"{' '.join(COMMAND)} {uri} | head -n 2"
        ended = subprocess.run(
            command,
            shell=True,
            cwd=ROOT,
            env=clean_environment({}),
            input=lines,
            capture_output=True,
            text=True,
            timeout=LIMIT_S,
        )
        assert ended.stdout == "RECEIVED line 0\nRECEIVED line 1\n"
        assert "Traceback" not in ended.stderr
        assert ended.stderr.count("\n") <= 1

    def test_ten_thousand_lines_come_back_in_order(self, daemon: Daemon) -> None:
        ended = run_client(daemon.uri("/echo"), typed=b"".join(b"line %d\n" % n for n in range(10_000)))
        assert ended.stdout == b"".join(b"RECEIVED line %d\n" % n for n in range(10_000)) + CLOSED
        assert ended.returncode == 0

    def test_a_line_of_a_mebibyte_is_one_message(self, daemon: Daemon) -> None:
        line = b"x" * 2**20
        ended = run_client(daemon.uri("/echo"), typed=line + b"\n")
        assert ended.stdout == b"RECEIVED " + line + b"\n" + CLOSED

    def test_a_file_may_be_the_input(self, uri: str, tmp_path: Path) -> None:
        file = tmp_path / "messages.txt"
        file.write_bytes(b"message1\nmessage2\n")
        with file.open() as lines:
            ended = subprocess.run(
                [*COMMAND, uri], cwd=ROOT, env=clean_environment({}), stdin=lines, capture_output=True, timeout=LIMIT_S
            )
        assert ended.stdout == b"RECEIVED message1\nRECEIVED message2\n" + CLOSED
        assert (ended.stderr, ended.returncode) == (b"", 0)

    def test_binary_messages_are_printed_as_python_writes_them(self) -> None:
        host = Host()
        with host.listening() as uri, running_client(uri) as client:
            host.guest().send(b"\x00\xff")
            assert client.stdout is not None
            assert client.stdout.readline() == b"RECEIVED b'\\x00\\xff'\n"

    def test_modes_are_those_of_the_server(self, daemon: Daemon) -> None:
        ended = run_client(daemon.uri("/multi-echo"), typed=b"add\nx\nnone\nx\n")
        assert ended.stdout.splitlines() == [
            b"RECEIVED add...added...",
            b"RECEIVED x...added...",
            b"RECEIVED none",
            b"RECEIVED x",
            b"CLOSED with code 1000 ",
        ]


class TestFailure:
    def test_nobody_there_is_one_line_and_exit_code_1(self) -> None:
        uri = f"ws://{LOOPBACK}:{free_port()}/"
        ended = run_client(uri, typed=b"x\n")
        assert ended.stderr.decode().startswith(f"echod: {uri}: cannot connect: ")
        assert (ended.stdout, ended.stderr.count(b"\n"), ended.returncode) == (b"", 1, 1)

    def test_a_refused_handshake_is_one_line_and_exit_code_1(self) -> None:
        with answering(b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n") as port:
            uri = f"ws://{LOOPBACK}:{port}/nowhere"
            ended = run_client(uri, typed=b"x\n")
        assert ended.stderr.decode() == f"echod: {uri}: the server refused the handshake: 404 Not Found\n"
        assert (ended.stdout, ended.returncode) == (b"", 1)

    @pytest.mark.parametrize(
        "uri", ["http://localhost/", "localhost:9001", "ws://", "ws://host/#fragment", "ws://a..b/", "wss://%zz"]
    )
    def test_what_is_no_uri_is_one_line_and_exit_code_1(self, uri: str) -> None:
        ended = run_client(uri)
        assert ended.stderr.decode().startswith(f"echod: uri: {uri!r} is not a WebSocket URI such as ")
        assert (ended.stdout, ended.stderr.count(b"\n"), ended.returncode) == (b"", 1, 1)

    @pytest.mark.parametrize("code", [1000, 1001, 1011])
    def test_a_server_that_leaves_before_the_end_of_the_input_is_exit_code_1(self, code: int) -> None:
        host = Host()
        with host.listening() as uri, running_client(uri) as client:
            host.guest().close(code, "no more")
            assert client.wait(LIMIT_S) == 1
            assert client.stdout is not None
            assert client.stdout.read() == b"CLOSED with code %d no more\n" % code

    def test_a_connection_that_is_cut_is_exit_code_1(self) -> None:
        host = Host()
        with host.listening() as uri, running_client(uri) as client:
            host.guest().socket.shutdown(socket.SHUT_RDWR)
            assert client.wait(LIMIT_S) == 1
            assert client.stdout is not None
            assert client.stdout.read() == b"CLOSED with code 1006 \n"

    def test_two_uris_are_one_too_many(self, capsys: pytest.CaptureFixture[str]) -> None:
        with pytest.raises(SystemExit) as ended:
            main(["ws://localhost/", "ws://example.com/"])
        assert ended.value.code == 2
        assert "unrecognized arguments: ws://example.com/" in capsys.readouterr().err


class TestAtATerminal:
    def test_lines_are_answered_while_the_person_types(self, uri: str, tmp_path: Path) -> None:
        with Console(tmp_path, "-m", "echod.client", uri) as console:
            console.press("message1\r")
            console.wait_for_line("RECEIVED message1")
            console.press("message2\r")
            console.wait_for_line("RECEIVED message2")
            console.press("\x04")
            assert console.wait_for_end() == 0
        assert console.lines == [
            "message1",
            "RECEIVED message1",
            "message2",
            "RECEIVED message2",
            "CLOSED with code 1000",
        ]

    def test_control_characters_of_a_server_are_escaped(self, tmp_path: Path) -> None:
        host = Host()
        with host.listening() as uri, Console(tmp_path, "-m", "echod.client", uri) as console:
            host.guest().send("\x1b[2J\x07gone")
            console.wait_for_line(r"RECEIVED \x1b[2J\x07gone")

    def test_a_half_typed_line_stays_under_a_message(self, tmp_path: Path) -> None:
        host = Host()
        with host.listening() as uri, Console(tmp_path, "-m", "echod.client", uri) as console:
            guest = host.guest()
            console.press("hal")
            console.wait_for_line("hal")
            guest.send("news")
            console.wait_for_line("RECEIVED news")
            console.press("f\r")
            assert guest.recv(timeout=PATIENCE_S) == "half"
            console.wait_for_line("half")
            assert console.lines == ["RECEIVED news", "half"]

    def test_the_end_is_told_when_the_server_leaves(self, tmp_path: Path) -> None:
        host = Host()
        with host.listening() as uri, Console(tmp_path, "-m", "echod.client", uri) as console:
            host.guest().close(1001, "maintenance")
            assert console.wait_for_end() == 1
        assert console.lines == ["CLOSED with code 1001 maintenance"]


def test_help_tells_the_words_and_the_exit_codes() -> None:
    ended = run_client("--help")
    text = " ".join(ended.stdout.decode().split())
    assert "usage: python -m echod.client [-h] [uri]" in text
    assert "'simple' or 'multi' for those on localhost:9001 (default: simple)" in text
    assert "Exit code 0 after a clean close with everything sent, 1 otherwise." in text
    assert ended.returncode == 0


@pytest.mark.parametrize(
    ("url", "host", "uri"),
    [
        ("simple", "localhost", "ws://localhost:9001/simple-echo"),
        ("multi", "localhost", "ws://localhost:9001/multi-echo"),
        ("multi", "192.0.2.1", "ws://192.0.2.1:9001/multi-echo"),
        ("simple", "::1", "ws://[::1]:9001/simple-echo"),
        ("wss://example.com/x?y", "localhost", "wss://example.com/x?y"),
        ("Simple", "localhost", "Simple"),
    ],
)
def test_the_words_of_the_note_stand_for_its_servers(url: str, host: str, uri: str) -> None:
    assert echo_uri(url, host, 9001) == uri


class Source:
    """Where lines come from; notes that it was closed."""

    closed = 0

    def loseConnection(self) -> None:
        self.closed += 1


def test_after_a_line_that_is_too_long_nothing_is_sent_or_said_any_more(capsys: pytest.CaptureFixture[str]) -> None:
    sent: list[str] = []
    talk = Talk(Clock())
    talk.contract = cast(Contract, SimpleNamespace(send=sent.append))
    talk.transport = Source()

    talk.lineReceived(b"first")
    talk.lineLengthExceeded(b"x")
    talk.lineLengthExceeded(b"x")
    talk.lineReceived(b"last")

    assert sent == ["first"]
    assert talk.transport.closed == 1
    assert capsys.readouterr().err.count("\n") == 1
