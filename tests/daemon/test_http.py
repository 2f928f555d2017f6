"""The HTTP side of a running daemon: pages and refusals, by raw sockets and by the standard library's client."""

from __future__ import annotations

import http.client
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from tests.child import ROOT, Daemon
from tests.daemon.clients import LOOPBACK, PATIENCE_S, everything_from, head_from, raw_connection, upgrade


@contextmanager
def answer_to(daemon: Daemon, method: str, path: str) -> Iterator[http.client.HTTPResponse]:
    connection = http.client.HTTPConnection(LOOPBACK, daemon.port, timeout=PATIENCE_S)
    connection.request(method, path)
    with connection.getresponse() as answer:
        yield answer


def answer_to_bytes(daemon: Daemon, request: bytes) -> bytes:
    """Everything that comes back until the daemon closes."""
    with raw_connection(daemon.port) as client:
        client.sendall(request)
        return everything_from(client)


@pytest.mark.parametrize(
    ("path", "file"),
    [
        ("/", "index.html"),
        ("/index.html", "index.html"),
        ("/client.html", "client.html"),
        ("/client2.html", "client2.html"),
        ("/client.html?host=localhost&port=1", "client.html"),
    ],
)
def test_the_pages_are_served(daemon: Daemon, path: str, file: str) -> None:
    with answer_to(daemon, "GET", path) as answer:
        assert answer.status == 200
        assert answer.headers["Content-Type"] == "text/html; charset=utf-8"
        assert answer.headers["Connection"] == "close"
        assert answer.read() == (ROOT / "web" / file).read_bytes()


def test_head_gives_the_size_of_a_page_and_no_body(daemon: Daemon) -> None:
    received = answer_to_bytes(daemon, b"HEAD /client.html HTTP/1.1\r\nHost: a\r\n\r\n")
    size = (ROOT / "web" / "client.html").stat().st_size
    assert received.startswith(b"HTTP/1.1 200 OK\r\n")
    assert f"\r\nContent-Length: {size}\r\n".encode() in received
    assert received.endswith(b"\r\n\r\n")


@pytest.mark.parametrize("path", ["/%69nfo", "/health/%6Cive", "/client%2Ehtml", "/behaviour%73"])
def test_a_page_has_every_form_of_its_path(daemon: Daemon, path: str) -> None:
    """RFC 3986, 6.2.2.2."""
    with answer_to(daemon, "GET", path) as answer:
        assert answer.status == 200


@pytest.mark.parametrize("path", ["/%65cho", "/multi%2Decho", "/simple%2decho?delay=1ms"])
def test_an_endpoint_has_every_form_of_its_path(daemon: Daemon, path: str) -> None:
    with raw_connection(daemon.port) as client:
        client.sendall(upgrade(path))
        assert head_from(client).startswith(b"HTTP/1.1 101 ")


@pytest.mark.parametrize("path", ["/nothing", "/simple-echo/x", "/Simple-Echo", "/.git/config", "/../echod.tac"])
def test_an_unknown_path_is_404(daemon: Daemon, path: str) -> None:
    received = answer_to_bytes(daemon, f"GET {path} HTTP/1.1\r\nHost: a\r\n\r\n".encode())
    assert received.startswith(b"HTTP/1.1 404 Not Found\r\n")


@pytest.mark.parametrize("path", ["/nothing", "/simple-echo/x", "/client.html"])
def test_an_upgrade_on_an_unknown_path_is_404(daemon: Daemon, path: str) -> None:
    assert answer_to_bytes(daemon, upgrade(path)).startswith(b"HTTP/1.1 404 Not Found\r\n")


@pytest.mark.parametrize("path", ["/client.html", "/simple-echo", "/"])
@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "OPTIONS"])
def test_another_method_is_405(daemon: Daemon, method: str, path: str) -> None:
    received = answer_to_bytes(daemon, f"{method} {path} HTTP/1.1\r\nHost: a\r\n\r\n".encode())
    assert received.startswith(b"HTTP/1.1 405 Method Not Allowed\r\n")
    assert b"\r\nAllow: GET" in received


@pytest.mark.parametrize("method", ["GET", "HEAD"])
@pytest.mark.parametrize("path", ["/simple-echo", "/multi-echo", "/echo", "/multi-echo?x=1"])
def test_a_plain_request_on_the_path_of_an_endpoint_is_426(daemon: Daemon, method: str, path: str) -> None:
    with answer_to(daemon, method, path) as answer:
        assert answer.status == 426
        assert answer.headers["Upgrade"] == "websocket"


def test_another_version_of_the_protocol_is_426_with_ours(daemon: Daemon) -> None:
    request = upgrade("/multi-echo").replace(b"Version: 13", b"Version: 8")
    received = answer_to_bytes(daemon, request)
    assert received.startswith(b"HTTP/1.1 426 Upgrade Required\r\n")
    assert b"\r\nSec-WebSocket-Version: 13\r\n" in received


def test_the_answer_to_an_upgrade_says_so_once(daemon: Daemon) -> None:
    with raw_connection(daemon.port) as client:
        client.sendall(upgrade("/multi-echo", "Sec-WebSocket-Protocol: soap, wamp"))
        lines = head_from(client).split(b"\r\n")
    assert lines[0] == b"HTTP/1.1 101 Switching Protocols"
    assert [line for line in lines if line.lower().startswith(b"connection:")] == [b"Connection: Upgrade"]
    assert b"Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=" in lines
    assert b"Sec-WebSocket-Protocol: soap" in lines


@pytest.mark.parametrize(("path", "word"), [("/health/live", b"live\n"), ("/health/ready", b"ready\n")])
def test_a_running_daemon_is_live_and_ready(daemon: Daemon, path: str, word: bytes) -> None:
    with answer_to(daemon, "GET", path) as answer:
        assert (answer.status, answer.read()) == (200, word)
