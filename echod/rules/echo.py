"""The echo rule of the note: which reply a text message gets, and what it does to the mode.

Pure. Binary messages never come here: they go back unchanged in either mode.
"""

from __future__ import annotations

from enum import Enum

SUFFIX = b"...added..."


class Mode(Enum):
    """What happens to the messages that follow."""

    OFF = "off"
    ADD = "add"


COMMANDS = {b"add": Mode.ADD, b"none": Mode.OFF}


def step(mode: Mode, text: bytes) -> tuple[Mode, bytes]:
    """The mode after `text`, and the one reply to it; both as UTF-8, in which a message comes and goes.

    No letter but A to Z has one of the commands as its other case, so the case of ASCII is the case that counts.

    The whole text must equal a command, ignoring case; nothing is trimmed.
    The reply is made with the new mode and keeps the spelling of the text.
    """
    mode = COMMANDS.get(text.lower(), mode) if len(text) <= 4 else mode
    return mode, text + SUFFIX if mode is Mode.ADD else text
