"""The client opens a connection: the bytes of its handshake, and every way in which that fails."""

from __future__ import annotations

import os
import re

import pytest

from echod.errors import NotWebSocket
from echod.websocket.autobahn.state import State
from tests.pair import Journal, MemoryNet, RawPeer, accept, header, welcome


@pytest.fixture
def server() -> RawPeer:
    """A server that says what the test lets it say."""
    return RawPeer()


def test_the_request_is_these_bytes(net: MemoryNet, server: RawPeer) -> None:
    net.connect("/p?a=b", lambda: server)

    key = header(server.received, "Sec-WebSocket-Key")
    assert re.fullmatch(r"[A-Za-z0-9+/]{22}==", key)
    assert server.received.replace(key.encode(), b"KEY") == (
        b"GET /p?a=b HTTP/1.1\r\n"
        b"Host: localhost:9001\r\n"
        b"Upgrade: WebSocket\r\n"
        b"Connection: Upgrade\r\n"
        b"Pragma: no-cache\r\n"
        b"Cache-Control: no-cache\r\n"
        b"User-Agent: echod\r\n"
        b"Sec-WebSocket-Key: KEY\r\n"
        b"Sec-WebSocket-Extensions: permessage-deflate; client_no_context_takeover; client_max_window_bits\r\n"
        b"Sec-WebSocket-Version: 13\r\n"
        b"\r\n"
    )


def test_keys_differ(net: MemoryNet) -> None:
    servers = [RawPeer(), RawPeer()]

    for server in servers:
        net.connect(far_end=lambda server=server: server)

    assert len({header(server.received, "Sec-WebSocket-Key") for server in servers}) == 2


@pytest.mark.parametrize("name", ["Host", "host", "HOST"])
def test_the_host_may_be_another_that_the_caller_names(net: MemoryNet, server: RawPeer, name: str) -> None:
    net.connect(far_end=lambda: server, headers={name: "virtual.example"})

    hosts = [line for line in server.received.split(b"\r\n") if line.lower().startswith(b"host:")]
    assert hosts == [f"{name}: virtual.example".encode()]


@pytest.mark.parametrize("name", ["user-agent", "USER-AGENT"])
def test_one_user_agent_is_sent(net: MemoryNet, server: RawPeer, name: str) -> None:
    net.connect(far_end=lambda: server, headers={name: "mine"})

    assert server.received.lower().count(b"user-agent:") == 1
    assert f"\r\n{name}: mine\r\n".encode() in server.received


@pytest.mark.parametrize("host", ["localhost", "192.0.2.1", "[::1]"])
def test_the_host_is_named_as_in_a_uri(net: MemoryNet, server: RawPeer, host: str) -> None:
    net.connect(far_end=lambda: server, host=host)

    assert header(server.received, "Host") == f"{host}:9001"


def test_subprotocols_origin_and_headers_are_sent(net: MemoryNet, server: RawPeer) -> None:
    net.connect(
        far_end=lambda: server,
        subprotocols=("a", "b"),
        origin="https://example.com",
        headers={"Cookie": "a=b", "User-Agent": "mine"},
    )

    assert header(server.received, "Sec-WebSocket-Protocol").replace(" ", "") == "a,b"
    assert header(server.received, "Origin") == "https://example.com"
    assert header(server.received, "Cookie") == "a=b"
    assert header(server.received, "User-Agent") == "mine"


def test_without_compression_there_is_no_offer(net: MemoryNet, server: RawPeer) -> None:
    net.connect(far_end=lambda: server, compression=False)

    assert b"Sec-WebSocket-Extensions" not in server.received


def test_it_opens_and_knows_what_it_asked_for(net: MemoryNet, server: RawPeer) -> None:
    opening = net.connect("/p?a=b", lambda: server, headers={"X-One": "1"})
    assert not hasattr(opening, "contract")

    welcome(server, "X-Two: 2", "X-Two: 3")

    contract = opening.contract
    assert (contract.state, contract.uri, contract.path) == (State.OPEN, "ws://localhost:9001/p?a=b", "/p")
    assert (contract.peer, contract.subprotocol) == ("192.0.2.1:9001", None)
    assert contract.request_headers["x-one"] == "1"
    assert contract.response_headers["x-two"].replace(" ", "") == "2,3"


def test_the_subprotocol_that_the_server_selects_is_known(net: MemoryNet) -> None:
    net.publish("/p", subprotocols=["b"])

    opening = net.connect("/p", subprotocols=("a", "b"))

    assert opening.error is None
    assert opening.contract.subprotocol == "b"


def test_a_subprotocol_that_was_not_offered_is_no_good_answer(net: MemoryNet, server: RawPeer) -> None:
    opening = net.connect(far_end=lambda: server, subprotocols=("a",))

    welcome(server, "Sec-WebSocket-Protocol: z")

    assert isinstance(opening.error, NotWebSocket)


def test_on_open_is_called_before_the_contract_is_given(net: MemoryNet) -> None:
    journal = Journal()

    opening = net.connect("/echo", **journal.callbacks)

    assert journal.lines == ["open"]
    assert opening.contract is journal.contract


def test_messages_in_the_segment_of_the_answer_are_heard(net: MemoryNet, server: RawPeer) -> None:
    journal = Journal()
    net.connect(far_end=lambda: server, **journal.callbacks)

    server.send(accept(server.take()) + b"\x81\x02hi" + b"\x82\x01\xff")

    assert journal.lines == ["open", "hi", b"\xff"]


def test_an_answer_in_single_bytes_is_understood(net: MemoryNet, server: RawPeer) -> None:
    journal = Journal()
    net.connect(far_end=lambda: server, **journal.callbacks)

    server.send(*(bytes([byte]) for byte in accept(server.take()) + b"\x81\x02hi"))

    assert journal.lines == ["open", "hi"]


@pytest.mark.parametrize(
    "line",
    [
        b"X-Date: S\xe1b 13",
        b"X-City: \xc3\x85lesund",
        b"X: \x85\xff",
        b"no colon",
        b"X: a\r\n folded",
        b"X-Esc: \x1b[31m",
    ],
)
def test_a_101_with_any_bytes_in_another_header_is_good(net: MemoryNet, server: RawPeer, line: bytes) -> None:
    journal = Journal()
    opening = net.connect(far_end=lambda: server, **journal.callbacks)

    server.send(accept(server.take()).replace(b"\r\n\r\n", b"\r\n" + line + b"\r\n\r\n") + b"\x81\x02hi")

    assert opening.error is None
    assert journal.lines == ["open", "hi"]


def test_header_values_are_latin_1(net: MemoryNet, server: RawPeer) -> None:
    opening = net.connect(far_end=lambda: server)

    welcome(server, "X-Date: S\xe1b 13")

    assert opening.contract.response_headers["x-date"] == "S\xe1b 13"


def test_a_101_of_bare_line_feeds_is_good(net: MemoryNet, server: RawPeer) -> None:
    opening = net.connect(far_end=lambda: server)

    server.send(accept(server.take()).replace(b"\r\n", b"\n"))

    assert opening.contract.state is State.OPEN


@pytest.mark.parametrize(
    "interim",
    [
        b"HTTP/1.1 100 Continue\r\n\r\n",
        b"HTTP/1.1 103 Early Hints\r\nLink: </a.css>; rel=preload\r\n\r\n",
        b"HTTP/1.1 102 Processing\r\n\r\nHTTP/1.1 100\r\n\r\n",
    ],
)
@pytest.mark.parametrize("cut", [0, 1, 20])
def test_interim_answers_before_the_101_are_passed_over(
    net: MemoryNet, server: RawPeer, interim: bytes, cut: int
) -> None:
    journal = Journal()
    net.connect(far_end=lambda: server, **journal.callbacks)

    answer = interim + accept(server.take()) + b"\x81\x02hi"
    server.send(answer[:cut], answer[cut:])

    assert journal.lines == ["open", "hi"]


def test_a_large_message_in_the_segment_of_the_answer_is_heard(net: MemoryNet, server: RawPeer) -> None:
    journal, payload = Journal(), os.urandom(60_000)
    opening = net.connect(far_end=lambda: server, **journal.callbacks)

    server.send(accept(server.take()) + b"\x82\x7e\xea\x60" + payload)

    assert opening.error is None
    assert journal.lines == ["open", payload]
