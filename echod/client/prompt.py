"""The note's RECEIVED and CLOSED lines, and when they are printed beside a Python prompt."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable

from echod.api.contract import Contract
from echod.client.terminal import closed_line, received_line, show

PATIENCE_S = 0.25
"""How long an echo may be held back for the value of a call that is never displayed, as in `x = echo_send("a")`."""


class Display:
    """Prints lines in order; holds them back at a prompt while the value of a call is still to be displayed.

    An echo can be faster than the prompt that asked for it, and the note shows the value first.
    """

    def __init__(self) -> None:
        self._lock = threading.RLock()
        self._held: list[str] | None = None
        self._hook: Callable[[object], object] | None = None

    def received(self, contract: Contract, data: str | bytes, ext: None) -> None:
        """An `on_message`."""
        self._show(received_line(data))

    def closed(self, contract: Contract, code: int, data: str) -> None:
        """An `on_close`."""
        self._show(closed_line(code, data))

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
        hook = self._hook or sys.__displayhook__
        hook(value)
        self.release()

    def _show(self, line: str) -> None:
        with self._lock:
            if self._held is None:
                show(line, sys.stdout)
            else:
                self._held.append(line)
