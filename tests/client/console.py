"""A terminal with a program in it, as a person sees it: keys go in, a screen comes out.

The program runs at a pseudo-terminal of its own; pyte draws what it writes. Nothing here sleeps:
every wait is for something to be seen, and has a bound.
"""

from __future__ import annotations

import os
import pty
import select
import subprocess
import sys
import termios
import time
from collections.abc import Callable
from pathlib import Path

import pyte

from tests.child import ROOT, clean_environment

PATIENCE_S = 10.0
PROMPT = ">>> "
TAKE_TERMINAL = """
import os, sys
os.close(os.open(os.ttyname(0), os.O_RDWR))
os.execv(sys.executable, [sys.executable, *sys.argv[1:]])
"""
"""Opening a terminal makes it that of the session, so that Ctrl-C is a signal; then the program itself."""


class Console:
    """One Python program at a terminal of its own; ends with the `with` block."""

    def __init__(self, home: Path, *words: str, columns: int = 80, rows: int = 50, term: str = "xterm") -> None:
        self.screen = pyte.Screen(columns or 80, rows)
        self.written = bytearray()
        self._stream = pyte.ByteStream(self.screen)
        self._keyboard, terminal = pty.openpty()
        termios.tcsetwinsize(terminal, (rows, columns))
        self.process = subprocess.Popen(
            [sys.executable, "-I", "-S", "-c", TAKE_TERMINAL, *words],
            cwd=ROOT,
            env={**terminal_environment(home), "TERM": term},
            stdin=terminal,
            stdout=terminal,
            stderr=terminal,
            start_new_session=True,
        )
        os.close(terminal)

    @property
    def lines(self) -> list[str]:
        """What is on the screen, down to its last row that is not empty."""
        return "\n".join(line.rstrip() for line in self.screen.display).rstrip("\n").split("\n")

    @property
    def current_line(self) -> str:
        """The row of the cursor, up to the cursor."""
        return self.screen.display[self.screen.cursor.y][: self.screen.cursor.x]

    def press(self, keys: str) -> None:
        os.write(self._keyboard, keys.encode())

    def wait_until(self, condition: Callable[[], bool], what: str) -> None:
        """Draw what the program writes until the condition holds."""
        deadline = time.monotonic() + PATIENCE_S
        while not condition():
            if not self._draw(deadline - time.monotonic()):
                raise AssertionError(f"never seen: {what}\n" + "\n".join(self.lines))

    def wait_for_line(self, line: str) -> None:
        self.wait_until(lambda: line in self.lines, line)

    def wait_for_prompt(self) -> None:
        self.wait_until(lambda: self.current_line == PROMPT, PROMPT)

    def enter(self, line: str, *, then: str = "") -> None:
        """Type a line at the prompt; wait for the line `then`, if given, and for the next prompt."""
        self.type(line)
        self.press("\r")
        self.wait_until(lambda: self.current_line != PROMPT + line, "the line taken")
        if then:
            self.wait_for_line(then)
        self.wait_for_prompt()

    def type(self, text: str) -> None:
        """Type at the prompt and wait until it stands there."""
        self.wait_for_prompt()
        self.press(text)
        self.wait_until(lambda: self.current_line == PROMPT + text, PROMPT + text)

    def wait_for_end(self) -> int:
        """The exit code, once all that was written is drawn."""
        deadline = time.monotonic() + PATIENCE_S
        while self._draw(deadline - time.monotonic()):
            pass
        return self.process.wait(max(0.0, deadline - time.monotonic()))

    def leave(self) -> int:
        """Ctrl-E and Ctrl-U take away what is half typed, Ctrl-D ends Python; the exit code."""
        self.press("\x05\x15\x04")
        return self.wait_for_end()

    def _draw(self, seconds: float) -> bool:
        """Draw the next piece that is written within these seconds; whether there was one."""
        if seconds <= 0 or not select.select([self._keyboard], [], [], seconds)[0]:
            return False
        try:
            written = os.read(self._keyboard, 65536)
        except OSError:  # Linux says EIO once the program has ended.
            return False
        self.written += written
        self._stream.feed(written)
        return bool(written)

    def __enter__(self) -> Console:
        return self

    def __exit__(self, *_: object) -> None:
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        os.close(self._keyboard)


class PythonPrompt(Console):
    """`python -i`, at its first prompt."""

    def __init__(self, home: Path, *, columns: int = 80, rows: int = 50) -> None:
        super().__init__(home, "-q", "-i", columns=columns, rows=rows)
        self.wait_for_prompt()


def terminal_environment(home: Path) -> dict[str, str]:
    """A plain terminal, and nothing of the person who runs the tests: no history, no start-up file, no key bindings."""
    wanted = {"TERM": "xterm", "HOME": str(home), "INPUTRC": os.devnull, "PYTHON_BASIC_REPL": "1", "LANG": "C.UTF-8"}
    unwanted = {"PYTHONSTARTUP", "PYTHON_HISTORY", "LC_ALL", "COLUMNS", "LINES", "PYTHONUNBUFFERED"}
    return {name: value for name, value in clean_environment(wanted).items() if name not in unwanted}
