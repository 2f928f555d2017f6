"""Every example runs as its own text says, against ends that are not its own."""

from __future__ import annotations

import re
import socket
import sys
from collections.abc import Iterator

import pytest
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, connect
from websockets.sync.server import ServerConnection

from tests.child import ROOT, Child, Daemon
from tests.client.peers import LOOPBACK, PATIENCE_S, Host, free_port

EXAMPLES = ROOT / "examples"
CLIENT_SESSION = [
    "RECEIVED message1",
    "RECEIVED message2",
    "RECEIVED add...added...",
    "RECEIVED none",
    "RECEIVED after browser",
    "CLOSED with code 1000 ",
    "RECEIVED from Lisp client",
    "RECEIVED after web add",
    "CLOSED with code 1000 ",
]


def run_example(name: str, *words: object) -> Child:
    return Child([sys.executable, "-W", "error", EXAMPLES / name, *map(str, words)])


def port_of(server: Child) -> int:
    """Where it says that it is ready."""
    return int(server.wait_for_line(r"ready: ws://localhost:(\d+)/")[1])


def ask(connection: ClientConnection, message: str | bytes) -> str | bytes:
    connection.send(message)
    return connection.recv(timeout=PATIENCE_S)


def end_of(connection: ClientConnection | ServerConnection) -> tuple[int | None, str | None]:
    """Code and reason, once the connection is closed."""
    with pytest.raises(ConnectionClosed):
        connection.recv(timeout=PATIENCE_S)
    return connection.close_code, connection.close_reason


def test_each_example_stands_in_the_readme_with_its_command() -> None:
    text = (EXAMPLES / "README.md").read_text()
    named = re.findall(r"`python examples/(\w+\.py) ", text)
    assert sorted(named) == sorted(path.name for path in EXAMPLES.glob("*.py"))


@pytest.fixture(scope="module")
def servers() -> Iterator[str]:
    """The URI of the example's servers, without a path."""
    with run_example("echo_servers.py", 0) as server:
        yield f"ws://{LOOPBACK}:{port_of(server)}"


@pytest.fixture(scope="module")
def host() -> Host:
    """The target of the relay."""
    return Host()


@pytest.fixture(scope="module")
def relay(host: Host) -> Iterator[str]:
    """The URI of the relay."""
    with host.listening() as target, run_example("relay.py", 0, target) as relay:
        yield f"ws://{LOOPBACK}:{port_of(relay)}/"


class TestEchoServers:
    def test_the_simple_one_answers_as_in_the_note(self, servers: str) -> None:
        with connect(f"{servers}/simple-echo") as client:
            sent = ["12345", "another", "add", "x", "", " add", "ADD", "NoNe", "y", "Add", "none", "z"]
            assert [ask(client, text) for text in sent] == [
                "12345",
                "another",
                "add...added...",
                "x...added...",
                "...added...",
                " add...added...",
                "ADD...added...",
                "NoNe",
                "y",
                "Add...added...",
                "none",
                "z",
            ]

    def test_the_mode_of_the_simple_one_is_shared(self, servers: str) -> None:
        with connect(f"{servers}/simple-echo") as first, connect(f"{servers}/simple-echo") as second:
            assert ask(first, "add") == "add...added..."
            assert ask(second, "hello") == "hello...added..."
            assert ask(second, "none") == "none"
            assert ask(first, "after browser") == "after browser"

    def test_each_connection_of_the_multi_one_has_its_mode(self, servers: str) -> None:
        with connect(f"{servers}/multi-echo") as first, connect(f"{servers}/multi-echo") as second:
            assert ask(first, "add") == "add...added..."
            assert ask(second, "x") == "x"
            assert ask(first, "x") == "x...added..."

    @pytest.mark.parametrize("path", ["/simple-echo", "/multi-echo"])
    def test_binary_messages_are_no_commands(self, servers: str, path: str) -> None:
        with connect(servers + path) as client:
            assert (ask(client, b"add"), ask(client, "x")) == (b"add", "x")

    def test_the_client_session_runs_against_it(self, servers: str) -> None:
        with run_example("client_session.py", servers.rpartition(":")[2]) as session:
            assert (session.wait(), session.text.splitlines()) == (0, CLIENT_SESSION)


def test_the_client_session_runs_against_the_daemon(daemon: Daemon) -> None:
    with run_example("client_session.py", daemon.port) as session:
        assert (session.wait(), session.text.splitlines()) == (0, CLIENT_SESSION)


class TestRelay:
    def test_messages_are_passed_both_ways_in_order_and_type(self, host: Host, relay: str) -> None:
        messages: list[str | bytes] = ["one", b"two", "", b"", "zwölf"]
        with connect(relay) as client:
            target = host.guest()
            for one, other in ((client, target), (target, client)):
                for message in messages:
                    one.send(message)
                assert [other.recv(timeout=PATIENCE_S) for _ in messages] == messages

    def test_two_clients_have_a_target_each(self, host: Host, relay: str) -> None:
        with connect(relay) as first:
            first_target = host.guest()
            with connect(relay) as second:
                second_target = host.guest()
                second.send("from the second")
                first.send("from the first")
                assert first_target.recv(timeout=PATIENCE_S) == "from the first"
                assert second_target.recv(timeout=PATIENCE_S) == "from the second"

    @pytest.mark.parametrize(("code", "reason"), [(1000, ""), (1001, "leaving"), (1011, "broken"), (4000, "zwölf")])
    def test_the_close_of_the_target_reaches_the_client(self, host: Host, relay: str, code: int, reason: str) -> None:
        with connect(relay) as client:
            host.guest().close(code, reason)
            assert end_of(client) == (code, reason)

    @pytest.mark.parametrize(("code", "reason"), [(1000, ""), (1001, "leaving"), (1011, "broken"), (4000, "zwölf")])
    def test_the_close_of_the_client_reaches_the_target(self, host: Host, relay: str, code: int, reason: str) -> None:
        with connect(relay) as client:
            target = host.guest()
            client.close(code, reason)
            assert end_of(target) == (code, reason)

    def test_a_close_without_a_code_is_passed_on_as_1000(self, host: Host, relay: str) -> None:
        with connect(relay) as client:
            host.guest().socket.sendall(b"\x88\x00")
            assert end_of(client) == (1000, "")

    def test_a_cut_connection_is_passed_on_as_1001(self, host: Host, relay: str) -> None:
        with connect(relay) as client:
            target = host.guest()
            client.socket.shutdown(socket.SHUT_RDWR)
            assert end_of(target) == (1001, "")

    def test_a_target_that_is_not_there_ends_the_client_with_1013(self) -> None:
        with (
            run_example("relay.py", 0, f"ws://{LOOPBACK}:{free_port()}/") as running,
            connect(f"ws://{LOOPBACK}:{port_of(running)}/") as client,
        ):
            client.send("into the void")
            assert end_of(client) == (1013, "the target cannot be reached")
            assert "Traceback" not in running.text
