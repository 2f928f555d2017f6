"""Canaries: what behaviours take for granted of Autobahn, tried on Autobahn alone."""

from __future__ import annotations

from tests.pair import PING, TEXT, masked, plain
from tests.stock import open_server


def test_without_subprotocols_none_is_in_use() -> None:
    assert open_server().websocket_protocol_in_use is None


def test_a_ping_is_answered_by_its_hook() -> None:
    server = open_server()
    server.dataReceived(masked(PING, b"a"))
    assert server.transport.value() == plain(0x8A, b"a")
    server.transport.clear()
    server.onPing = lambda *_: None
    server.dataReceived(masked(PING, b"a"))
    assert server.transport.value() == b""


def test_frames_are_read_one_by_one_and_may_wait() -> None:
    server = open_server()
    server.data = masked(TEXT, b"a") + masked(TEXT, b"b")
    while len(server.calls) < 2:
        assert server.processData()
    assert server.calls[1:] == [("message", b"a", False)]


def test_a_close_that_is_not_taken_up_leaves_the_connection_open() -> None:
    server = open_server()
    server.onCloseFrame = lambda *_: None
    server.dataReceived(masked(0x88, b"\x03\xe8"))
    assert server.transport.value() == b""
    assert server.state == server.STATE_OPEN


def test_everything_goes_out_by_one_door() -> None:
    server, sent = open_server(), []
    server.sendData = lambda data, *_: sent.append(data)
    server.sendPing(b"a")
    server.sendCloseFrame(code=1005)
    assert sent == [plain(PING, b"a"), b"\x88\x02\x03\xed"]
