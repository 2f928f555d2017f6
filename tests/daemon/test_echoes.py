"""The echo rule over real TCP: a `twistd` child, and python-websockets at the other end."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.child import Daemon
from tests.daemon.clients import (
    head_from,
    open_client,
    open_descriptors,
    raw_connection,
    replies,
    reply,
    reset,
    upgrade,
    wait_until,
)

MIB = 1 << 20
UNMASKED_64K = b"\x82\xfe\xff\xff" + bytes(4) + bytes(65535)
"""One binary message of 65,535 zero bytes, masked with zeros."""

every_path = pytest.mark.parametrize("path", ["/simple-echo", "/multi-echo", "/echo", "/"])
both_servers = pytest.mark.parametrize("path", ["/simple-echo", "/multi-echo"])


@pytest.fixture(autouse=True)
def shared_mode_off(daemon: Daemon) -> Iterator[None]:
    """The daemon is shared with other tests: its mode is off afterwards, whatever happened."""
    yield
    with open_client(daemon.uri("/simple-echo")) as client:
        assert reply(client, "none") == "none"


@both_servers
@pytest.mark.parametrize(
    ("messages", "expected"),
    [
        (["12345", "another"], ["12345", "another"]),
        (["add", "x", "", " add"], ["add...added...", "x...added...", "...added...", " add...added..."]),
        (["ADD", "NoNe", "y"], ["ADD...added...", "NoNe", "y"]),
        (["Add", "none", "z"], ["Add...added...", "none", "z"]),
        ([" add", "add\n", "added", "x"], [" add", "add\n", "added", "x"]),
    ],
)
def test_each_text_is_answered_by_the_echo_rule(
    daemon: Daemon, path: str, messages: list[str], expected: list[str]
) -> None:
    with open_client(daemon.uri(path)) as client:
        assert replies(client, messages) == expected


def test_the_mode_of_simple_echo_is_one_for_all_clients(daemon: Daemon) -> None:
    uri = daemon.uri("/simple-echo")
    with open_client(uri) as first, open_client(uri) as second:
        assert reply(first, "add") == "add...added..."
        assert replies(second, ["hello", "none"]) == ["hello...added...", "none"]
        assert reply(first, "after browser") == "after browser"


def test_the_mode_of_simple_echo_survives_a_disconnect(daemon: Daemon) -> None:
    with open_client(daemon.uri("/simple-echo")) as first:
        reply(first, "add")
    with open_client(daemon.uri("/simple-echo")) as second:
        assert reply(second, "hello") == "hello...added..."


def test_the_mode_of_simple_echo_survives_an_abrupt_loss(daemon: Daemon) -> None:
    with open_client(daemon.uri("/simple-echo")) as first:
        reply(first, "add")
        reset(first.socket)
    with open_client(daemon.uri("/simple-echo")) as second:
        assert reply(second, "hello") == "hello...added..."


def test_the_mode_of_multi_echo_belongs_to_each_connection(daemon: Daemon) -> None:
    uri = daemon.uri("/multi-echo")
    with open_client(uri) as a, open_client(uri) as b:
        assert replies(a, ["add", "x"]) == ["add...added...", "x...added..."]
        assert replies(b, ["x", "ADD"]) == ["x", "ADD...added..."]
        assert reply(a, "none") == "none"
        assert reply(b, "x") == "x...added..."
        assert reply(a, "x") == "x"


def test_the_mode_of_multi_echo_goes_with_its_connection(daemon: Daemon) -> None:
    with open_client(daemon.uri("/multi-echo")) as first:
        reply(first, "add")
    with open_client(daemon.uri("/multi-echo")) as second:
        assert reply(second, "x") == "x"


@pytest.mark.parametrize("path", ["/echo", "/", "/echo?", "/?times=1"])
def test_the_plain_echo_knows_no_commands(daemon: Daemon, path: str) -> None:
    with open_client(daemon.uri(path)) as client:
        assert replies(client, ["add", "x", "none"]) == ["add", "x", "none"]


def test_a_query_may_ask_for_a_behaviour(daemon: Daemon) -> None:
    with open_client(daemon.uri("/multi-echo?times=2")) as client:
        assert [reply(client, "add"), client.recv(timeout=20)] == ["add...added..."] * 2


@pytest.mark.parametrize("host", ["127.0.0.1", "[::1]", "localhost"])
def test_it_answers_on_both_families(daemon: Daemon, host: str) -> None:
    with open_client(daemon.uri("/multi-echo", host)) as client:
        assert reply(client, "hello") == "hello"


@both_servers
def test_binary_is_never_a_command_and_never_changed(daemon: Daemon, path: str) -> None:
    with open_client(daemon.uri(path)) as client:
        assert replies(client, [b"add", "x"]) == [b"add", "x"]
        assert replies(client, ["add", b"none", b"", b"\x00\xff", "x"]) == [
            "add...added...",
            b"none",
            b"",
            b"\x00\xff",
            "x...added...",
        ]


@every_path
def test_a_text_of_a_mebibyte_comes_back_whole(daemon: Daemon, path: str) -> None:
    text = "é" * (MIB // 2)
    with open_client(daemon.uri(path)) as client:
        assert reply(client, text) == text


@every_path
def test_replies_come_in_the_order_of_the_messages(daemon: Daemon, path: str) -> None:
    with open_client(daemon.uri(path)) as client:
        for number in range(200):
            client.send(str(number))
        assert [client.recv(timeout=10) for _ in range(200)] == [str(number) for number in range(200)]


@pytest.fixture(scope="module")
def lonely() -> Iterator[Daemon]:
    """A daemon whose descriptors nobody else's clients can change."""
    with Daemon() as running:
        yield running


@both_servers
def test_nothing_is_left_of_clients_that_vanish_in_the_middle_of_an_echo(lonely: Daemon, path: str) -> None:
    process_id = lonely.process.pid
    at_the_start = open_descriptors(process_id)
    for _ in range(100):
        with raw_connection(lonely.port) as client:
            client.sendall(upgrade(path))
            assert head_from(client).startswith(b"HTTP/1.1 101 ")
            client.sendall(UNMASKED_64K)
            assert client.recv(1) == b"\x82"
            client.sendall(UNMASKED_64K[:40000])
            reset(client)
    assert wait_until(lambda: open_descriptors(process_id) <= at_the_start)
    assert "Traceback" not in lonely.text
    with open_client(lonely.uri(path)) as client:
        assert reply(client, "still here") == "still here"
