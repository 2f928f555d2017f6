"""Sockets that systemd has opened: of every domain, with and without names, and what stays of them."""

from __future__ import annotations

import re
import socket
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest
from websockets.sync.client import unix_connect

from tests.child import TWISTD
from tests.daemon.clients import PATIENCE_S, everything_from, open_client, reply, upgrade
from tests.peers.daemons import refused
from tests.peers.programs import require
from tests.peers.systemd import Activated, HandedOver, free_port, handing_over


def say(path: Path, message: str) -> str | bytes:
    with unix_connect(str(path), "ws://localhost/multi-echo", open_timeout=PATIENCE_S) as client:
        return reply(client, message)


@pytest.mark.parametrize(
    ("names", "text"),
    [
        ("", "systemd:domain=UNIX:index=0"),
        ("", "systemd:domain=UNIX"),
        ("", "systemd:UNIX:0"),
        ("web", "systemd:domain=UNIX:name=web"),
        ("web", "systemd:domain=UNIX:index=0"),
    ],
)
def test_a_local_socket_of_systemd_is_served_and_its_path_stays(tmp_path: Path, names: str, text: str) -> None:
    require("systemd-socket-activate")
    path = tmp_path / "s.sock"
    with Activated([path], text, names=names) as daemon:
        assert say(path, "hello") == "hello"
        daemon.wait_for_line(rf"echod ready: {path} \({text}\)")
        assert daemon.terminate() == 0
        assert "Traceback" not in daemon.text
    assert path.is_socket()


@pytest.mark.parametrize(
    ("names", "text"),
    [("", "systemd:domain=INET:index=0"), ("", "systemd:domain=INET"), ("web", "systemd:domain=INET:name=web")],
)
@pytest.mark.parametrize("address", ["127.0.0.1:{}", "{}"], ids=["one interface", "every interface"])
def test_a_port_of_systemd_is_served(names: str, text: str, address: str) -> None:
    """A number alone is an IPv6 socket for both families."""
    require("systemd-socket-activate")
    port = free_port()
    with Activated([address.format(port)], text, names=names) as daemon:
        with open_client(f"ws://127.0.0.1:{port}/multi-echo") as client:
            assert reply(client, "hello") == "hello"
        assert daemon.wait_for_line(r"echod ready: .*?:(\d+) \(")[1] == str(port)
        assert daemon.terminate() == 0
        assert "Traceback" not in daemon.text


def test_several_sockets_are_told_apart_by_their_names(tmp_path: Path) -> None:
    require("systemd-socket-activate")
    port, path = free_port(), tmp_path / "s.sock"
    texts = ("systemd:domain=UNIX:name=local", "systemd:domain=INET:name=web", "tcp:0:interface=127.0.0.1")
    with Activated([f"127.0.0.1:{port}", path], *texts, names="web:local") as daemon:
        assert say(path, "hello") == "hello"
        with open_client(f"ws://127.0.0.1:{port}/multi-echo") as client:
            assert reply(client, "hello") == "hello"
        assert daemon.terminate() == 0


@pytest.mark.parametrize("domain", ["INET", "UNIX"])
def test_behind_a_proxy_a_socket_of_systemd_is_served(tmp_path: Path, domain: str) -> None:
    require("systemd-socket-activate")
    port, path = free_port(), tmp_path / "s.sock"
    with Activated([path if domain == "UNIX" else f"127.0.0.1:{port}"], f"haproxy:systemd:domain={domain}:index=0"):
        family, address = (socket.AF_UNIX, str(path)) if domain == "UNIX" else (socket.AF_INET, ("127.0.0.1", port))
        with socket.socket(family) as client:
            client.settimeout(PATIENCE_S)
            client.connect(address)
            client.sendall(b"PROXY TCP4 192.0.2.7 192.0.2.1 56324 443\r\n" + upgrade("/info"))
            received = b""
            while b"192.0.2.7" not in received:
                received += client.recv(65536)


@pytest.fixture
def local(tmp_path: Path) -> Iterator[tuple[socket.socket, Path]]:
    """A listening local socket with a mode of its own, kept open as systemd keeps it."""
    path = tmp_path / "kept.sock"
    with socket.socket(socket.AF_UNIX) as opened:
        opened.bind(str(path))
        path.chmod(0o640)
        opened.listen(7)
        yield opened, path


EPOLL = (TWISTD, "--reactor=epoll", "--nodaemon", "--pidfile=", "--logfile=-", "echod")


@pytest.mark.parametrize("reactor", ["echod", "epoll"])
def test_the_socket_is_given_back_as_it_was(local: tuple[socket.socket, Path], reactor: str) -> None:
    opened, path = local
    command = {"command": EPOLL} if reactor == "epoll" else {}
    for _ in range(2):
        with HandedOver([opened], "systemd:domain=UNIX:index=0", **command) as daemon:
            assert say(path, "hello") == "hello"
            assert daemon.terminate() == 0
            assert "Traceback" not in daemon.text
    assert stat.S_IMODE(path.stat().st_mode) == 0o640
    with socket.socket(socket.AF_UNIX) as client:
        client.connect(str(path))
        accepted, _ = opened.accept()
        accepted.close()


def test_what_comes_while_the_daemon_ends_waits_for_the_next(local: tuple[socket.socket, Path]) -> None:
    opened, path = local
    with HandedOver([opened], "systemd:domain=UNIX:index=0") as daemon:
        daemon.terminate()
    with socket.socket(socket.AF_UNIX) as client:
        client.settimeout(PATIENCE_S)
        client.connect(str(path))
        client.sendall(b"GET /health/live HTTP/1.1\r\nHost: a\r\n\r\n")
        with HandedOver([opened], "systemd:domain=UNIX:index=0"):
            assert everything_from(client).startswith(b"HTTP/1.1 200 ")


def test_a_socket_without_a_path_has_an_at_sign() -> None:
    with socket.socket(socket.AF_UNIX) as opened:
        opened.bind("\0echod-test-abstract")
        opened.listen()
        with HandedOver([opened], "systemd:domain=UNIX:index=0") as daemon:
            assert "echod ready: @echod-test-abstract (" in daemon.text
            with socket.socket(socket.AF_UNIX) as client:
                client.settimeout(PATIENCE_S)
                client.connect("\0echod-test-abstract")
                client.sendall(b"GET /health/live HTTP/1.1\r\nHost: a\r\n\r\n")
                assert everything_from(client).startswith(b"HTTP/1.1 200 ")


def test_without_systemd_it_is_one_line() -> None:
    assert "no socket was handed over: LISTEN_FDS is not set" in refused("systemd:domain=INET:index=0")


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("systemd:domain=UNIX:index=1", r"index=1: the sockets that were handed over are 0 \(web\)"),
        ("systemd:domain=UNIX:name=wob", r"name=wob: the sockets that were handed over are 0 \(web\)"),
        ("systemd:domain=INET:index=0", "domain=INET: the socket is of domain=UNIX"),
        ("systemd:index=0", "missing a required argument: 'domain'"),
    ],
)
def test_a_socket_that_is_not_there_is_one_line(local: tuple[socket.socket, Path], text: str, why: str) -> None:
    opened, _ = local
    assert re.search(why, refused(text, argv=handing_over([opened], "web"), pass_fds=[opened.fileno()]))
