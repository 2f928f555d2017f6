"""Where a mode that is shared by connections lives."""

from __future__ import annotations

from typing import Protocol

from echod.rules.echo import Mode


class ModeStore(Protocol):
    """The port: one mode, read and set on every text message. Neither may wait."""

    mode: Mode
