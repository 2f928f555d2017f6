"""What the log holds: the course of each connection with `--debug`, and never a payload without."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from websockets.exceptions import InvalidStatus

from tests.child import Daemon
from tests.daemon.clients import (
    everything_from,
    half_close,
    head_from,
    open_client,
    raw_connection,
    reply,
    reset,
    upgrade,
    wait_until,
)

SECRET = "a-secret-that-nobody-logs"
PEER = r"127\.0\.0\.1:\d+"


@pytest.fixture(scope="module")
def tracing() -> Iterator[Daemon]:
    with Daemon("--debug", "--compression", "off") as running:
        yield running


@pytest.fixture(scope="module")
def silent() -> Iterator[Daemon]:
    with Daemon() as running:
        yield running


def is_logged(daemon: Daemon, pattern: str) -> bool:
    """Whether a line with this comes."""
    return wait_until(lambda: re.search(pattern, daemon.text) is not None)


@pytest.mark.parametrize("path", ["/simple-echo", "/multi-echo", "/echo", "/"])
def test_with_debug_handshake_frames_and_close_are_logged(tracing: Daemon, path: str) -> None:
    word = f"hello-{path}"
    with open_client(tracing.uri(path)) as client:
        assert reply(client, word) == word
        client.close(4001, f"bye-{path}")
    assert is_logged(tracing, rf"{PEER} handshake '{path}' \{{.*'host': '127\.0\.0\.1:")
    assert is_logged(tracing, rf"{PEER} received opcode=1 fin=True length={len(word)} b'{word}'")
    assert is_logged(tracing, rf"{PEER} sent opcode=1 fin=True length={len(word)} b'{word}'")
    assert is_logged(tracing, rf"{PEER} closed 4001 'bye-{path}'")


def test_with_debug_a_preview_is_bounded_and_escaped(tracing: Daemon) -> None:
    with open_client(tracing.uri("/multi-echo")) as client:
        reply(client, b"\x1b[31m\n" + b"z" * 100)
    shown = re.escape(repr(b"\x1b[31m\n" + b"z" * 58))
    assert is_logged(tracing, rf"received opcode=2 fin=True length=106 {shown}…")
    assert "\x1b" not in tracing.text
    assert "z" * 59 not in tracing.text


def test_with_debug_an_abrupt_loss_is_a_close_without_a_traceback(tracing: Daemon) -> None:
    with open_client(tracing.uri("/multi-echo")) as client:
        reply(client, "hello")
        reset(client.socket)
    assert is_logged(tracing, rf"{PEER} closed 1006 ''")
    assert "Traceback" not in tracing.text


def test_debug_changes_no_behaviour(tracing: Daemon) -> None:
    with open_client(tracing.uri("/multi-echo")) as client:
        assert [reply(client, word) for word in ("add", b"x", "x")] == ["add...added...", b"x", "x...added..."]


def test_without_debug_nothing_of_a_message_is_in_the_log(silent: Daemon) -> None:
    with open_client(silent.uri("/multi-echo")) as client:
        assert reply(client, SECRET) == SECRET
        assert reply(client, SECRET.encode()) == SECRET.encode()
        client.ping(SECRET)
        client.close(4000, SECRET)
    assert_nothing_of_it(silent)


@pytest.mark.parametrize(
    "frames",
    [
        b"\x81\x99\x00\x00\x00\x00" + SECRET.encode()[:10],
        b"\x81\x19" + SECRET.encode(),
        b"\xf1\x99\x00\x00\x00\x00" + SECRET.encode(),
        b"\x81\x9a\x00\x00\x00\x00" + SECRET.encode() + b"\xff",
        b"\x88\x9a\x00\x00\x00\x00\x00" + SECRET.encode(),
    ],
    ids=["cut off", "unmasked", "reserved bits", "not UTF-8", "bad close code"],
)
def test_without_debug_nothing_of_a_violation_is_in_the_log(silent: Daemon, frames: bytes) -> None:
    with raw_connection(silent.port) as client:
        client.sendall(upgrade("/multi-echo"))
        head_from(client)
        client.sendall(frames)
        half_close(client)
        everything_from(client)
    assert_nothing_of_it(silent)


@pytest.mark.parametrize(
    "request_bytes",
    [
        upgrade("/multi-echo", f"Cookie: {SECRET}", f"Origin: {SECRET}"),
        upgrade("/multi-echo").replace(b"dGhlIHNhbXBsZSBub25jZQ==", SECRET.encode()),
        SECRET.encode() + b"\r\n\r\n",
    ],
    ids=["headers", "key", "no request"],
)
def test_without_debug_nothing_of_a_handshake_is_in_the_log(silent: Daemon, request_bytes: bytes) -> None:
    with raw_connection(silent.port) as client:
        client.sendall(request_bytes)
        assert client.recv(65536).startswith(b"HTTP/1.1 ")
        reset(client)
    assert_nothing_of_it(silent)


def assert_nothing_of_it(daemon: Daemon) -> None:
    """Once a page that was asked for later is logged, everything before it is."""
    with raw_connection(daemon.port) as client:
        client.sendall(b"GET /a-later-page HTTP/1.1\r\nHost: a\r\n\r\n")
        port = client.getsockname()[1]
        everything_from(client)
    assert is_logged(daemon, rf":{port} \"GET /a-later-page\" 404")
    assert SECRET[:8] not in daemon.text
    assert "Traceback" not in daemon.text


def test_a_page_is_one_line_with_the_clients_bytes_escaped(silent: Daemon) -> None:
    with raw_connection(silent.port) as client:
        client.sendall(b"GET /%1b[31m\"'x HTTP/1.1\r\nHost: a\r\n\r\n")
        everything_from(client)
    assert is_logged(silent, rf"{PEER} \"GET /%1b\[31m\\\"'x\" 404")


def test_a_refused_handshake_leaves_no_traceback(silent: Daemon) -> None:
    with pytest.raises(InvalidStatus):
        open_client(silent.uri("/nothing"))
    assert_nothing_of_it(silent)


def test_questions_for_its_health_are_logged_with_debug_alone(silent: Daemon, tracing: Daemon) -> None:
    for daemon in (silent, tracing):
        for path in ("/health/live", "/info"):
            with raw_connection(daemon.port) as client:
                client.sendall(f"GET {path} HTTP/1.1\r\nHost: h\r\n\r\n".encode())
                assert everything_from(client).startswith(b"HTTP/1.1 200 ")
        assert is_logged(daemon, r'"GET /info" 200')
    assert "/health/live" not in silent.text
    assert is_logged(tracing, r'"GET /health/live" 200')
