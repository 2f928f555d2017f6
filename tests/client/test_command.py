"""`python -m echod.client`: each line of the input is a message, each message a line of the output."""

from __future__ import annotations

import base64
import hashlib
import os
import re
import select
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from itertools import count
from pathlib import Path

import pytest
from websockets.exceptions import ConnectionClosed
from websockets.sync.server import ServerConnection

from echod.client.__main__ import main
from echod.client.note import echo_uri
from echod.errors import printable
from tests.child import ROOT, Daemon, clean_environment
from tests.client.console import Console
from tests.client.peers import LOOPBACK, PATIENCE_S, Host, answering, free_port, serving

LIMIT_S = 30.0
COMMAND = [sys.executable, "-m", "echod.client"]
HASTE = ["--wait", "500ms"]
CLOSED = b"CLOSED with code 1000 \n"


def run_client(*words: str, typed: bytes = b"") -> subprocess.CompletedProcess[bytes]:
    """The command with this input in a pipe, run to its end."""
    return subprocess.run(
        [*COMMAND, *HASTE, *words],
        cwd=ROOT,
        env=clean_environment({}),
        input=typed,
        capture_output=True,
        timeout=LIMIT_S,
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


class TestWaitingForReplies:
    """At the end of the input; the server is python-websockets, which answers a Close at once."""

    @staticmethod
    def late(seconds: float, greeting: str = "", copies: int = 1) -> Callable[[ServerConnection], None]:
        """An echo that thinks about each message, and may greet."""

        def reply(connection: ServerConnection) -> None:
            if greeting:
                connection.send(greeting)
            with suppress(ConnectionClosed):
                for message in connection:
                    for _ in range(copies):
                        time.sleep(seconds)
                        connection.send(message)

        return reply

    @pytest.mark.parametrize("greeting", ["", "hello"])
    @pytest.mark.parametrize("copies", [1, 3])
    def test_late_replies_come_behind_a_greeting_too(self, greeting: str, copies: int) -> None:
        with serving(self.late(0.4, greeting, copies)) as port:
            ended = run_client(f"ws://{LOOPBACK}:{port}/", "--wait", "1s", typed=b"x\n")
        lines = [*([b"RECEIVED hello\n"] if greeting else []), *[b"RECEIVED x\n"] * copies]
        assert (ended.stdout, ended.stderr, ended.returncode) == (b"".join(lines) + CLOSED, b"", 0)

    def test_each_reply_may_take_as_long(self) -> None:
        with serving(self.late(0.4)) as port:
            ended = run_client(f"ws://{LOOPBACK}:{port}/", "--wait", "800ms", typed=b"1\n2\n3\n4\n")
        assert ended.stdout == b"".join(b"RECEIVED %d\n" % n for n in range(1, 5)) + CLOSED

    @pytest.mark.parametrize("greeting", ["", "hello"])
    def test_a_reply_that_is_later_still_is_a_sentence_and_exit_code_1(self, greeting: str) -> None:
        with serving(self.late(1.5, greeting)) as port:
            ended = run_client(f"ws://{LOOPBACK}:{port}/", "--wait", "300ms", typed=b"x\n")
        assert ended.stderr == b"echod: no reply to 1 of 1 lines within 300ms\n"
        assert ended.returncode == 1

    def test_a_server_that_closes_instead_of_a_reply_is_exit_code_1(self) -> None:
        with serving(lambda connection: connection.recv() and None) as port:
            ended = run_client(f"ws://{LOOPBACK}:{port}/", typed=b"x\n")
        assert (ended.stdout, ended.returncode) == (CLOSED, 1)
        assert ended.stderr.startswith(b"echod: no reply to 1 of 1 lines")

    def test_with_no_time_replies_are_not_missed(self) -> None:
        with serving(self.late(0.4)) as port:
            ended = run_client(f"ws://{LOOPBACK}:{port}/", "--wait", "0", typed=b"x\n")
        assert (ended.stdout, ended.stderr, ended.returncode) == (CLOSED, b"", 0)

    def test_a_server_that_never_falls_silent_is_left_all_the_same(self) -> None:
        def tick(connection: ServerConnection) -> None:
            with suppress(ConnectionClosed):
                for number in count():
                    connection.send(str(number))
                    time.sleep(0.05)

        with serving(tick) as port:
            ended = run_client(f"ws://{LOOPBACK}:{port}/", typed=b"x\n")
        assert (ended.stdout.splitlines()[-1], ended.returncode) == (CLOSED.strip(b"\n"), 0)

    def test_a_time_that_is_none_is_told(self) -> None:
        ended = run_client("--wait", "soon")
        assert b"'soon' is not a time such as 250ms, 2s or 1m, or plain seconds, from 0s to 24h" in ended.stderr
        assert ended.returncode == 2


class TestDescriptors:
    """Of the shell: closed, full, read by nobody, in another encoding, shared and non-blocking."""

    @staticmethod
    def shell(command: str, uri: str, **env: str) -> subprocess.CompletedProcess[bytes]:
        """A bash command with `$CLIENT`, run to its end; `$STATUS` is where it writes the exit code of the client."""
        words = {"CLIENT": " ".join([*COMMAND, *HASTE, uri]), **env}
        return subprocess.run(
            ["bash", "-c", command], cwd=ROOT, env=clean_environment(words), capture_output=True, timeout=LIMIT_S
        )

    @pytest.mark.parametrize(
        ("command", "complaint"),
        [
            ("$CLIENT <&-", b"echod: cannot read standard input: Bad file descriptor\n"),
            ("$CLIENT 0>/dev/null", b"echod: cannot read standard input: Bad file descriptor\n"),
            ("echo x | $CLIENT >&-", b"echod: cannot write standard output: Bad file descriptor\n"),
            ("echo x | $CLIENT >/dev/full", b"echod: cannot write standard output: No space left on device\n"),
            ("echo x | $CLIENT 1</dev/null", b"echod: cannot write standard output: Bad file descriptor\n"),
            ("$CLIENT <&- >&-", b"echod: cannot read standard input: Bad file descriptor\n"),
            ("echo x | $CLIENT >&- 2>&-", b""),
            ("$CLIENT <&- 2>&-", b""),
            ("echo x | $CLIENT >/dev/full 2>/dev/full", b""),
            ("$CLIENT --help >/dev/full", b"echod: cannot write standard output: No space left on device\n"),
            ("$CLIENT --help >&-", b"echod: cannot write standard output: Bad file descriptor\n"),
            ("PYTHONUNBUFFERED= $CLIENT --help >/dev/full", b"echod: cannot write standard output: No space left on"),
            ("(sleep 0.3; echo x) | $CLIENT | head -c 0; exit ${PIPESTATUS[1]}", b"echod: cannot write standard outpu"),
        ],
    )
    def test_what_cannot_be_read_or_written_is_one_line_and_exit_code_1(
        self, uri: str, command: str, complaint: bytes
    ) -> None:
        ended = self.shell(command, uri)
        assert ended.stderr.startswith(complaint)
        assert ended.stderr.count(b"\n") == bool(complaint)
        assert (ended.stdout.replace(CLOSED, b""), ended.returncode) == (b"", 1)

    @pytest.mark.parametrize("command", ["$CLIENT </dev/null", "$CLIENT </dev/null 2>&-", ": | $CLIENT 2>/dev/full"])
    def test_what_is_not_needed_may_be_missing(self, uri: str, command: str) -> None:
        ended = self.shell(command, uri)
        assert (ended.stdout, ended.stderr, ended.returncode) == (CLOSED, b"", 0)

    @pytest.mark.parametrize(
        ("encoding", "shown"),
        [
            ("latin-1", "zwölf ".encode("latin-1") + rb"\U0001f600"),
            ("ascii", rb"zw\xf6lf \U0001f600"),
            ("cp1252:strict", "zwölf ".encode("latin-1") + rb"\U0001f600"),
            ("utf-8", "zwölf 😀".encode()),
        ],
    )
    def test_a_letter_that_the_encoding_lacks_is_escaped(self, uri: str, encoding: str, shown: bytes) -> None:
        ended = self.shell("echo zwölf 😀 | $CLIENT", uri, PYTHONIOENCODING=encoding)
        assert (ended.stdout, ended.returncode) == (b"RECEIVED " + shown + b"\n" + CLOSED, 0)

    def test_in_the_c_locale_letters_are_escaped(self, uri: str) -> None:
        ended = self.shell(
            "echo zwölf | $CLIENT", uri, LC_ALL="C", PYTHONUTF8="0", PYTHONCOERCECLOCALE="0", PYTHONIOENCODING=""
        )
        assert (ended.stdout, ended.returncode) == (rb"RECEIVED zw\xf6lf" + b"\n" + CLOSED, 0)

    def test_an_encoding_with_a_mark_has_one(self, uri: str) -> None:
        ended = self.shell("printf '1\\n2\\n' | $CLIENT", uri, PYTHONIOENCODING="utf-16")
        assert ended.stdout == f"RECEIVED 1\nRECEIVED 2\n{CLOSED.decode()}".encode("utf-16")

    def test_a_pipe_that_is_non_blocking_gets_everything(self, uri: str) -> None:
        reader, writer = os.pipe()
        os.set_blocking(writer, False)
        lines = b"".join(b"%06d\n" % number for number in range(20_000))
        with subprocess.Popen(
            [*COMMAND, *HASTE, uri], cwd=ROOT, env=clean_environment({}), stdin=subprocess.PIPE, stdout=writer
        ) as client:
            os.close(writer)
            assert client.stdin is not None
            client.stdin.write(lines)
            client.stdin.close()
            # The pipe holds a fifth of it.
            select.select([reader], [], [], LIMIT_S)
            time.sleep(0.3)
            with open(reader, "rb") as output:
                shown = output.read()
        assert shown == b"".join(b"RECEIVED %s\n" % line for line in lines.split()) + CLOSED
        assert client.returncode == 0

    def test_a_non_blocking_input_is_read_to_its_end(self, uri: str) -> None:
        reader, writer = os.pipe()
        os.set_blocking(reader, False)
        with subprocess.Popen(
            [*COMMAND, *HASTE, uri], cwd=ROOT, env=clean_environment({}), stdin=reader, stdout=subprocess.PIPE
        ) as client:
            for word in (b"a\n", b"b"):
                os.write(writer, word)
                time.sleep(0.2)
            os.close(writer)
            assert client.stdout is not None
            assert client.stdout.read() == b"RECEIVED a\nRECEIVED b\n" + CLOSED
        os.close(reader)

    def test_pings_are_answered_while_nobody_reads_the_output(self) -> None:
        host = Host()
        with host.listening() as uri, running_client(uri) as client:
            guest = host.guest()
            guest.send("x" * 2**20)
            time.sleep(0.3)
            assert guest.ping().wait(PATIENCE_S)
            guest.close(1001)
            assert client.stdout is not None
            assert client.stdout.read() == b"RECEIVED " + b"x" * 2**20 + b"\nCLOSED with code 1001 \n"

    @pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
    def test_a_signal_closes_with_1001_and_is_in_the_exit_code(self, number: signal.Signals) -> None:
        host = Host()
        with host.listening() as uri, running_client(uri) as client:
            guest = host.guest()
            guest.send("hello")
            assert client.stdout is not None
            assert client.stdout.readline() == b"RECEIVED hello\n"
            client.send_signal(number)
            with pytest.raises(ConnectionClosed):
                guest.recv(timeout=PATIENCE_S)
            assert guest.close_code == 1001
            assert client.wait(LIMIT_S) == 128 + number
            assert client.stdout.read() == b"CLOSED with code 1001 \n"
            assert client.stderr is not None
            assert client.stderr.read() == b""

    @pytest.mark.parametrize("signals", [1, 2])
    def test_a_server_that_answers_nothing_is_left_too(self, signals: int) -> None:
        with answering_open(b"\x81\x02hi") as uri, running_client(uri) as client:
            assert client.stdout is not None
            assert client.stdout.readline() == b"RECEIVED hi\n"
            for _ in range(signals):
                client.send_signal(signal.SIGINT)
                time.sleep(0.1)
            assert client.wait(LIMIT_S) == 130
            assert client.stderr is not None
            assert client.stderr.read() == b""

    def test_a_signal_while_it_connects_ends_it_without_a_word(self) -> None:
        with socket.create_server((LOOPBACK, 0)) as listener:
            listener.settimeout(LIMIT_S)
            with (
                running_client(f"ws://{LOOPBACK}:{listener.getsockname()[1]}/") as client,
                listener.accept()[0] as peer,
            ):
                peer.recv(1)
                client.send_signal(signal.SIGINT)
                assert client.wait(LIMIT_S) == 130
                assert client.stderr is not None
                assert client.stderr.read() == b""

    def test_an_ignored_ctrl_c_stays_ignored(self) -> None:
        host = Host()
        with host.listening() as uri:
            command = ["bash", "-c", 'trap "" INT; exec "$@"', "bash", *COMMAND, uri]
            with subprocess.Popen(
                command, cwd=ROOT, env=clean_environment({}), stdin=subprocess.PIPE, stdout=subprocess.PIPE
            ) as client:
                guest = host.guest()
                guest.send("one")
                assert client.stdout is not None
                assert client.stdout.readline() == b"RECEIVED one\n"
                client.send_signal(signal.SIGINT)
                guest.send("two")
                assert client.stdout.readline() == b"RECEIVED two\n"
                client.terminate()


class TestWhatAServerSays:
    """It drives no terminal, whatever it says, and wherever that is shown."""

    @pytest.mark.parametrize(
        "phrase", [b"\x1b[2J", b"\x1b]0;title\x07", b"\x9b31m", b"a\x7fb", b"\x08\x08", b"\xc2\x9b2J"]
    )
    def test_a_reason_phrase_is_escaped(self, phrase: bytes) -> None:
        with answering(b"HTTP/1.1 404 No" + phrase + b"\r\nContent-Length: 0\r\n\r\n") as port:
            ended = run_client(f"ws://{LOOPBACK}:{port}/")
        assert ended.returncode == 1
        assert ended.stderr.count(b"\n") == 1
        assert ended.stderr.decode().strip("\n").isprintable()

    def test_the_text_of_a_refusal_is_escaped(self) -> None:
        text = "go \x1b[31maway\u202e".encode()
        head = b"HTTP/1.1 403 No\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Length: %d\r\n\r\n" % len(text)
        with answering(head + text) as port:
            ended = run_client(f"ws://{LOOPBACK}:{port}/")
        assert ended.stderr.decode().strip("\n").isprintable()

    def test_the_reason_of_a_close_is_one_line_in_a_pipe_too(self) -> None:
        host = Host()
        with host.listening() as uri, running_client(uri) as client:
            host.guest().close(4000, "\x1b[2J\nRECEIVED more")
            assert client.stdout is not None
            assert client.stdout.read() == rb"CLOSED with code 4000 \x1b[2J\nRECEIVED more" + b"\n"


BESIDE = """
import os, subprocess, sys, termios
before = termios.tcgetattr(0)
code = subprocess.call([sys.executable, "-m", "echod.client", *sys.argv[1:]])
print("\\nleft:", code, [os.get_blocking(n) for n in range(3)], termios.tcgetattr(0) == before)
"""
"""Runs the command at a terminal that it shares, and tells how it left it."""


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

    @pytest.mark.parametrize(
        "messages",
        [["x" * 20_000 + "end"], [f"line {number}" for number in range(1000)], ["漢" * 10_000 + "end", "\x1b" * 5000]],
        ids=["20 KB", "a thousand short ones", "wide and escaped"],
    )
    def test_everything_is_shown_and_the_terminal_is_left_as_it_was(self, tmp_path: Path, messages: list[str]) -> None:
        host = Host()
        with host.listening() as uri, Console(tmp_path, "-c", BESIDE, uri) as console:
            guest = host.guest()
            for message in messages:
                guest.send(message)
            time.sleep(0.5)
            console.wait_until(lambda: shown(console).count("RECEIVED") == len(messages), "all of them")
            console.press("\x04")
            assert console.wait_for_end() == 0
        assert (
            shown(console)
            == "".join(f"RECEIVED {printable(message)}" for message in messages) + "CLOSED with code 1000 "
        )
        assert "left: 0 [True, True, True] True" in console.lines

    @pytest.mark.parametrize(("keys", "code"), [("\x03", 130), ("\x04", 0)])
    def test_it_is_left_as_it_was_after_ctrl_c_too(self, tmp_path: Path, keys: str, code: int) -> None:
        host = Host()
        with host.listening() as uri, Console(tmp_path, "-c", f"{IGNORE_CTRL_C}{BESIDE}", uri) as console:
            host.guest().send("hello")
            console.wait_for_line("RECEIVED hello")
            console.press(keys)
            console.wait_for_end()
        assert f"left: {code} [True, True, True] True" in console.lines

    def test_where_it_cannot_open_the_terminal_is_left_as_it_was(self, tmp_path: Path) -> None:
        with Console(tmp_path, "-c", BESIDE, f"ws://{LOOPBACK}:{free_port()}/") as console:
            console.wait_for_end()
        assert "left: 1 [True, True, True] True" in console.lines

    @pytest.mark.parametrize("stopped", ["\x13"])
    def test_a_stopped_terminal_keeps_the_connection_alive(self, tmp_path: Path, stopped: str) -> None:
        host = Host()
        with host.listening() as uri, Console(tmp_path, "-m", "echod.client", uri) as console:
            guest = host.guest()
            guest.send("before")
            console.wait_for_line("RECEIVED before")
            console.press(stopped)
            guest.send("while stopped")
            assert guest.ping().wait(PATIENCE_S)
            console.press("\x11")
            console.wait_for_line("RECEIVED while stopped")

    @pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
    def test_a_signal_ends_it_at_a_terminal_that_takes_nothing(self, tmp_path: Path, number: signal.Signals) -> None:
        host = Host()
        with host.listening() as uri, Console(tmp_path, "-m", "echod.client", uri) as console:
            guest = host.guest()
            guest.send("x" * 2**20)
            assert guest.ping().wait(PATIENCE_S)
            console.process.send_signal(number)
            assert console.process.wait(LIMIT_S) == 128 + number

    def test_a_terminal_without_a_size_has_eighty_columns(self, tmp_path: Path) -> None:
        host = Host()
        with host.listening() as uri, Console(tmp_path, "-m", "echod.client", uri, columns=0) as console:
            host.guest().send("hello")
            console.wait_for_line("RECEIVED hello")

    def test_a_dumb_terminal_gets_plain_lines(self, tmp_path: Path) -> None:
        host = Host()
        with host.listening() as uri, Console(tmp_path, "-m", "echod.client", uri, term="dumb") as console:
            host.guest().send("\x1b[2Jhello")
            console.wait_for_line(r"RECEIVED \x1b[2Jhello")
        assert b"\x1b" not in console.written


IGNORE_CTRL_C = "import signal; signal.signal(signal.SIGINT, lambda *_: None)"


def shown(console: Console) -> str:
    """All lines of the client, without what moves the cursor, and without what the person typed."""
    text = console.written.decode(errors="ignore")
    text = re.sub(r"\x1b7\r\n(\x1b\[A)+\x1b\[L\r|\x1b8\x1b\[B|\^[CD]|\x08", "", text)
    return text.partition("\r\n")[0]


@contextmanager
def answering_open(frames: bytes) -> Iterator[str]:
    """A server of literal bytes: its handshake, these frames, and then nothing, whatever comes."""
    with socket.create_server((LOOPBACK, 0)) as listener:
        listener.settimeout(PATIENCE_S)

        def serve() -> None:
            connection, _ = listener.accept()
            with connection:
                key = re.search(rb"(?i)sec-websocket-key: *(\S+)", connection.recv(65_536))
                assert key
                digest = hashlib.sha1(key[1] + b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11").digest()
                connection.sendall(
                    b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                    b"Sec-WebSocket-Accept: " + base64.b64encode(digest) + b"\r\n\r\n" + frames
                )
                while connection.recv(65_536):
                    pass

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield f"ws://{LOOPBACK}:{listener.getsockname()[1]}/"
        thread.join(PATIENCE_S)


def test_help_tells_the_words_and_the_exit_codes() -> None:
    ended = run_client("--help")
    text = " ".join(ended.stdout.decode().split())
    assert "usage: python -m echod.client [-h] [--wait TIME] [uri]" in text
    assert "'simple' or 'multi' for those on localhost:9001 (default: simple)" in text
    assert "Exit code 0 after a clean close with everything sent, a reply for each line" in text
    assert "wait until nothing has come for TIME while a reply to a line is missing" in text
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
