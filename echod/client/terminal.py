"""Lines for a person to read, each at the start of a line even when a prompt stands there."""

from __future__ import annotations

import sys
from typing import TextIO

SAVE, RESTORE, UP, DOWN, INSERT = "\x1b7", "\x1b8", "\x1b[A", "\x1b[B", "\x1b[L"
"""What ECMA-48 and every terminal since the VT102 understand."""


def show(line: str, out: TextIO) -> None:
    """Print one line: as it is into a file or pipe; above the prompt, and harmless, on a terminal."""
    out.write(above_prompt(escape(line)) if out.isatty() else f"{line}\n")
    out.flush()


def complain(text: str) -> None:
    """One line on standard error."""
    print(f"echod: {text}", file=sys.stderr)


def above_prompt(line: str) -> str:
    """The line, inserted above the one where the cursor is; that one and what was typed on it stay.

    The line feed comes first so that the screen scrolls when the cursor is on its last row.
    """
    return f"{SAVE}\n{UP}{INSERT}\r{line}\n{RESTORE}{DOWN}"


def escape(line: str) -> str:
    """Control characters as Python would write them: a server must not drive our terminal."""
    return "".join(char if char.isprintable() else char.encode("unicode_escape").decode() for char in line)


def received_line(data: str | bytes) -> str:
    """Binary as Python writes it."""
    text = data if isinstance(data, str) else repr(data)
    return f"RECEIVED {text}"


def closed_line(code: int, reason: str) -> str:
    return f"CLOSED with code {code} {reason}"
