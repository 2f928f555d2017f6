"""Node's `ws` as a client."""

from __future__ import annotations

import random
from typing import Any

import pytest

from tests.child import Daemon
from tests.peers.programs import converse_with_node

TEXTS = ["hello", "hello hello hello", "κόσμε", "", "x" * 70_000]
NOISE = random.Random(1).randbytes(3000).hex()
DEFLATE: dict[str, dict[str, Any]] = {
    "off": {"perMessageDeflate": False},
    "default": {},
    "every message": {"perMessageDeflate": {"threshold": 0}},
    "no context": {
        "perMessageDeflate": {"threshold": 0, "serverNoContextTakeover": True, "clientNoContextTakeover": True}
    },
    "small windows": {"perMessageDeflate": {"threshold": 0, "serverMaxWindowBits": 9, "clientMaxWindowBits": 9}},
    "a hint of 8": {"perMessageDeflate": {"threshold": 0, "clientMaxWindowBits": 8}},
}


@pytest.mark.parametrize("path", ["/echo", "/multi-echo?fragment=1000"])
@pytest.mark.parametrize("deflate", DEFLATE)
def test_what_it_sends_comes_back(daemon: Daemon, deflate: str, path: str) -> None:
    send = [*(["text", text] for text in TEXTS), ["hex", NOISE], ["text", "hello"]]
    opened, *replies, closed = converse_with_node(daemon.uri(path), send, options=DEFLATE[deflate])
    assert ("permessage-deflate" in opened[1]) is (deflate != "off")
    assert replies == send
    assert closed == ["close", 1000, "bye"]


@pytest.mark.parametrize("origin", ["localhost:21000", "MyApp", "file://", "null", "http://a.example"])
def test_any_origin_is_let_in(daemon: Daemon, origin: str) -> None:
    told = converse_with_node(daemon.uri("/echo"), [["text", "hello"]], options={"origin": origin})
    assert told[1:] == [["text", "hello"], ["close", 1000, "bye"]]


@pytest.mark.parametrize("code", [1001, 1011, 1012, 1013, 1014, 3000, 4999])
def test_its_close_is_answered_with_its_code(daemon: Daemon, code: int) -> None:
    assert converse_with_node(daemon.uri("/echo"), close=[code, "why"])[-1] == ["close", code, "why"]


def test_a_bad_gateway_close_reaches_it(daemon: Daemon) -> None:
    told = converse_with_node(daemon.uri("/echo?close=1014&reason=why"), close=None)
    assert told[-1] == ["close", 1014, "why"]


def test_the_first_of_its_subprotocols_that_is_asked_for_is_selected(daemon: Daemon) -> None:
    told = converse_with_node(daemon.uri("/echo?subprotocol=chat"), protocols=["superchat", "chat"])
    assert told[0] == ["open", "permessage-deflate", "chat"]


@pytest.mark.parametrize(
    "query", ["token=abc&x=%20y", "EIO=4&transport=websocket&sid=1", "access_token=a.b.c", "_=1700000000000"]
)
def test_its_own_query_is_its_own_business(daemon: Daemon, query: str) -> None:
    told = converse_with_node(daemon.uri(f"/multi-echo?{query}"), [["text", "hello"]])
    assert told[1:] == [["text", "hello"], ["close", 1000, "bye"]]
