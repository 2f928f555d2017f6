"""Canaries: states, closes, timers and logs of Autobahn, tried on Autobahn alone.

When a test here fails after an update of Autobahn, echod/websocket/autobahn and its users are to be read again.
"""

from __future__ import annotations

from typing import Any

import pytest
from autobahn.twisted.websocket import WebSocketServerFactory
from autobahn.websocket.protocol import FrameHeader, WebSocketProtocol
from twisted.python.failure import Failure

from tests.pair import CLOSE, TEXT, masked, request
from tests.stock import Server, agree, connect, new_client, new_server, open_server, stock_factory


def accepting_server() -> Any:
    """A server protocol whose handshake is done, and which has agreed to permessage-deflate."""
    return open_server("Sec-WebSocket-Extensions: permessage-deflate", perMessageCompressionAccept=agree)


def test_options_are_copied_to_a_connection_whose_class_has_them_not() -> None:
    """If this fails, `carry` may go."""
    names = Server.CONFIG_ATTRS

    assert set(names) <= vars(new_server()).keys() | vars(Server).keys()
    assert "maxMessagePayloadSize" in names
    assert "maxMessagePayloadSize" in vars(new_server())


def test_states_are_these() -> None:
    names = {name for name in vars(WebSocketProtocol) if name.startswith("STATE_")}

    assert names == {"STATE_CLOSED", "STATE_CONNECTING", "STATE_CLOSING", "STATE_OPEN", "STATE_PROXY_CONNECTING"}
    assert len({getattr(WebSocketProtocol, name) for name in names}) == 5


def test_states_follow_one_another() -> None:
    server = new_server()
    states = [server.state]
    for data in (request("/"), b"", b"\x88\x80\0\0\0\0"):
        server.dataReceived(data)
        states.append(server.state)
        if data == b"":
            server.sendCloseFrame(code=1001)
            states[-1] = server.state

    kinds = WebSocketProtocol
    assert states == [kinds.STATE_CONNECTING, kinds.STATE_OPEN, kinds.STATE_CLOSING, kinds.STATE_CLOSED]


def test_timers_are_asked_of_the_factorys_timer() -> None:
    server = open_server(openHandshakeTimeout=3, closeHandshakeTimeout=4, autoPingInterval=5, autoPingTimeout=6)
    server._sendAutoPing()
    server.sendCloseFrame(code=1000)

    assert [delay for delay, _ in server.factory._batched_timer.asked] == [3, 5, 6, 4]


def test_a_timer_of_the_client_is_asked_of_its_factory_too() -> None:
    client = new_client(openHandshakeTimeout=3)

    assert client.factory._batched_timer.asked == [(3, "onOpenHandshakeTimeout")]


def test_the_wait_for_a_close_outlives_the_connection() -> None:
    """If this fails, `stop_close_timer` may go."""
    server = open_server()
    server.sendCloseFrame(code=1000)
    cancelled = server.factory._batched_timer.cancelled

    server.connectionLost(Failure(ConnectionError()))

    assert server.closeHandshakeTimeoutCall is not None
    assert server.factory._batched_timer.cancelled == cancelled


def test_a_frame_with_a_mask_of_ones_own_leaves_the_mask_out() -> None:
    """If this fails, the client may use Autobahn's `sendFrame`."""
    client = new_client()
    client.transport.clear()

    client.sendFrame(opcode=2, payload=b"AB", mask=b"\x01\x01\x01\x01")

    assert client.transport.value() == b"\x82\x82@C"


def test_a_bare_close_has_no_code() -> None:
    server = open_server()

    server.dataReceived(b"\x88\x80\0\0\0\0")
    server.connectionLost(Failure(ConnectionError()))

    assert (server.remoteCloseCode, server.remoteCloseReason) == (None, None)
    assert server.calls[-1] == ("close", True, None)


def test_code_and_reason_of_a_close_are_kept() -> None:
    server = open_server(echoCloseCodeReason=True)

    server.dataReceived(masked(CLOSE, b"\x03\xe8bye"))

    assert (server.remoteCloseCode, server.remoteCloseReason) == (1000, "bye")
    assert (server.localCloseCode, server.localCloseReason) == (1000, b"bye")
    assert server.transport.value() == b"\x88\x05\x03\xe8bye"


def test_a_violation_is_known_as_ours() -> None:
    server = open_server()
    assert not server.failedByMe

    server.dataReceived(b"\x81\x00")

    assert server.failedByMe
    assert server.localCloseCode == 1002
    assert isinstance(server.localCloseReason, bytes)


def test_codes_of_the_protocol_are_sent_by_the_inner_function_only() -> None:
    server = open_server()
    with pytest.raises(Exception, match="invalid close code 1001"):
        server.sendClose(1001)

    server.sendCloseFrame(code=1001, reasonUtf8=None)

    assert server.transport.value() == b"\x88\x02\x03\xe9"


def test_frames_are_told_to_the_log_hooks() -> None:
    server = new_server()
    server.logFrames = True
    server.dataReceived(request("/"))

    server.dataReceived(masked(TEXT, b"hi") + masked(0x89, b"p"))

    assert [call for call in server.calls if call[0] in ("rx", "tx")] == [
        ("rx", 1, True, 2, b"hi"),
        ("rx", 9, True, 1, b"p"),
        ("tx", 10, True, 1, b"p"),
    ]


def test_the_factory_says_whether_frames_are_logged() -> None:
    factory = stock_factory(WebSocketServerFactory)
    factory.logFrames = True

    assert connect(Server(), factory).logFrames


def test_a_frame_header_is_made_of_these() -> None:
    head = FrameHeader(1, True, 4, 5, "00")

    assert (head.opcode, head.fin, head.rsv, head.length, head.mask) == (1, True, 4, 5, "00")


def test_to_drop_lets_go_of_the_producer() -> None:
    server = open_server()
    server.registerProducer(object(), True)

    server.dropConnection(abort=False)

    assert server.transport.producer is None
    assert server.transport.disconnecting
