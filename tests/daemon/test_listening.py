"""Where the daemon listens, and how it says so: the ready line, endpoint strings, twist and the tac file."""

from __future__ import annotations

import os
import re
import signal
import socket
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from websockets.sync.client import unix_connect

from tests.child import TWIST, TWISTD, Child, Daemon
from tests.daemon.clients import (
    LOOPBACK,
    PATIENCE_S,
    everything_from,
    head_from,
    open_client,
    raw_connection,
    reply,
    upgrade,
    wait_until,
)

HELLO = b"\x81\x85\x00\x00\x00\x00hello"
"""A text message, masked with zeros."""


def ready_lines(child: Child) -> list[str]:
    return [line for line in child.out if "echod ready" in line]


def test_the_ready_line_comes_once_and_names_the_real_port(daemon: Daemon) -> None:
    with open_client(daemon.uri()) as client:
        assert reply(client, "hello") == "hello"
    assert len(ready_lines(daemon)) == 1
    assert ready_lines(daemon)[0].endswith(f"echod ready: http://localhost:{daemon.port}/ on every interface\n")


@pytest.mark.parametrize(
    ("host", "said", "others"),
    [
        ("127.0.0.1", "http://127.0.0.1:{0}/", ["127.0.0.2", "::1"]),
        ("localhost", "http://localhost:{0}/", ["127.0.0.2"]),
        ("::1", ":{0} at http://[::1]:{0}/", ["127.0.0.1"]),
    ],
)
def test_a_host_is_listened_on_alone_and_the_ready_line_names_its_port_first(
    host: str, said: str, others: list[str]
) -> None:
    with Daemon("--host", host) as running:
        assert ready_lines(running)[0].endswith(f"echod ready: {said.format(running.port)}\n")
        with open_client(f"ws://{f'[{host}]' if ':' in host else host}:{running.port}/echo") as client:
            assert reply(client, "hello") == "hello"
        for other in others:
            with pytest.raises(ConnectionRefusedError):
                socket.create_connection((other, running.port), timeout=PATIENCE_S)


def test_the_log_says_what_is_listening_and_not_with_which_class(daemon: Daemon) -> None:
    assert f"echod starting on {daemon.port}" in daemon.text
    assert "GateFactory" not in daemon.text


class Several(Child):
    """A daemon on four endpoints, with `--debug`: their ports by their strings, and the path of the socket."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "echod.sock"
        self.texts = (
            "tcp:0:interface=127.0.0.1",
            f"unix:{self.path}",
            "haproxy:tcp:0:interface=127.0.0.1",
            "tcp6:0:interface=\\:\\:1",
        )
        options = [f"--listen={text}" for text in self.texts]
        super().__init__([TWISTD, "--nodaemon", "--pidfile=", "--logfile=-", "echod", *options, "--debug"])
        self.where = self.wait_for_line(r"echod ready: (.*)")[1].split(", ")

    def port(self, place: int) -> int:
        found = re.match(r".*?:(\d+) \(", self.where[place])
        assert found is not None
        return int(found[1])


@pytest.fixture(scope="module")
def several(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Several]:
    with Several(tmp_path_factory.mktemp("sockets")) as running:
        yield running


def test_the_ready_line_names_every_endpoint_as_it_was_given(several: Several) -> None:
    tcp, unix, haproxy, tcp6 = several.texts
    assert len(ready_lines(several)) == 1
    assert several.where == [
        f"127.0.0.1:{several.port(0)} ({tcp})",
        f"{several.path} ({unix})",
        f"127.0.0.1:{several.port(2)} ({haproxy})",
        f"[::1]:{several.port(3)} ({tcp6})",
    ]


@pytest.mark.parametrize(("place", "host"), [(0, "127.0.0.1"), (3, "[::1]")])
def test_a_tcp_endpoint_answers(several: Several, place: int, host: str) -> None:
    with open_client(f"ws://{host}:{several.port(place)}/multi-echo") as client:
        assert reply(client, "hello") == "hello"


def test_an_endpoint_of_one_interface_is_not_on_the_others(several: Several) -> None:
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("::1", several.port(0)), timeout=PATIENCE_S)


def test_a_unix_socket_answers_and_its_peer_has_a_name(several: Several) -> None:
    with unix_connect(str(several.path), "ws://localhost/multi-echo") as client:
        assert reply(client, "over a unix socket") == "over a unix socket"
    assert wait_until(lambda: re.search(r"unix received opcode=1 .*over a unix socket", several.text) is not None)


def test_behind_a_proxy_the_client_is_the_one_of_the_proxy_header(several: Several) -> None:
    with raw_connection(several.port(2)) as client:
        client.sendall(b"PROXY TCP4 192.0.2.7 192.0.2.1 56324 443\r\n" + upgrade("/multi-echo"))
        assert head_from(client).startswith(b"HTTP/1.1 101 ")
        client.sendall(HELLO)
        assert client.recv(7, socket.MSG_WAITALL) == b"\x81\x05hello"
    assert wait_until(lambda: "192.0.2.7:56324 handshake '/multi-echo'" in several.text)
    assert wait_until(lambda: "192.0.2.7:56324 received opcode=1" in several.text)


def test_behind_a_proxy_a_page_is_logged_with_the_client_of_the_proxy_header(several: Several) -> None:
    with raw_connection(several.port(2)) as client:
        client.sendall(b"PROXY TCP6 2001:db8::7 2001:db8::1 5000 443\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n")
        assert everything_from(client).startswith(b"HTTP/1.1 200 OK\r\n")
    assert wait_until(lambda: '[2001:db8::7]:5000 "GET /" 200' in several.text)


PAGE = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"
SIGNATURE = b"\r\n\r\n\0\r\nQUIT\n"


@pytest.mark.parametrize(
    "pieces",
    [
        (b"PROXY UNKNOWN\r\n" + PAGE,),
        (b"PROXY UNKNOWN\r\n", PAGE),
        (b"PROXY UNKNOWN ::1 ::1 1 2\r\n" + PAGE,),
        (b"PRO", b"XY TCP4 192.0.2.7 192.0.2.1 56324 443\r", b"\n" + PAGE),
        (SIGNATURE + b"\x20\0\0\0" + PAGE,),
        (SIGNATURE[:5], SIGNATURE[5:] + b"\x21", b"\0\0\3", b"abc" + PAGE),
    ],
    ids=["unknown", "unknown alone", "unknown with addresses", "in pieces", "LOCAL", "unspecified in pieces"],
)
def test_behind_a_proxy_each_form_of_the_header_is_served(several: Several, pieces: tuple[bytes, ...]) -> None:
    with raw_connection(several.port(2)) as client:
        client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for piece in pieces:
            client.sendall(piece)
            time.sleep(0.05)
        assert everything_from(client).startswith(b"HTTP/1.1 200 OK\r\n")


def test_a_client_without_the_proxy_header_is_closed_with_a_line(several: Several) -> None:
    with raw_connection(several.port(2)) as client:
        name = f"127.0.0.1:{client.getsockname()[1]}"
        client.sendall(upgrade("/multi-echo"))
        assert everything_from(client) == b""
    assert wait_until(lambda: f"{name} refused: no PROXY header" in several.text)
    assert "Traceback" not in several.text


def test_a_unix_socket_is_gone_after_the_end(tmp_path: Path) -> None:
    with Several(tmp_path) as running:
        assert running.path.is_socket()
        running.terminate()
    assert list(tmp_path.iterdir()) == []


def test_twist_runs_it_too() -> None:
    with Daemon(argv=[TWIST, "--log-format=text", "echod", "--port", "0"]) as running:
        with open_client(running.uri("/simple-echo")) as client:
            assert reply(client, "add") == "add...added..."
        assert len(ready_lines(running)) == 1


def test_the_tac_file_is_set_by_variables() -> None:
    env = {"ECHOD_PORT": "0", "ECHOD_ORIGIN": "null https://example.com", "ECHOD_MAX_MESSAGE": "64K"}
    argv = [TWISTD, "--nodaemon", "--pidfile=", "--logfile=-", "--python", "echod.tac"]
    with Daemon(argv=argv, env=env) as running:
        with open_client(running.uri("/multi-echo"), origin="https://example.com") as client:
            assert reply(client, "hello") == "hello"
        with raw_connection(running.port) as client:
            client.sendall(upgrade("/multi-echo", "Origin: https://example.org"))
            assert everything_from(client).startswith(b"HTTP/1.1 403 Forbidden\r\n")


def test_two_endpoints_in_a_variable_are_both_listened_on() -> None:
    env = {"ECHOD_LISTEN": "tcp:0:interface=127.0.0.1 tcp:0:interface=127.0.0.2"}
    argv = [TWISTD, "--nodaemon", "--pidfile=", "--logfile=-", "echod"]
    with Child(argv, env) as running:
        found = running.wait_for_line(r"ready: 127\.0\.0\.1:(\d+) \(.*\), 127\.0\.0\.2:(\d+) \(")
        for host, port in (("127.0.0.1", found[1]), ("127.0.0.2", found[2])):
            with open_client(f"ws://{host}:{port}/echo") as client:
                assert reply(client, host) == host


def test_a_port_on_the_command_line_beats_endpoints_in_a_variable() -> None:
    with Daemon(env={"ECHOD_LISTEN": "tcp:1:interface=127.0.0.1"}) as running:
        assert "on every interface" in ready_lines(running)[0]
        with raw_connection(running.port, LOOPBACK) as client:
            client.sendall(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
            assert everything_from(client).startswith(b"HTTP/1.1 200 OK\r\n")


def test_as_a_daemon_it_writes_its_pidfile_and_removes_it_at_the_end(tmp_path: Path) -> None:
    log, pidfile = tmp_path / "log", tmp_path / "pid"
    with Child([TWISTD, f"--logfile={log}", f"--pidfile={pidfile}", "echod", "--port", "0"]) as parent:
        assert parent.wait() == 0
    process_id = int(pidfile.read_text())
    try:
        assert wait_until(lambda: "echod ready: " in log.read_text())
    finally:
        os.kill(process_id, signal.SIGTERM)
    assert wait_until(lambda: not pidfile.exists())
    assert wait_until(lambda: not is_running(process_id))


def is_running(process_id: int) -> bool:
    """Whether the process works still; one that has ended may be left for a parent that never asks."""
    try:
        return Path(f"/proc/{process_id}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False
