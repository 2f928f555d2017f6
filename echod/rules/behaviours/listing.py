"""The table of behaviours, described: for programs as JSON, for people in sentences. Pure."""

from __future__ import annotations

import json
from urllib.parse import quote

from echod.rules.behaviours.parameter import GROUPS, HANDSHAKE, Row
from echod.rules.behaviours.table import BY_NAME, PARAMETERS


def list_json(ignored: list[str]) -> bytes:
    """All parameters by group, in the order of the table, and which names of the query are ignored."""
    groups = [
        {"name": name, "about": about, "parameters": list(map(describe, parameters_of(name)))}
        for name, about in GROUPS.items()
    ]
    return json.dumps({"ignored": ignored, "groups": groups}, indent=1).encode()


def parameters_of(group: str) -> list[Row]:
    """The parameters of a group, in the order of the table."""
    return [parameter for parameter in PARAMETERS if parameter.group == group]


def describe(parameter: Row) -> dict[str, object]:
    """One parameter for programs."""
    return {
        "name": parameter.name,
        "value": parameter.grammar.wanted,
        "choices": parameter.grammar.choices,
        "example": parameter.grammar.example,
        "purpose": parameter.purpose,
        "repeatable": parameter.is_repeatable,
        "needs": parameter.needs,
        "excludes": parameter.excludes,
        "excludes_when": parameter.excludes_when,
    }


def example_of(parameter: Row) -> str:
    """The parameter with a value, as it stands in a query."""
    return f"{parameter.name}={quote(parameter.grammar.example, safe=':/')}"


def explain(parameter: Row) -> str:
    """One parameter for people: its purpose, its value, and what it goes with."""
    notes = [parameter.purpose, f"Value: {parameter.grammar.wanted}."]
    if parameter.is_repeatable:
        notes.append("May stand more than once.")
    if parameter.needs:
        notes.append(f"Requires {' or '.join(parameter.needs)}.")
    if parameter.excludes:
        excluding = " or ".join(f"{parameter.name}={value}" for value in parameter.excludes_when) or parameter.name
        notes.append(f"{excluding} cannot be combined with {name_excluded(parameter)}.")
    return " ".join(notes)


def name_excluded(parameter: Row) -> str:
    """What a parameter excludes; all that acts on an open connection is one thing."""
    if not parameter.never_opens:
        return ", ".join(parameter.excludes)
    at_first = [name for name in parameter.excludes if BY_NAME[name].group == HANDSHAKE]
    return f"{', '.join(at_first)}, or any parameter of another group"
