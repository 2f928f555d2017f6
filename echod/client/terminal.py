"""Lines on a terminal, each on a row of its own above the prompt, if there is one; the note's RECEIVED and CLOSED."""

from __future__ import annotations

import os
import sys
import threading
import unicodedata
from collections.abc import Callable, Iterator
from typing import TextIO

from echod.api.contract import Contract

SAVE, RESTORE, UP, DOWN, INSERT = "\x1b7", "\x1b8", "\x1b[A", "\x1b[B", "\x1b[L"
"""What ECMA-48 and every terminal since the VT102 understand."""

PATIENCE_S = 0.25
"""How long an echo may be held back for the value of a call that is never displayed, as in `x = echo_send("a")`."""


def show(line: str, out: TextIO) -> None:
    """Print one line: as it is into a file or pipe; above the prompt, and harmless, on a terminal."""
    if out.isatty():
        columns = os.get_terminal_size(out.fileno()).columns
        up = UP * (typed_rows(columns) + 1)
        # The line feed comes first so that the screen scrolls when the cursor is on its last row.
        out.write("".join(f"{SAVE}\n{up}{INSERT}\r{row}{RESTORE}{DOWN}" for row in fold(escape(line), columns)))
    else:
        out.write(f"{line}\n")
    out.flush()


def complain(text: str) -> None:
    """One line on standard error."""
    print(f"echod: {text}", file=sys.stderr)


def typed_rows(columns: int) -> int:
    """How many full rows the prompt and its input fill, with the cursor at the end of them."""
    readline = sys.modules.get("readline")
    if readline is None or not hasattr(sys, "ps1"):
        return 0
    return (len(str(sys.ps1)) + len(readline.get_line_buffer())) // columns


def fold(line: str, columns: int) -> Iterator[str]:
    """The line in pieces that fit into a row; one empty piece for an empty line."""
    row, width = "", 0
    for char in line:
        if width + width_of(char) > columns:
            yield row
            row, width = "", 0
        row, width = row + char, width + width_of(char)
    yield row


def width_of(char: str) -> int:
    """How many columns a terminal gives a character (Unicode, annex 11)."""
    if unicodedata.combining(char):
        return 0
    return 2 if unicodedata.east_asian_width(char) in "WF" else 1


def escape(line: str) -> str:
    """Control characters as Python would write them: a server must not control the terminal."""
    return "".join(char if char.isprintable() else char.encode("unicode_escape").decode() for char in line)


class Display:
    """Prints lines in order, at a prompt behind the value of a call that is still to be displayed, as the note does."""

    def __init__(self) -> None:
        self._lock = threading.RLock()
        self._held: list[str] | None = None
        self._hook: Callable[[object], object] | None = None

    def received(self, contract: Contract, data: str | bytes, ext: None) -> None:
        """An `on_message`; binary is written as a Python literal."""
        self._show(f"RECEIVED {data if isinstance(data, str) else repr(data)}")

    def closed(self, contract: Contract, code: int, data: str) -> None:
        """An `on_close`."""
        self._show(f"CLOSED with code {code} {data}")

    def hold(self) -> None:
        """Print nothing until the prompt has displayed its next value, or a moment has passed."""
        with self._lock:
            if hasattr(sys, "ps1") and self._held is None:
                self._held, self._hook = [], sys.displayhook
                sys.displayhook = self._display
                threading.Timer(PATIENCE_S, self.release).start()

    def release(self) -> None:
        """Print what was held back; again changes nothing."""
        with self._lock:
            held, self._held = self._held or [], None
            if self._hook is not None:
                sys.displayhook, self._hook = self._hook, None
            for line in held:
                show(line, sys.stdout)

    def _display(self, value: object) -> None:
        """In the place of `sys.displayhook`, once."""
        (self._hook or sys.__displayhook__)(value)
        self.release()

    def _show(self, line: str) -> None:
        with self._lock:
            if self._held is None:
                show(line, sys.stdout)
            else:
                self._held.append(line)
