"""Canaries: each name that port.py declares is there, and each undocumented name that is used is declared.

When the first fails after an update of Autobahn, the users of that name are to be read again.
"""

from __future__ import annotations

import ast
import inspect
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from autobahn.websocket.interfaces import IWebSocketChannel
from autobahn.websocket.protocol import WebSocketProtocol
from twisted.internet.protocol import Protocol

from echod.errors import CLOSE_CODES
from echod.websocket.autobahn import port
from tests.pair import masked
from tests.stock import agree, new_client, open_server

PACKAGE = Path(port.__file__).parents[2]
DECLARATIONS = ast.parse(Path(port.__file__).read_text())
OURS_LINE = next(
    number for number, line in enumerate(Path(port.__file__).read_text().splitlines(), 1) if line.strip() == "# Ours."
)
HOLDERS = {"connection", "_connection", "probe"}
"""What a connection is called where it is used."""


def declared(class_name: str) -> Iterator[tuple[str, int]]:
    """The names that a class of port.py declares, with their lines."""
    owner = next(node for node in DECLARATIONS.body if isinstance(node, ast.ClassDef) and node.name == class_name)
    for node in ast.walk(owner):
        if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
            yield node.target.id, node.lineno
        elif isinstance(node, ast.FunctionDef):
            yield node.name, node.lineno


CONNECTION = dict(declared("Connection"))
FACTORY = dict(declared("AutobahnFactory"))
OF_AUTOBAHN = sorted(name for name, line in CONNECTION.items() if line < OURS_LINE)


def stock() -> tuple[Any, Any]:
    """A server in the middle of a compressed message, and a client that was refused."""
    server = open_server("Sec-WebSocket-Extensions: permessage-deflate", perMessageCompressionAccept=agree)
    server.dataReceived(masked(0x01, b"the beginning of a message"))
    client = new_client()
    client.dataReceived(b"HTTP/1.1 404 No\r\n\r\n")
    return server, client


@pytest.mark.parametrize("name", OF_AUTOBAHN)
def test_a_declared_name_is_one_of_autobahns(name: str) -> None:
    assert any(hasattr(owner, name) for owner in stock()), f"Autobahn has no {name} any more"


CODEC = dict(declared("MessageCodec"))
OF_AUTOBAHNS_CODEC = sorted(name for name, line in CODEC.items() if line < CODEC["agreement"])


@pytest.mark.parametrize("name", OF_AUTOBAHNS_CODEC)
def test_a_declared_name_of_the_codec_is_one_of_autobahns(name: str) -> None:
    assert hasattr(stock()[0]._perMessageCompress, name), f"Autobahn's codecs have no {name} any more"


@pytest.mark.parametrize("name", FACTORY)
def test_a_declared_name_of_a_factory_is_one_of_autobahns(name: str) -> None:
    assert hasattr(stock()[0].factory, name), f"Autobahn's factories have no {name} any more"


def test_the_timer_of_a_factory_is_asked_for_calls() -> None:
    assert callable(open_server().factory._batched_timer.call_later)


def parameters(function: Any) -> list[str]:
    return [name for name in inspect.signature(function).parameters if name != "self"]


@pytest.mark.parametrize(
    "name", [name for name in OF_AUTOBAHN if inspect.isfunction(getattr(type(stock()[0]), name, None))]
)
def test_a_declared_method_takes_what_autobahns_takes(name: str) -> None:
    """As far as it is declared: callers may leave out what Autobahn has a default for."""
    theirs = parameters(getattr(type(stock()[0]).__mro__[2], name))
    node = next(node for node in ast.walk(DECLARATIONS) if isinstance(node, ast.FunctionDef) and node.name == name)
    declared_ones = [argument.arg for argument in [*node.args.args[1:], *node.args.kwonlyargs]]
    assert [argument for argument in declared_ones if argument in theirs] == declared_ones


@cache
def undocumented() -> set[str]:
    """What a connection or its factory has from Autobahn, and neither Autobahn's documentation nor Twisted's names."""
    server, client = stock()
    names = {name for owner in (server, client, server.factory) for name in dir(owner)}
    hooks = {name for name in names if name.startswith("on") and name[2:3].isupper()}
    return names - hooks - set(IWebSocketChannel.__abstractmethods__) - set(dir(Protocol)) - set(dir(object()))


def derived() -> set[str]:
    """The classes of echod that are connections or factories of Autobahn."""
    bases = {
        node.name: {getattr(base, "id", "") for base in node.bases}
        for tree in TREES.values()
        for node in ast.walk(tree)
        if isinstance(node, ast.ClassDef)
    }
    found = {"Connection", "AutobahnFactory"}
    while more := {name for name, of in bases.items() if of & found} - found:
        found |= more
    return found


def attributes(tree: ast.AST, holders: set[str]) -> Iterator[str]:
    """What is asked of these holders, and of super()."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute):
            holder = node.value
            is_super = isinstance(holder, ast.Call) and getattr(holder.func, "id", "") == "super"
            if is_super or getattr(holder, "id", getattr(holder, "attr", "")) in holders:
                yield node.attr


def uses(tree: ast.AST) -> Iterator[str]:
    """The attributes that are asked of a connection or its factory, from outside and inside, or overridden."""
    yield from attributes(tree, HOLDERS)
    for node in ast.walk(tree):
        if isinstance(node, ast.ClassDef) and node.name in CLASSES:
            yield from attributes(node, {"self"})
            yield from (inner.name for inner in node.body if isinstance(inner, ast.FunctionDef))


TREES = {path: ast.parse(path.read_text()) for path in sorted(PACKAGE.glob("*/**/*.py"))}
CLASSES = derived()
OWN = {"calls", "log", "transport", "connected", "peer", "reactor", "setProtocolOptions", "protocol", "buildProtocol"}
"""Names of these tests, of Twisted, or of Autobahn's documentation of factories."""


@pytest.mark.parametrize("path", TREES, ids=lambda path: path.relative_to(PACKAGE).as_posix())
def test_an_undocumented_name_that_is_used_is_declared(path: Path) -> None:
    used = set(uses(TREES[path])) & undocumented()
    assert used - CONNECTION.keys() - FACTORY.keys() - OWN == set()


def test_the_classes_are_found() -> None:
    assert {"Guarded", "EchodProtocol", "ClientProtocol", "EndpointFactory", "MultiEcho"} <= CLASSES
    assert {"state", "processData", "sendCloseFrame"} <= {name for tree in TREES.values() for name in uses(tree)}


def test_a_canary_autobahn_still_does_not_know_1014() -> None:
    """When it does, `receive_close` may be left to it; it is registered at IANA for RFC 6455, 11.7."""
    allowed = set(WebSocketProtocol.CLOSE_STATUS_CODES_ALLOWED)
    assert {code for code in CLOSE_CODES if code < 3000} - allowed == {1014}
    assert allowed <= CLOSE_CODES
