"""The table of behaviours for programs (JSON) and for people (HTML). Pure."""

from __future__ import annotations

import json
from html import escape
from typing import Any
from urllib.parse import quote

from echod.rules.behaviours.parameter import GROUPS, Parameter
from echod.rules.behaviours.table import PARAMETERS

START = """\
<!DOCTYPE html>
<html lang="en">
<head>
  <meta charset="UTF-8">
  <meta name="viewport" content="width=device-width, initial-scale=1">
  <meta name="color-scheme" content="light dark">
  <title>Behaviours</title>
  <link rel="icon" type="image/svg+xml" href="favicon.svg">
  <link rel="stylesheet" href="style.css">
</head>
<body>
  <header>
    <nav aria-label="Pages"><a href="index.html">Overview</a> <a href="behaviours.html">Try behaviours</a></nav>
    <h1>Behaviours</h1>
    <p>What a client may ask for in the query of a WebSocket URL, such as <code>/echo?delay=200ms&amp;times=3</code>.
      For programs, the same list is <code>application/json</code>.</p>
  </header>
  <main>
"""
END = """\
  </main>
</body>
</html>
"""


def list_json() -> bytes:
    """All parameters by group, in the order of the table."""
    groups = [{"name": name, "about": about, "parameters": describe_group(name)} for name, about in GROUPS.items()]
    return json.dumps({"groups": groups}, indent=1).encode()


def describe_group(group: str) -> list[dict[str, Any]]:
    return [describe(parameter) for parameter in PARAMETERS if parameter.group == group]


def describe(parameter: Parameter) -> dict[str, Any]:
    """One parameter for programs."""
    return {
        "name": parameter.name,
        "value": parameter.grammar.wanted,
        "choices": list(parameter.grammar.choices),
        "example": parameter.grammar.example,
        "purpose": parameter.purpose,
        "repeatable": parameter.is_repeatable,
        "needs": list(parameter.needs),
        "excludes": list(parameter.excludes),
        "excludes_when": list(parameter.excludes_when),
    }


def list_html() -> bytes:
    """The same as a page that needs no script."""
    return (START + "".join(map(show_group, GROUPS)) + END).encode()


def show_group(group: str) -> str:
    terms = "".join(show_parameter(parameter) for parameter in PARAMETERS if parameter.group == group)
    title = f"      <h2>{group.capitalize()}</h2>\n      <p>{GROUPS[group]}</p>\n"
    return f"    <section>\n{title}      <dl>\n{terms}      </dl>\n    </section>\n"


def show_excluder(parameter: Parameter) -> str:
    """The parameter, with the values that exclude others if it is not every value."""
    return " or ".join(f"{parameter.name}={value}" for value in parameter.excludes_when) or parameter.name


def show_parameter(parameter: Parameter) -> str:
    example = f"{parameter.name}={quote(parameter.grammar.example, safe=':/')}"
    notes = [f"Value: {parameter.grammar.wanted}."]
    if parameter.is_repeatable:
        notes.append("May stand more than once.")
    if parameter.needs:
        notes.append(f"Needs {' or '.join(parameter.needs)}.")
    if parameter.excludes:
        notes.append(f"{show_excluder(parameter)} goes without {', '.join(parameter.excludes)}.")
    text = escape(f"{parameter.purpose} {' '.join(notes)}")
    return f"        <dt><code>{escape(example)}</code></dt>\n        <dd>{text}</dd>\n"
