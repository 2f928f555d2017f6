"""Types carry the design: how little of the package is `Any`, and what never is.

`make types` checks the rest: `mypy --strict`, and how much of each file of `echod/websocket` is typed.
"""

from __future__ import annotations

import ast
import re

import pytest

from tests.test_layers import FILES, MODULES

MOST_ANY = 90
"""Occurrences of the word in the package, imports counted; 374 before the port of Autobahn was declared."""

HANDED_OVER = {"protocol", "connection", "transport"}
"""What is handed from module to module says what it is."""


def is_any(annotation: ast.expr | None) -> bool:
    return annotation is not None and any(getattr(node, "id", "") == "Any" for node in ast.walk(annotation))


def handed_over_as_any(tree: ast.AST) -> list[int]:
    """The lines where a parameter or an attribute with one of these names is `Any`."""
    parameters = [node for node in ast.walk(tree) if isinstance(node, ast.arg) and is_any(node.annotation)]
    attributes = [node for node in ast.walk(tree) if isinstance(node, ast.AnnAssign) and is_any(node.annotation)]
    found = [node.lineno for node in parameters if node.arg.strip("_") in HANDED_OVER]
    for node in attributes:
        name = getattr(node.target, "attr", getattr(node.target, "id", ""))
        if name.strip("_") in HANDED_OVER:
            found.append(node.lineno)
    return found


@pytest.mark.parametrize("module", MODULES)
def test_no_connection_protocol_or_transport_is_any(module: str) -> None:
    assert handed_over_as_any(MODULES[module]) == []


def test_an_untyped_one_would_be_found() -> None:
    assert handed_over_as_any(
        ast.parse("def f(connection: Any): ...\nclass C:\n    _transport: Any | None = None")
    ) == [1, 3]


def test_little_is_any() -> None:
    assert sum(len(re.findall(r"\bAny\b", path.read_text())) for path in FILES) <= MOST_ANY
