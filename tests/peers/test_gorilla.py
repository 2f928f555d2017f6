"""A client on gorilla/websocket, which insists that both no_context_takeover parameters are confirmed."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.child import Daemon
from tests.peers.programs import build_gorilla, run

MESSAGES = ("hello", "hello hello hello hello", "κόσμε", "x" * 5000, "hello")


@pytest.fixture(scope="module")
def gorilla(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build_gorilla(tmp_path_factory.mktemp("gorilla"))


def converse(gorilla: Path, *arguments: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in run(gorilla, *arguments).stdout.splitlines()]


@pytest.mark.parametrize("path", ["/echo", "/multi-echo", "/multi-echo?fragment=3", "/echo?delay=1ms"])
def test_it_converses_with_compression(daemon: Daemon, gorilla: Path, path: str) -> None:
    opened, *texts, closed = converse(gorilla, "-compress", daemon.uri(path), *MESSAGES)
    assert opened["extensions"].split("; ") == [
        "permessage-deflate",
        "server_no_context_takeover",
        "client_no_context_takeover",
    ]
    assert [told["text"] for told in texts] == list(MESSAGES)
    assert closed == {"closed": 1000}


def test_it_converses_without_compression(daemon: Daemon, gorilla: Path) -> None:
    opened, *texts, _ = converse(gorilla, daemon.uri("/echo"), *MESSAGES)
    assert opened == {"extensions": ""}
    assert [told["text"] for told in texts] == list(MESSAGES)


def test_any_origin_is_let_in(daemon: Daemon, gorilla: Path) -> None:
    assert converse(gorilla, "-origin", "localhost:21000", daemon.uri("/echo"), "hello")[1] == {"text": "hello"}
