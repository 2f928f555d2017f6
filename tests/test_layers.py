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


@pytest.mark.parametrize(("side", "other"), [("client", "daemon"), ("daemon", "client")])
def test_daemon_and_client_stand_side_by_side(side: str, other: str) -> None:
    modules = [module for module in MODULES if module.startswith(f"echod.{side}")]
    imported = set().union(*(imported_modules(MODULES[module]) for module in modules))
    assert not [module for module in imported if module.startswith(f"echod.{other}")]


def circles(needs: dict[str, set[str]]) -> dict[str, set[str]]:
    """What is left of these arrows when every module that needs nothing any more is taken away, again and again."""
    waiting = {module: others - {module} for module, others in needs.items()}
    while ready := {module for module, others in waiting.items() if not others}:
        waiting = {module: others - ready for module, others in waiting.items() if module not in ready}
    return waiting


def test_there_is_no_circle() -> None:
    assert circles({module: imported_modules(tree) for module, tree in MODULES.items()}) == {}


Members = frozenset[str]


def classes_of(tree: ast.Module) -> Iterator[tuple[ast.ClassDef, Members]]:
    """The classes of a module, each with the names of its own methods and attributes."""
    for node in tree.body:
        if isinstance(node, ast.ClassDef):
            names = {inner.name for inner in node.body if isinstance(inner, ast.FunctionDef)}
            names |= {inner.target.id for inner in node.body if isinstance(inner, ast.AnnAssign)}
            names |= {inner.attr for inner in ast.walk(node) if is_set_on_self(inner)}
            yield node, frozenset(names)


def is_set_on_self(node: ast.AST) -> bool:
    is_set = isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store)
    return is_set and getattr(node.value, "id", "") == "self"


def names_imported(tree: ast.AST) -> set[tuple[str, str]]:
    return {(module, name) for module, names in imports(tree) for name in names}


FROM_TYPING = {module for module, tree in MODULES.items() if ("typing", "Protocol") in names_imported(tree)}
"""Where the name Protocol is that of typing, and not of Twisted."""


def typing_protocols() -> dict[tuple[str, str], Members]:
    """Module and name of each `typing.Protocol` of the package, with its members; a bare callable is none."""
    return {
        (module, node.name): members - {"__call__"}
        for module in FROM_TYPING
        for node, members in classes_of(MODULES[module])
        if is_protocol(module, node)
    }


def is_protocol(module: str, node: ast.ClassDef) -> bool:
    return module in FROM_TYPING and any(getattr(base, "id", "") == "Protocol" for base in node.bases)


def implementers(members: Members) -> set[str]:
    """The modules with a class that has all members of a `typing.Protocol`, and is none itself."""
    return {
        module
        for module, tree in MODULES.items()
        for node, own in classes_of(tree)
        if members and members <= own and not is_protocol(module, node)
    }


def test_there_is_no_circle_when_typing_protocols_are_followed() -> None:
    """What a module gets behind a `typing.Protocol` counts as if it had imported the modules that implement it."""
    needs = {module: imported_modules(tree) for module, tree in MODULES.items()}
    for (declaring, name), members in typing_protocols().items():
        for module in [declaring, *(other for other in MODULES if (declaring, name) in names_imported(MODULES[other]))]:
            needs[module] = needs[module] | implementers(members)
    assert circles(needs) == {}


VALUES = ("echod.rules", "echod.errors", "echod.settings", "echod.counters")


@pytest.mark.parametrize("module", [name for name in MODULES if name.startswith("echod.rules")])
def test_a_rule_imports_the_standard_library_and_values_alone(module: str) -> None:
    foreign = {name for name, _ in imports(MODULES[module]) if name.split(".")[0] not in sys.stdlib_module_names}
    assert {name for name in foreign if not name.startswith(VALUES)} == set()


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
