"""Lines on a terminal, each on a row of its own above the prompt, if there is one; the note's RECEIVED and CLOSED."""

from __future__ import annotations

import os
import sys
import threading
import unicodedata
from collections.abc import Callable, Iterator
from typing import TextIO

from echod.api.contract import Contract
from echod.client.descriptors import complain
from echod.errors import printable
from echod.transport.streams import encodable, write_all

SAVE, RESTORE, UP, DOWN, INSERT = "\x1b7", "\x1b8", "\x1b[A", "\x1b[B", "\x1b[L"
"""What ECMA-48 and every terminal since the VT102 understand."""

COLUMNS = 80
"""Of a terminal that does not say how wide it is."""

PATIENCE_S = 0.5
"""How long an echo may be held back for the value of a call that is never displayed, as in `x = echo_send("a")`."""


def show(line: str, out: TextIO | None) -> None:
    """Print one line, all of it; an OSError says why `out` does not take it."""
    write_all(out, "" if out is None else "".join(lay_out(line, out)))


def lay_out(line: str, out: TextIO) -> Iterator[str]:
    """What to write for one line: as it is into a file or pipe; above the prompt, and harmless, on a terminal.

    Each piece is to be written in one go: it moves the cursor, and puts it back.
    """
    if out.closed or not out.isatty():
        yield f"{encodable(line, out)}\n"
    elif os.environ.get("TERM", "dumb") == "dumb":
        yield f"{encodable(printable(line), out)}\n"
    else:
        columns = os.get_terminal_size(out.fileno()).columns or COLUMNS
        up = UP * (typed_rows(columns) + 1)
        for row in fold(encodable(printable(line), out), columns):
            # The line feed comes first so that the screen scrolls when the cursor is on its last row.
            yield f"{SAVE}\n{up}{INSERT}\r{row}{RESTORE}{DOWN}"


def typed_rows(columns: int) -> int:
    """How many full rows the prompt and its input fill, with the cursor at the end of them."""
    readline = sys.modules.get("readline")
    if readline is None or not hasattr(sys, "ps1"):
        return 0
    return (len(str(sys.ps1)) + len(readline.get_line_buffer())) // columns


def fold(line: str, columns: int) -> Iterator[str]:
    """The line in pieces that fit into a row; one empty piece for an empty line."""
    row: list[str] = []
    width = 0
    for char in line:
        if width + width_of(char) > columns:
            yield "".join(row)
            row, width = [], 0
        row.append(char)
        width += width_of(char)
    yield "".join(row)


def width_of(char: str) -> int:
    """How many columns a terminal gives a character (Unicode, annex 11)."""
    if unicodedata.combining(char):
        return 0
    return 2 if unicodedata.east_asian_width(char) in "WF" else 1


def received_line(data: str | bytes) -> str:
    """What is printed of a message; binary is written as a Python literal."""
    return f"RECEIVED {data if isinstance(data, str) else repr(data)}"


def closed_line(code: int, reason: str) -> str:
    """What is printed of the end; a reason is one line everywhere."""
    return f"CLOSED with code {code} {printable(reason)}"


class Display:
    """Prints lines in order, at a prompt behind the value of a call that is still to be displayed, as the note does.

    Once standard output cannot be written it says so, and prints nothing more.
    """

    def __init__(self) -> None:
        self._lock = threading.RLock()
        self._hold: Hold | None = None
        self._is_lost = False

    def received(self, contract: Contract, data: str | bytes, ext: None) -> None:
        """An `on_message`."""
        self._show(received_line(data))

    def closed(self, contract: Contract, code: int, data: str) -> None:
        """An `on_close`."""
        self._show(closed_line(code, data))

    def hold(self) -> None:
        """Print nothing until the prompt has displayed its next value, or a moment has passed; ends the hold before."""
        with self._lock:
            self.release()
            if hasattr(sys, "ps1"):
                self._hold = Hold(self.release)

    def release(self, hold: Hold | None = None) -> None:
        """Print what was held back, by this hold if one is given; again changes nothing."""
        with self._lock:
            if self._hold is None or hold not in (None, self._hold):
                return
            ended, self._hold = self._hold, None
            ended.end()
            for line in ended.lines:
                self._print(line)

    def _show(self, line: str) -> None:
        with self._lock:
            if self._hold is None:
                self._print(line)
            else:
                self._hold.lines.append(line)

    def _print(self, line: str) -> None:
        if self._is_lost:
            return
        try:
            show(line, sys.stdout)
        except OSError as error:
            self._is_lost = True
            complain(f"cannot write standard output: {error.strerror}")


class Hold:
    """Lines that are held back until the next value is displayed, or for `PATIENCE_S`: then `release` is called."""

    def __init__(self, release: Callable[[Hold], None]) -> None:
        self.lines: list[str] = []
        self._release = release
        self._hook = sys.displayhook
        sys.displayhook = self._display
        self._timer = threading.Timer(PATIENCE_S, release, [self])
        self._timer.start()

    def end(self) -> None:
        """Give back the hook and the timer."""
        self._timer.cancel()
        if sys.displayhook == self._display:
            sys.displayhook = self._hook

    def _display(self, value: object) -> None:
        """In the place of `sys.displayhook`, once."""
        self._hook(value)
        self._release(self)
