"""The arrows of the architecture, read from the imports: one direction, no circles, pure rules, no hidden state."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = ROOT / "echod"
FILES = sorted(PACKAGE.rglob("*.py"))
LAYERS = (
    *("errors", "settings", "counters", "rules", "store", "transport", "flow", "accept", "websocket"),
    *("api", "behaviours", "endpoints", "site", "server", "daemon", "client", "blocking", ""),
)
"""From the top down: a module imports only from its own layer and from those before it. The last is `echod` itself."""


def module_name(path: Path) -> str:
    return ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")


MODULES = {module_name(path): ast.parse(path.read_text()) for path in FILES}


def layer_of(module: str) -> int:
    return LAYERS.index(module.split(".")[1] if "." in module else "")


def imports(tree: ast.AST) -> Iterator[tuple[str, list[str]]]:
    """Every import below this node: the module, and the names taken from it."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((alias.name, []) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield node.module or "", [alias.name for alias in node.names]


def imported_modules(tree: ast.AST) -> set[str]:
    """The modules of echod that are imported, whether as `from echod.websocket import trace` or by their own name."""
    found = set()
    for module, names in imports(tree):
        found |= {f"{module}.{name}" for name in names if f"{module}.{name}" in MODULES} or {module}
    return found & MODULES.keys()


@pytest.mark.parametrize("module", MODULES)
def test_a_module_imports_only_from_its_layer_and_those_above(module: str) -> None:
    below = {other for other in imported_modules(MODULES[module]) if layer_of(other) > layer_of(module)}
    assert below == set()


def test_there_is_no_circle() -> None:
    waiting = {module: imported_modules(tree) - {module} for module, tree in MODULES.items()}
    while ready := {module for module, needs in waiting.items() if not needs}:
        waiting = {module: needs - ready for module, needs in waiting.items() if module not in ready}
    assert waiting == {}


@pytest.mark.parametrize("module", [name for name in MODULES if name.startswith("echod.rules")])
def test_a_rule_imports_the_standard_library_and_values_alone(module: str) -> None:
    foreign = {name for name, _ in imports(MODULES[module]) if name.split(".")[0] not in sys.stdlib_module_names}
    assert {name for name in foreign if not name.startswith(("echod.rules", "echod.errors", "echod.settings"))} == set()


def reactor_imports(tree: ast.AST) -> list[ast.AST]:
    return [
        node
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and "reactor" in [alias.name for alias in node.names]
    ]


@pytest.mark.parametrize("module", MODULES)
def test_the_reactor_is_imported_inside_functions_of_daemon_and_client_alone(module: str) -> None:
    tree = MODULES[module]
    functions = [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)]
    inside = [node for function in functions for node in reactor_imports(function)]
    assert len(reactor_imports(tree)) == len(inside)
    assert not inside or module.startswith(("echod.daemon", "echod.client"))


def assigned_names(tree: ast.Module) -> Iterator[str]:
    """What a module binds at its top level, but for classes, functions and imports."""
    for node in tree.body:
        targets = (
            node.targets if isinstance(node, ast.Assign) else [node.target] if isinstance(node, ast.AnnAssign) else []
        )
        yield from (name.id for target in targets for name in ast.walk(target) if isinstance(name, ast.Name))


@pytest.mark.parametrize("module", [name for name in MODULES if name not in ("echod", "echod.blocking")])
def test_a_module_holds_constants_types_and_a_logger_alone(module: str) -> None:
    state = {
        name for name in assigned_names(MODULES[module]) if not name[0].isupper() and name not in ("log", "__all__")
    }
    assert state == set()
