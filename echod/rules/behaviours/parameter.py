"""One parameter of a behaviour, which is a row of the table and a field of `Behaviour`. Pure."""

from __future__ import annotations

from dataclasses import dataclass, field, fields, replace
from typing import Any, Generic, TypeVar

from echod.rules.behaviours.grammar import Grammar

HANDSHAKE = "handshake"
GROUPS = {
    HANDSHAKE: "before the connection is open",
    "replies": "to each message",
    "unsolicited": "messages that are no replies",
    "pings": "control frames that keep a connection alive",
    "reading": "of what the client sends",
    "ending": "how the connection closes, or does not",
    "violations": "one frame that no server may send",
}
"""Names to what they are about; the module of `echod.behaviours` with that name has the effects of the parameters."""

ROW = "parameter"
"""Where a field of the table keeps what its row says."""

Value = TypeVar("Value")
Default = TypeVar("Default")


@dataclass(frozen=True, slots=True)
class Parameter(Generic[Value]):
    """One name; made as a row of the table by what a client has that does not ask for it.

    Attributes:
        purpose: what it is for, in one line.
        needs: names of which one must be given as well; none: it stands alone.
        excludes: names that must not be given as well, when its value is one of `excludes_when` (none: whatever it is).
        never_opens: with such a value no connection opens: all that acts on an open one is excluded, too.
    """

    group: str
    grammar: Grammar[Value]
    purpose: str
    name: str = ""
    needs: tuple[str, ...] = ()
    excludes: tuple[str, ...] = ()
    excludes_when: tuple[str, ...] = ()
    never_opens: bool = False
    is_repeatable: bool = False

    @property
    def field(self) -> str:
        """Its name in a `Behaviour`."""
        return self.name.replace("-", "_")

    def otherwise(self, default: Default) -> Value | Default:
        """The field, which has this value where the name is not given."""
        return field(default=default, metadata={ROW: self})

    def repeatable(self) -> tuple[Value, ...]:
        """The field of a name that may stand more than once: all its values, in order."""
        return field(default=(), metadata={ROW: replace(self, is_repeatable=True)})


Row = Parameter[Any]
"""A parameter, whatever its values are."""


def read_table(table: type) -> tuple[Row, ...]:
    """The parameters of a table, in order: each with its name, and with all that it excludes."""
    rows = [replace(entry.metadata[ROW], name=entry.name.replace("_", "-")) for entry in fields(table)]
    after_open = tuple(row.name for row in rows if row.group != HANDSHAKE)
    return tuple(replace(row, excludes=row.excludes + after_open) if row.never_opens else row for row in rows)
