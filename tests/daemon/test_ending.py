"""The end: of the daemon by a signal, and of a connection by its client."""

from __future__ import annotations

import signal
import time
from contextlib import ExitStack

import pytest

from tests.child import Daemon
from tests.daemon.clients import (
    LOOPBACK,
    close_code,
    everything_from,
    half_close,
    head_from,
    open_client,
    raw_connection,
    reply,
    upgrade,
)

PROMPT_S = 4.5
"""Below the five seconds that a client has for its Close."""
STOPPED = (0, -signal.SIGTERM)
"""A process that ends by the signal that it was sent, or as if by itself."""

HELLO = b"\x81\x85\x00\x00\x00\x00hello"


def test_sigterm_sends_every_client_off_with_1001_and_ends_promptly() -> None:
    with Daemon() as running, ExitStack() as clients:
        everyone = [
            clients.enter_context(open_client(running.uri(path)))
            for path in ("/simple-echo", "/multi-echo", "/echo", "/")
        ]
        for client in everyone:
            reply(client, "hello")
        started = time.monotonic()
        running.process.send_signal(signal.SIGTERM)
        assert [close_code(client) for client in everyone] == [1001] * 4
        assert running.wait() in STOPPED
        assert time.monotonic() - started < PROMPT_S
        assert "Traceback" not in running.text


def test_after_sigterm_the_port_is_free_at_once() -> None:
    with Daemon() as first, open_client(first.uri("/multi-echo")) as client:
        reply(client, "hello")
        first.terminate()
    with Daemon("--port", str(first.port)) as second, open_client(second.uri("/multi-echo")) as client:
        assert second.port == first.port
        assert reply(client, "hello") == "hello"


def test_the_mode_of_simple_echo_is_off_again_after_a_restart() -> None:
    with Daemon() as first, open_client(first.uri("/simple-echo")) as client:
        assert reply(client, "add") == "add...added..."
    with Daemon() as second, open_client(second.uri("/simple-echo")) as client:
        assert reply(client, "x") == "x"


def test_sigterm_does_not_wait_for_clients_that_have_not_said_what_they_want() -> None:
    with Daemon() as running, raw_connection(running.port) as silent, raw_connection(running.port) as slow:
        slow.sendall(b"GET / HTTP/1.1\r\n")
        with open_client(running.uri()) as client:
            reply(client, "all three are accepted")
        started = time.monotonic()
        assert running.terminate() in STOPPED
        assert time.monotonic() - started < PROMPT_S
        assert everything_from(silent) == b""
        assert "Traceback" not in running.text


def test_sigint_ends_it_too() -> None:
    with Daemon() as running, open_client(running.uri("/multi-echo")) as client:
        reply(client, "hello")
        running.process.send_signal(signal.SIGINT)
        assert close_code(client) == 1001
        assert running.wait() in (0, -signal.SIGINT)
        assert "Traceback" not in running.text


@pytest.mark.parametrize(
    ("close", "answer"),
    [
        (b"\x88\x80\x00\x00\x00\x00", b"\x88\x00"),
        (b"\x88\x82\x00\x00\x00\x00\x03\xe8", b"\x88\x02\x03\xe8"),
        (b"\x88\x85\x00\x00\x00\x00\x0f\xa0bye", b"\x88\x05\x0f\xa0bye"),
    ],
    ids=["no code", "1000", "4000 with a reason"],
)
def test_the_close_of_a_client_is_echoed_behind_its_replies_and_the_connection_ends(
    daemon: Daemon, close: bytes, answer: bytes
) -> None:
    with raw_connection(daemon.port) as client:
        client.sendall(upgrade("/multi-echo"))
        head_from(client)
        client.sendall(HELLO + close)
        assert everything_from(client) == b"\x81\x05hello" + answer


@pytest.mark.parametrize(
    ("violation", "code"),
    [
        (b"\x88\x82\x00\x00\x00\x00\x00\x61", b"\x03\xea"),
        (b"\x88\x81\x00\x00\x00\x00\x03", b"\x03\xea"),
        (b"\x88\x83\x00\x00\x00\x00\x03\xe8\xff", b"\x03\xef"),
    ],
    ids=["bad code", "half a code", "reason not UTF-8"],
)
def test_a_bad_close_is_answered_by_its_fault_behind_the_replies(daemon: Daemon, violation: bytes, code: bytes) -> None:
    with raw_connection(daemon.port) as client:
        client.sendall(upgrade("/multi-echo"))
        head_from(client)
        client.sendall(HELLO + violation)
        received = everything_from(client)
    assert received[:7] == b"\x81\x05hello"
    assert received[7:8] == b"\x88"
    assert received[9:11] == code


def test_a_half_closed_client_is_let_go(daemon: Daemon) -> None:
    with raw_connection(daemon.port, LOOPBACK) as client:
        client.sendall(upgrade("/multi-echo"))
        head_from(client)
        half_close(client)
        assert everything_from(client) == b""
