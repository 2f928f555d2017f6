"""The mode in the memory of this process."""

from __future__ import annotations

from echod.rules.echo import Mode


class MemoryModeStore:
    """One mode for all connections that have this object; off when made."""

    mode: Mode = Mode.OFF
