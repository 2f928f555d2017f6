"""A client with a query of its own uses every endpoint, and is told what of it is ignored."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from echod.server.standard import publish_plain
from tests.pair import TEXT, MemoryNet, RawPeer, masked, plain, request, unframe

ENDPOINTS = ["/", "/echo", "/simple-echo", "/multi-echo", "/info"]
FOREIGN = [
    "a=b&c=%20d",
    "access_token=eyJhbGciOiJub25lIn0.e30.&room=1",
    "EIO=4&transport=websocket&sid=lv_VI97HAXpY6yYWAAAC",
    "X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=A%2F20300101%2Feu%2Faws4&X-Amz-SignedHeaders=host",
    "%zz=%ff&%00&=;?&a==b=&+",
    "time=1&day=2&ping_id=3&replay=4&v=13",
    "state=" + "x" * 4096,
    "&".join(f"p{number}={number}" for number in range(1500)),
]
HELLO = masked(TEXT, b"x")


@pytest.mark.parametrize("path", ENDPOINTS)
@pytest.mark.parametrize("query", FOREIGN, ids=lambda query: query[:20])
def test_every_endpoint_opens_and_answers_as_without_a_query(net: MemoryNet, path: str, query: str) -> None:
    peer = net.open(f"{path}?{query}")
    answer = [payload for _, payload in unframe(peer.take() + peer.ask(HELLO))]
    if path == "/info":
        assert len(answer) == 2
        assert all(json.loads(payload)["instance"] == "here" for payload in answer)
    else:
        assert answer == [b"x"]


@pytest.mark.parametrize("path", ENDPOINTS)
@pytest.mark.parametrize("query", ["dealy=1s", "token=x&Delay=1s", "token=x&delay=1s", "delay=soon"])
def test_a_query_that_asks_for_a_behaviour_or_nearly_does_is_checked(net: MemoryNet, path: str, query: str) -> None:
    assert net.raw().ask(request(f"{path}?{query}")).startswith(b"HTTP/1.1 400 ")


def test_such_a_connection_is_a_plain_one(net: MemoryNet) -> None:
    net.open("/echo?token=x")
    net.open("/echo")
    first, second = net.server.connections.all()
    assert type(first) is type(second)


@pytest.mark.parametrize("query", ["dealy=1s", "delay=nonsense", "token=x"])
def test_a_published_function_keeps_its_queries(net: MemoryNet, query: str) -> None:
    uris = []
    net.publish("/own", on_open=lambda contract: uris.append(contract.uri))
    net.open(f"/own?{query}")
    assert uris == [f"ws://localhost:9001/own?{query}"]


def info(peer: RawPeer) -> dict[str, Any]:
    """The first message."""
    [(_, payload)] = unframe(peer.take())
    said: dict[str, Any] = json.loads(payload)
    return said


@pytest.mark.parametrize(
    ("query", "ignored"),
    [
        ("", []),
        ("?token=secret&EIO=4&token=2", ["token", "EIO"]),
        ("?delay=1s", []),
        ("?%zz=1&%C3%A9=2", ["%zz", "é"]),
        (
            "?" + "&".join(f"p{number}" for number in range(100)),
            [*(f"p{number}" for number in range(20)), "and 80 more"],
        ),
    ],
)
def test_info_names_what_it_ignores(net: MemoryNet, query: str, ignored: list[str]) -> None:
    assert info(net.open(f"/info{query}"))["ignored"] == ignored


def test_a_plain_request_for_info_heeds_no_query(net: MemoryNet) -> None:
    answer = net.raw().ask(b"GET /info?delay=1s&token=secret HTTP/1.1\r\nHost: h\r\n\r\n")
    assert json.loads(answer.partition(b"\r\n\r\n")[2])["ignored"] == ["delay", "token"]


def ignored_lines(log: Any) -> list[str]:
    return [line for line in log.lines("echod.trace") if "ignores" in line]


@pytest.mark.parametrize("path", ENDPOINTS)
def test_debug_names_what_is_ignored_without_its_values(
    make_net: Callable[..., MemoryNet], log: Any, path: str
) -> None:
    make_net(debug=True).open(f"{path}?token=secret-1&a%1b[2J={'secret-2' * 99}&{'n' * 99}=secret-3")
    [line] = ignored_lines(log)
    assert line == rf"192.0.2.7:50000 ignores in the query: 'token', 'a\x1b[2J', '{'n' * 60}...'"
    assert "secret" not in "".join(log.lines("echod.trace"))


@pytest.mark.parametrize("query", ["", "?delay=1s"])
def test_debug_names_nothing_where_nothing_is_ignored(make_net: Callable[..., MemoryNet], log: Any, query: str) -> None:
    make_net(debug=True).open(f"/echo{query}")
    assert ignored_lines(log) == []


def test_debug_shows_the_values_of_behaviours(make_net: Callable[..., MemoryNet], log: Any) -> None:
    make_net(debug=True).open("/echo?delay=1s&times=2")
    assert " handshake '/echo?delay=1s&times=2' " in log.lines("echod.trace")[0]


def test_debug_says_of_a_published_function_nothing_about_its_query(
    make_net: Callable[..., MemoryNet], log: Any
) -> None:
    net = make_net()
    net.publish("/own", debug=True)
    net.open("/own?token=secret")
    assert ignored_lines(log) == []
    assert "secret" not in "".join(log.lines("echod.trace"))


def test_without_behaviours_all_names_are_ignored(make_net: Callable[..., MemoryNet], log: Any) -> None:
    net = make_net(debug=True)
    publish_plain(net.server, behaviours=False)
    assert net.open("/echo?delay=1s&token=x").ask(HELLO) == plain(TEXT, b"x")
    assert ignored_lines(log) == ["192.0.2.7:50000 ignores in the query: 'delay', 'token'"]


def test_without_debug_nothing_of_a_query_is_logged(net: MemoryNet, log: Any) -> None:
    net.open("/echo?token=secret")
    assert "token" not in str(log.events)
