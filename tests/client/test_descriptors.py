"""Input and output in the reactor, and text for a stream: with descriptors of pipes that the test itself reads."""

from __future__ import annotations

import errno
import io
import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator

import pytest
from twisted.internet.defer import Deferred
from twisted.internet.error import ConnectionDone
from twisted.python.failure import Failure

from echod.client.descriptors import Input, Output
from echod.transport.streams import descriptor_of, encodable, is_writable, write_all
from tests.child import ROOT, Daemon, clean_environment

PIPE_BYTES = 65_536
GONE = Failure(ConnectionDone())


class Registry:
    """The part of a reactor that is asked for: who is registered."""

    def __init__(self) -> None:
        self.readers: set[object] = set()
        self.writers: set[object] = set()
        self.addReader, self.removeReader = self.readers.add, self.readers.discard
        self.addWriter, self.removeWriter = self.writers.add, self.writers.discard


@pytest.fixture
def reactor() -> Registry:
    return Registry()


class Pipe:
    def __init__(self) -> None:
        self.reader, self.writer = os.pipe()

    def close(self) -> None:
        for end in (self.reader, self.writer):
            if end >= 0:
                os.close(end)

    def drop_reader(self) -> None:
        os.close(self.reader)
        self.reader = -1


@pytest.fixture
def pipe() -> Iterator[Pipe]:
    pipe = Pipe()
    yield pipe
    pipe.close()


class TestOutput:
    @pytest.fixture
    def lost(self) -> list[int | None]:
        """The numbers of the errors that were told."""
        return []

    @pytest.fixture
    def output(self, reactor: Registry, pipe: Pipe, lost: list[int | None]) -> Output:
        return Output(reactor, pipe.writer, lambda error: lost.append(error.errno))  # type: ignore[arg-type]

    def test_what_is_taken_at_once_needs_no_reactor(self, output: Output, pipe: Pipe, reactor: Registry) -> None:
        assert output.write([b"one", b"two"]) is None
        assert (os.read(pipe.reader, 100), reactor.writers) == (b"onetwo", set())

    @pytest.mark.parametrize("is_blocking", [True, False])
    def test_what_is_not_taken_is_kept_in_order(
        self, output: Output, pipe: Pipe, reactor: Registry, is_blocking: bool
    ) -> None:
        os.set_blocking(pipe.writer, is_blocking)
        first, second = bytes(100_000), b"1" * 100_000
        waiting = [output.write([first]), output.write([second])]
        assert reactor.writers == {output}
        got = b""
        while reactor.writers:
            got += os.read(pipe.reader, PIPE_BYTES)
            output.doWrite()
        got += os.read(pipe.reader, PIPE_BYTES)
        assert got == first + second
        assert [isinstance(drained, Deferred) and drained.called for drained in waiting] == [True, True]
        assert os.get_blocking(pipe.writer) is is_blocking

    def test_a_full_pipe_is_not_written_to(self, output: Output, pipe: Pipe) -> None:
        output.write([bytes(PIPE_BYTES + 1)])
        assert not is_writable(pipe.writer)
        output.doWrite()
        output.stop()

    def test_a_descriptor_that_is_ready_for_less_than_it_says_is_tried_again(
        self, output: Output, pipe: Pipe, monkeypatch: pytest.MonkeyPatch, reactor: Registry
    ) -> None:
        def refuse(*_: object) -> int:
            raise BlockingIOError

        monkeypatch.setattr(os, "write", refuse)
        assert output.write([b"x"]) is not None
        monkeypatch.undo()
        output.doWrite()
        assert (os.read(pipe.reader, 10), reactor.writers) == (b"x", set())

    def test_a_reader_that_has_gone_is_told_once(self, output: Output, pipe: Pipe, lost: list[int | None]) -> None:
        pipe.drop_reader()
        assert output.write([b"x"]) is None
        assert output.write([b"y"]) is None
        assert lost == [errno.EPIPE]

    def test_a_reader_that_goes_while_it_is_waited_for_is_told_once(
        self, output: Output, pipe: Pipe, lost: list[int | None], reactor: Registry
    ) -> None:
        drained = output.write([bytes(2 * PIPE_BYTES)])
        output.connectionLost(GONE)
        output.connectionLost(GONE)
        assert drained is not None
        assert (drained.called, lost, reactor.writers) == (True, [errno.EPIPE], set())

    def test_what_has_been_stopped_neither_writes_nor_tells(
        self, output: Output, pipe: Pipe, lost: list[int | None], reactor: Registry
    ) -> None:
        output.write([bytes(PIPE_BYTES + 1)])
        output.stop()
        assert output.write([b"x"]) is None
        output.connectionLost(GONE)
        assert (lost, reactor.writers) == ([], set())

    def test_the_reactor_may_ask_for_its_number_and_name(self, output: Output, pipe: Pipe) -> None:
        assert (output.fileno(), output.logPrefix()) == (pipe.writer, "echod")


class TestInput:
    @pytest.fixture
    def told(self) -> list[bytes | int | None]:
        """What was read, and how it ended."""
        return []

    @pytest.fixture
    def source(self, reactor: Registry, pipe: Pipe, told: list[bytes | int | None]) -> Input:
        source = Input(
            reactor,  # type: ignore[arg-type]
            pipe.reader,
            told.append,
            lambda error: told.append(error and error.errno),
        )
        source.start()
        return source

    def test_what_comes_is_read_until_the_end(
        self, source: Input, pipe: Pipe, told: list[bytes | int | None], reactor: Registry
    ) -> None:
        os.write(pipe.writer, b"x")
        source.doRead()
        os.close(pipe.writer)
        pipe.writer = -1
        source.doRead()
        assert (told, reactor.readers) == ([b"x", None], set())

    def test_nothing_to_read_is_no_end(self, source: Input, pipe: Pipe, told: list[bytes | int | None]) -> None:
        os.set_blocking(pipe.reader, False)
        source.doRead()
        assert told == []

    def test_what_cannot_be_read_is_told(
        self, reactor: Registry, pipe: Pipe, told: list[bytes | int | None], source: Input
    ) -> None:
        source._descriptor = pipe.writer
        source.doRead()
        assert (told, reactor.readers) == ([errno.EBADF], set())

    def test_another_end_that_has_gone_is_the_end(self, source: Input, told: list[bytes | int | None]) -> None:
        source.connectionLost(GONE)
        assert told == [None]


class TestText:
    @pytest.mark.parametrize(
        ("encoding", "text", "expected"),
        [
            ("utf-8", "zwölf 😀", "zwölf 😀"),
            ("latin-1", "zwölf 😀", r"zwölf \U0001f600"),
            ("ascii", "ö\ud800", r"\xf6\ud800"),
            ("utf-8", "lone \ud800", r"lone \ud800"),
        ],
    )
    def test_what_an_encoding_lacks_is_escaped(self, encoding: str, text: str, expected: str) -> None:
        assert encodable(text, io.TextIOWrapper(io.BytesIO(), encoding)) == expected

    def test_a_stream_without_an_encoding_has_utf_8(self) -> None:
        assert encodable("zwölf", io.StringIO()) == "zwölf"

    def test_a_stream_that_is_no_file_has_no_descriptor(self) -> None:
        assert descriptor_of(io.StringIO()) is None
        assert descriptor_of(io.TextIOWrapper(io.BytesIO())) is None

    def test_a_non_blocking_pipe_is_waited_for(self, pipe: Pipe) -> None:
        os.set_blocking(pipe.writer, False)
        got = bytearray()

        def read() -> None:
            while piece := os.read(pipe.reader, 4096):
                got.extend(piece)
                time.sleep(0.001)

        thread = threading.Thread(target=read)
        thread.start()
        with open(pipe.writer, "w") as out:
            out.write("before ")
            write_all(out, "x" * 300_000)
        pipe.writer = -1
        thread.join()
        assert got == b"before " + b"x" * 300_000

    def test_what_cannot_be_written_is_left_for_python_to_complain_of(self) -> None:
        code = "import sys; from echod.transport.streams import write_all\ntry: write_all(sys.stdout, 'x')\n"
        code += "except OSError as error: print(error, file=sys.stderr)"
        with open("/dev/full", "w") as full:
            ended = subprocess.run(
                [sys.executable, "-c", code],
                cwd=ROOT,
                env=clean_environment({"PYTHONUNBUFFERED": ""}),
                stdout=full,
                stderr=subprocess.PIPE,
                timeout=60,
            )
        assert ended.stderr.startswith(b"[Errno 28] No space left on device\n")
        assert ended.returncode == 120


@pytest.mark.parametrize(
    ("redirection", "complaint"),
    [
        (">/dev/full", b"No space left on device"),
        (">&-", b"Bad file descriptor"),
        ("| head -c 0; exit ${PIPESTATUS[0]}", b"Broken pipe"),
    ],
)
def test_a_script_whose_output_is_lost_is_told_so_and_goes_on(
    daemon: Daemon, redirection: str, complaint: bytes
) -> None:
    """The functions for a prompt print too."""
    code = (
        "import time; from echod.blocking import *; time.sleep(0.2)\n"
        f"echo_client('{daemon.uri('/echo')}'); echo_send('1'); echo_send('2')\n"
        "assert echo_close() == 1000"
    )
    ended = subprocess.run(
        ["bash", "-c", f'"$0" -c "$1" {redirection}', sys.executable, code],
        cwd=ROOT,
        env=clean_environment({"PYTHONUNBUFFERED": ""}),
        capture_output=True,
        timeout=60,
    )
    assert ended.stderr.startswith(b"echod: cannot write standard output: " + complaint + b"\n")
    assert b"Traceback" not in ended.stderr
    assert ended.stderr.count(b"echod: ") == 1


@pytest.mark.parametrize("encoding", ["latin-1", "ascii"])
def test_a_script_shows_a_letter_that_its_encoding_lacks_escaped(daemon: Daemon, encoding: str) -> None:
    code = (
        f"from echod.blocking import *\necho_client('{daemon.uri('/echo')}'); echo_send('\\U0001f600')\n"
        "assert echo_close() == 1000"
    )
    ended = subprocess.run(
        [sys.executable, "-c", code],
        cwd=ROOT,
        env=clean_environment({"PYTHONIOENCODING": encoding}),
        capture_output=True,
        timeout=60,
    )
    assert ended.stdout == b"RECEIVED \\U0001f600\nCLOSED with code 1000 \n"
    assert (ended.stderr, ended.returncode) == (b"", 0)
