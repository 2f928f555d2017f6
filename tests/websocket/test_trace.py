"""`debug` logs handshake, frames and close of an endpoint, bounded and escaped, and changes nothing else."""

from __future__ import annotations

from typing import Any

import pytest
from twisted.logger import LogLevel, formatEvent

from echod.api import client
from echod.websocket.autobahn.closing import Quiet
from echod.websocket.trace import preview
from tests.pair import BINARY, TEXT, MemoryNet, RawPeer, masked, request, welcome

BYE = b"\x88\x85\0\0\0\0\x03\xe8bye"
TRACE = "echod.trace"


@pytest.fixture
def echo(net: MemoryNet) -> MemoryNet:
    """A net with an echo at `/debug` that is traced, and one at `/quiet` that is not."""
    for path in ("/debug", "/quiet"):
        net.publish(path, on_message=lambda contract, data, _ext: contract.send(data), debug=path == "/debug")
    return net


def test_handshake_frames_and_close_are_logged(echo: MemoryNet, log: Any) -> None:
    echo.open("/debug?a=b").send(masked(TEXT, b"hi"), BYE)

    first, *others = log.lines(TRACE)
    assert first.startswith("192.0.2.7:50000 handshake '/debug?a=...' {'host': 'localhost:9001', ")
    assert others == [
        "192.0.2.7:50000 received opcode=1 fin=True length=2 b'hi'",
        "192.0.2.7:50000 sent opcode=1 fin=True length=2 b'hi'",
        r"192.0.2.7:50000 received opcode=8 fin=True length=5 b'\x03\xe8bye'",
        r"192.0.2.7:50000 sent opcode=8 fin=True length=5 b'\x03\xe8bye'",
        "192.0.2.7:50000 closed 1000 'bye'",
    ]


def test_fragments_and_empty_frames_are_logged_one_by_one(echo: MemoryNet, log: Any) -> None:
    echo.open("/debug").send(masked(0x01, b"a"), masked(0x80))

    assert log.lines(TRACE)[1:3] == [
        "192.0.2.7:50000 received opcode=1 fin=False length=1 b'a'",
        "192.0.2.7:50000 received opcode=0 fin=True length=0 b''",
    ]


def test_without_debug_nothing_is_logged(echo: MemoryNet, log: Any) -> None:
    echo.open("/quiet").send(masked(TEXT, b"secret"), BYE)

    assert log.lines(TRACE) == []
    assert "secret" not in str(log.events)


def test_only_a_preview_of_a_payload_is_logged(echo: MemoryNet, log: Any) -> None:
    echo.open("/debug").send(masked(BINARY, b"a" * 64 + b"b" * 1000))

    assert log.lines(TRACE)[1] == f"192.0.2.7:50000 received opcode=2 fin=True length=1064 b'{'a' * 64}'…"


@pytest.mark.parametrize(
    ("payload", "shown"),
    [
        (b"", "b''"),
        (b"x" * 64, f"b'{'x' * 64}'"),
        (b"x" * 65, f"b'{'x' * 64}'…"),
        (b"\x1b[31m\r\n", r"b'\x1b[31m\r\n'"),
        ("ä".encode(), r"b'\xc3\xa4'"),
    ],
)
def test_a_preview_is_bounded_and_printable(payload: bytes, shown: str) -> None:
    assert preview(payload) == shown


@pytest.mark.parametrize("payload", [b"\x1b[2J", b"a\nb", "\u202e".encode()])
def test_no_control_character_of_a_peer_reaches_the_log(echo: MemoryNet, log: Any, payload: bytes) -> None:
    bye = masked(0x88, b"\x03\xe8" + payload)

    echo.open("/debug", "X-One: \x80\u00ad").send(masked(TEXT, payload), bye)

    lines = "".join(log.lines(TRACE))
    assert lines
    assert lines.isprintable()


def test_what_a_format_would_expand_is_logged_as_it_is(echo: MemoryNet, log: Any) -> None:
    echo.open("/debug").send(masked(TEXT, b"{peer} {0} %s"))

    assert log.lines(TRACE)[1].endswith("b'{peer} {0} %s'")


def test_tracing_changes_no_byte_of_the_server(echo: MemoryNet) -> None:
    said = (masked(TEXT, b"hi"), masked(0x89, b"p"), masked(0x01, b"a"), masked(0x80, b"b"), BYE)
    quiet, traced = (echo.raw().ask(request(path), *said) for path in ("/quiet", "/debug"))

    assert quiet == traced


def test_the_debug_of_a_server_is_that_of_its_endpoints(make_net: Any, log: Any) -> None:
    make_net(debug=True).open("/simple-echo").send(masked(TEXT, b"hi"))

    assert "192.0.2.7:50000 sent opcode=1 fin=True length=2 b'hi'" in log.lines(TRACE)


def test_autobahns_own_log_is_silent_but_for_errors_at_debug_level(log: Any) -> None:
    quiet = Quiet()
    for level in (quiet.trace, quiet.debug, quiet.info, quiet.warn, quiet.error):
        level("{what} went wrong", what="TLS")

    [event] = log.events
    assert formatEvent(event) == "{what} went wrong {'what': 'TLS'}"
    assert event["log_level"] is LogLevel.debug


def run_client(net: MemoryNet, debug: bool) -> bytes:
    """The bytes of a client that says something, pings and closes."""
    server = RawPeer()
    opening = net.connect("/p", lambda: server, debug=debug, on_message=lambda c, data, _ext: c.send(data))
    sent = server.received
    welcome(server)
    server.send(b"\x81\x02hi", b"\x89\x01p")
    opening.contract.close(1000, "bye")
    server.send(b"\x88\x05\x03\xe8bye")
    server.hang_up()
    return sent + server.take()


def test_tracing_changes_no_byte_of_the_client(net: MemoryNet, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client.os, "urandom", bytes)

    quiet, traced = run_client(net, debug=False), run_client(net, debug=True)

    assert quiet == traced


def test_a_clients_handshake_frames_and_close_are_logged(net: MemoryNet, log: Any) -> None:
    run_client(net, debug=True)

    first, *others = log.lines(TRACE)
    assert first.startswith("192.0.2.1:9001 handshake 'ws://localhost:9001/p' {'upgrade': 'websocket', ")
    assert others == [
        "192.0.2.1:9001 received opcode=1 fin=True length=2 b'hi'",
        "192.0.2.1:9001 sent opcode=1 fin=True length=2 b'hi'",
        "192.0.2.1:9001 received opcode=9 fin=True length=1 b'p'",
        "192.0.2.1:9001 sent opcode=10 fin=True length=1 b'p'",
        r"192.0.2.1:9001 sent opcode=8 fin=True length=5 b'\x03\xe8bye'",
        r"192.0.2.1:9001 received opcode=8 fin=True length=5 b'\x03\xe8bye'",
        "192.0.2.1:9001 closed 1000 'bye'",
    ]


def test_a_client_without_debug_logs_nothing(net: MemoryNet, log: Any) -> None:
    run_client(net, debug=False)

    assert log.lines(TRACE) == []
