"""The lines for a person: as they are in a file, harmless and above the prompt at a terminal."""

from __future__ import annotations

import io
import os
import pty
import sys
import termios
from collections.abc import Callable, Iterator
from typing import Any, cast

import pyte
import pytest

from echod import Contract
from echod.client import terminal
from echod.client.descriptors import complain
from echod.client.terminal import Display, fold, show
from echod.errors import printable

CONTRACT = cast(Contract, None)
"""The lines do not tell it."""


class Terminal(io.StringIO):
    """A file that is a terminal of that size, and the screen that it shows."""

    def __init__(self, columns: int, rows: int) -> None:
        super().__init__()
        self.screen = pyte.Screen(columns, rows)
        self._stream = pyte.Stream(self.screen)
        self._ends = pty.openpty()
        termios.tcsetwinsize(self.fileno(), (rows, columns))

    def fileno(self) -> int:
        return self._ends[1]

    def isatty(self) -> bool:
        return True

    def write(self, text: str) -> int:
        """The driver of a terminal makes CR LF of LF."""
        self._stream.feed(text.replace("\n", "\r\n"))
        return len(text)

    def hang_up(self) -> None:
        for end in self._ends:
            os.close(end)

    @property
    def rows(self) -> list[str]:
        return [row.rstrip() for row in self.screen.display]


@pytest.fixture(autouse=True)
def _term(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm")


@pytest.fixture
def out() -> Iterator[Terminal]:
    terminal = Terminal(20, 4)
    yield terminal
    terminal.hang_up()


@pytest.mark.parametrize(
    ("data", "line"),
    [
        ("message1", "RECEIVED message1"),
        ("", "RECEIVED "),
        ("  blanks stay ", "RECEIVED   blanks stay "),
        ("zwölf 😀", "RECEIVED zwölf 😀"),
        (b"\x00\xffab", r"RECEIVED b'\x00\xffab'"),
        (b"", "RECEIVED b''"),
    ],
)
def test_what_is_received_stands_behind_the_word(
    capsys: pytest.CaptureFixture[str], data: str | bytes, line: str
) -> None:
    Display().received(CONTRACT, data, None)
    assert capsys.readouterr().out == f"{line}\n"


@pytest.mark.parametrize(
    ("code", "reason", "line"),
    [
        (1000, "", "CLOSED with code 1000 "),
        (1001, "maintenance", "CLOSED with code 1001 maintenance"),
        (1006, "", "CLOSED with code 1006 "),
        (4000, "\x1b[2J\nRECEIVED", r"CLOSED with code 4000 \x1b[2J\nRECEIVED"),
    ],
)
def test_the_end_is_told_with_code_blank_and_reason(
    capsys: pytest.CaptureFixture[str], code: int, reason: str, line: str
) -> None:
    Display().closed(CONTRACT, code, reason)
    assert capsys.readouterr().out == f"{line}\n"


@pytest.mark.parametrize(
    ("line", "shown"),
    [
        ("plain text", "plain text"),
        ("zwölf 😀", "zwölf 😀"),
        ("\x1b[2J", r"\x1b[2J"),
        ("one\r\ntwo\tthree", r"one\r\ntwo\tthree"),
        ("\x7f\x9b31m", r"\x7f\x9b31m"),
        ("\u202eright to left", r"\u202eright to left"),
        ("\u2028", r"\u2028"),
    ],
)
def test_control_characters_are_written_as_python_writes_them(line: str, shown: str) -> None:
    assert printable(line) == shown


def test_into_a_file_a_line_goes_as_it_is() -> None:
    out = io.StringIO()
    show("RECEIVED \x1b[31mred\tand\x07", out)
    assert out.getvalue() == "RECEIVED \x1b[31mred\tand\x07\n"


def test_a_line_is_flushed_at_once() -> None:
    beneath = io.BytesIO()
    out = io.TextIOWrapper(io.BufferedWriter(beneath))
    show("RECEIVED x", out)
    assert beneath.getvalue() == b"RECEIVED x\n"


def test_at_a_terminal_a_line_is_harmless(out: Terminal) -> None:
    show("RECEIVED \x1b[2J", out)
    assert out.rows == [r"RECEIVED \x1b[2J", "", "", ""]


@pytest.mark.parametrize(
    ("before", "rows"),
    [
        ("", ["NEWS", "", "", ""]),
        (">>> ", ["NEWS", ">>>", "", ""]),
        (">>> half", ["NEWS", ">>> half", "", ""]),
        ("1\n2\n>>> half", ["1", "2", "NEWS", ">>> half"]),
        ("1\n2\n3\n>>> half", ["2", "3", "NEWS", ">>> half"]),
    ],
    ids=["empty", "prompt", "half typed", "last row but one", "last row"],
)
def test_a_line_stands_above_the_prompt(out: Terminal, before: str, rows: list[str]) -> None:
    out.write(before)
    show("NEWS", out)
    assert out.rows == rows


@pytest.mark.parametrize("before", ["", ">>> ", "1\n2\n>>> half", "1\n2\n3\n>>> half"])
def test_the_cursor_stays_where_the_person_types(out: Terminal, before: str) -> None:
    out.write(before)
    show("NEWS", out)
    out.write("|")
    assert before.rpartition("\n")[2] + "|" in out.rows


@pytest.mark.parametrize(
    ("line", "rows"),
    [
        ("x" * 20, ["x" * 20, ">>> half", "", ""]),
        ("x" * 30, ["x" * 20, "x" * 10, ">>> half", ""]),
        ("x" * 60, ["x" * 20, "x" * 20, "x" * 20, ">>> half"]),
        ("x" * 90, ["x" * 20, "x" * 20, "x" * 10, ">>> half"]),
        ("漢" * 15, ["漢" * 10, "漢" * 5, ">>> half", ""]),
    ],
    ids=["one row", "two rows", "to the last row", "more than the screen", "wide characters"],
)
def test_a_line_of_several_rows_leaves_the_prompt_whole(out: Terminal, line: str, rows: list[str]) -> None:
    out.write(">>> half")
    show(line, out)
    assert [row.replace("漢 ", "漢") for row in out.rows] == rows


def test_complaints_go_to_standard_error(capsys: pytest.CaptureFixture[str]) -> None:
    complain("not sent")
    assert capsys.readouterr() == ("", "echod: not sent\n")


def test_a_combining_character_takes_no_column() -> None:
    assert list(fold("e\u0301" * 3, 3)) == ["e\u0301" * 3]


def test_a_wide_character_takes_two_columns() -> None:
    assert list(fold("世界!", 4)) == ["世界", "!"]


@pytest.mark.parametrize("term", ["dumb", None])
def test_a_terminal_that_understands_nothing_gets_a_harmless_line(
    out: Terminal, monkeypatch: pytest.MonkeyPatch, term: str | None
) -> None:
    monkeypatch.delenv("TERM")
    if term:
        monkeypatch.setenv("TERM", term)
    show("\x1b[2JNEWS", out)
    assert out.rows == [r"\x1b[2JNEWS", "", "", ""]


def test_a_terminal_that_has_no_size_is_taken_for_eighty_columns() -> None:
    terminal_ = Terminal(80, 4)
    termios.tcsetwinsize(terminal_.fileno(), (0, 0))
    show("x" * 85, terminal_)
    terminal_.hang_up()
    assert terminal_.rows == ["x" * 80, "x" * 5, "", ""]


class Timers:
    """In the place of `threading.Timer`: they fire when the test says so."""

    def __init__(self) -> None:
        self.started: list[Timers.Timer] = []

    def __call__(self, seconds: float, function: Callable[..., None], args: list[Any]) -> Timers.Timer:
        return Timers.Timer(self, lambda: function(*args))

    class Timer:
        def __init__(self, timers: Timers, fire: Callable[[], None]) -> None:
            self.fire = fire
            self.is_cancelled = False
            self._timers = timers

        def start(self) -> None:
            self._timers.started.append(self)

        def cancel(self) -> None:
            self.is_cancelled = True


class TestHolding:
    """At a prompt what is received waits for the value of the call that is to be displayed."""

    @pytest.fixture
    def timers(self, monkeypatch: pytest.MonkeyPatch) -> Timers:
        timers = Timers()
        monkeypatch.setattr(terminal.threading, "Timer", timers)
        monkeypatch.setattr(sys, "ps1", ">>> ", raising=False)
        monkeypatch.setattr(sys, "displayhook", print)
        return timers

    def test_the_value_comes_first(self, timers: Timers, capsys: pytest.CaptureFixture[str]) -> None:
        display = Display()
        display.hold()
        display.received(CONTRACT, "x", None)
        sys.displayhook("text")
        assert capsys.readouterr().out == "text\nRECEIVED x\n"
        assert (sys.displayhook, timers.started[0].is_cancelled) == (print, True)

    def test_a_value_that_is_never_displayed_is_not_waited_for(
        self, timers: Timers, capsys: pytest.CaptureFixture[str]
    ) -> None:
        display = Display()
        display.hold()
        display.received(CONTRACT, "x", None)
        assert capsys.readouterr().out == ""
        timers.started[0].fire()
        assert (capsys.readouterr().out, sys.displayhook) == ("RECEIVED x\n", print)

    def test_the_timer_of_an_earlier_call_ends_no_later_one(
        self, timers: Timers, capsys: pytest.CaptureFixture[str]
    ) -> None:
        display = Display()
        display.hold()
        sys.displayhook("first")
        display.hold()
        # It had fired already when it was cancelled.
        timers.started[0].fire()
        display.received(CONTRACT, "x", None)
        sys.displayhook("second")
        assert capsys.readouterr().out == "first\nsecond\nRECEIVED x\n"

    def test_a_second_call_ends_the_hold_of_the_first(self, timers: Timers, capsys: pytest.CaptureFixture[str]) -> None:
        display = Display()
        display.hold()
        display.received(CONTRACT, "1", None)
        display.hold()
        display.received(CONTRACT, "2", None)
        assert capsys.readouterr().out == "RECEIVED 1\n"
        timers.started[0].fire()
        assert capsys.readouterr().out == ""
        sys.displayhook("text")
        assert capsys.readouterr().out == "text\nRECEIVED 2\n"

    def test_a_hook_that_a_program_sets_meanwhile_is_left_to_it(self, timers: Timers) -> None:
        display = Display()
        display.hold()
        sys.displayhook = repr
        timers.started[0].fire()
        assert sys.displayhook is repr

    def test_without_a_prompt_nothing_waits(
        self, timers: Timers, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.delattr(sys, "ps1")
        display = Display()
        display.hold()
        display.received(CONTRACT, "x", None)
        assert (capsys.readouterr().out, timers.started) == ("RECEIVED x\n", [])


class TestALostOutput:
    def test_it_is_told_once(self, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(sys, "stdout", None)
        display = Display()
        for _ in range(2):
            display.received(CONTRACT, "x", None)
        assert capsys.readouterr().err == "echod: cannot write standard output: Bad file descriptor\n"

    def test_a_closed_stream_is_one(self, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
        closed = io.StringIO()
        closed.close()
        monkeypatch.setattr(sys, "stdout", closed)
        Display().received(CONTRACT, "x", None)
        assert capsys.readouterr().err == "echod: cannot write standard output: Bad file descriptor\n"

    @pytest.mark.parametrize("broken", [None, "full"])
    def test_without_standard_error_there_is_no_one_to_tell(
        self, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, broken: str | None
    ) -> None:
        with open("/dev/full", "w") as full:
            monkeypatch.setattr(sys, "stderr", full if broken else None)
            complain("never seen")
            assert capsys.readouterr() == ("", "")
            monkeypatch.undo()
            discard(full)


def discard(stream: io.TextIOWrapper) -> None:
    """What is left in its buffer, which can be written nowhere, so that it can be closed."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
