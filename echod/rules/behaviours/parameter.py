"""One parameter of a behaviour: its name, its values, its company. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from echod.rules.behaviours.grammar import Grammar

GROUPS = {
    "handshake": "before the connection is open",
    "replies": "to each message",
    "unasked": "messages that are no replies",
    "pings": "control frames that keep a connection alive",
    "reading": "of what the client sends",
    "ending": "how the connection closes, or does not",
    "malformed": "one frame that no server may send",
}


@dataclass(frozen=True, slots=True)
class Parameter:
    """One name.

    Attributes:
        purpose: what it is for, in one line.
        needs: names of which one must be given as well; none: it stands alone.
        excludes: names that must not be given as well, when its value is one of `excludes_when` (none: whatever it is).
    """

    name: str
    group: str
    grammar: Grammar
    purpose: str
    needs: tuple[str, ...] = ()
    excludes: tuple[str, ...] = ()
    excludes_when: tuple[str, ...] = ()
    is_repeatable: bool = False

    @property
    def field(self) -> str:
        """Its name in a `Behaviour`."""
        return self.name.replace("-", "_")

    def is_excluding(self, value: Any) -> bool:
        return not self.excludes_when or self.grammar.show(value) in self.excludes_when
