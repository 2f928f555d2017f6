"""Lines on a terminal, each on a row of its own above the prompt, if there is one."""

from __future__ import annotations

import os
import sys
import unicodedata
from collections.abc import Iterator
from typing import TextIO

SAVE, RESTORE, UP, DOWN, INSERT = "\x1b7", "\x1b8", "\x1b[A", "\x1b[B", "\x1b[L"
"""What ECMA-48 and every terminal since the VT102 understand."""


def show(line: str, out: TextIO) -> None:
    """Print one line: as it is into a file or pipe; above the prompt, and harmless, on a terminal."""
    if out.isatty():
        columns = os.get_terminal_size(out.fileno()).columns
        rows = typed_rows(columns)
        out.write("".join(above_prompt(row, rows) for row in fold(escape(line), columns)))
    else:
        out.write(f"{line}\n")
    out.flush()


def complain(text: str) -> None:
    """One line on standard error."""
    print(f"echod: {text}", file=sys.stderr)


def above_prompt(row: str, typed: int = 0) -> str:
    """One row of text, inserted above the prompt; the prompt and what was typed after it stay.

    The line feed comes first so that the screen scrolls when the cursor is on its last row.
    `typed` is how many rows the input has before the one where the cursor is.
    """
    return f"{SAVE}\n{UP * (typed + 1)}{INSERT}\r{row}{RESTORE}{DOWN}"


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


def received_line(data: str | bytes) -> str:
    """The line for a message; binary is written as a Python literal."""
    text = data if isinstance(data, str) else repr(data)
    return f"RECEIVED {text}"


def closed_line(code: int, reason: str) -> str:
    return f"CLOSED with code {code} {reason}"
