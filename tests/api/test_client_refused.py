"""Every way in which a client cannot open a connection, and what it is told."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from twisted.internet.defer import Deferred, fail
from twisted.internet.error import ConnectError, DNSLookupError

from echod.api.client import Plan, connect
from echod.errors import ConnectFailed, HandshakeRefused, NotWebSocket, OpenTimeout
from echod.rules.http.uri import parse_uri
from echod.settings import Limits
from echod.websocket.autobahn.state import State
from tests.pair import Journal, MemoryEndpoint, MemoryNet, Opening, RawPeer, StubEndpoint, welcome

URI = "ws://localhost:9001/echo"


@pytest.fixture
def server() -> RawPeer:
    """A server that says what the test lets it say."""
    return RawPeer()


def answered(net: MemoryNet, answer: bytes) -> Opening:
    """How a client takes this answer of a server that then hangs up."""
    server = RawPeer()
    opening = net.connect(far_end=lambda: server)
    server.send(answer)
    server.hang_up()
    return opening


def start(net: MemoryNet, far_end: Callable[[], Any]) -> Deferred[Any]:
    """The bare Deferred of an attempt."""
    return connect(MemoryEndpoint(net, far_end), net.clock, Plan(parse_uri(URI)))


def try_endpoint(net: MemoryNet, endpoint: Any, limits: Limits | None = None) -> Opening:
    """How an attempt over this endpoint goes."""
    return Opening(connect(endpoint, net.clock, Plan(parse_uri(URI), limits=limits or Limits())))


def test_a_refusal_has_status_phrase_and_headers(net: MemoryNet) -> None:
    error = answered(net, b"HTTP/1.1 401 Who Are You\r\nWWW-Authenticate: Basic\r\n\r\nbody").error

    assert isinstance(error, HandshakeRefused)
    assert (error.status, error.phrase, error.headers["www-authenticate"]) == (401, "Who Are You", "Basic")
    assert str(error) == f"{URI}: the server refused the handshake: 401 Who Are You"


@pytest.mark.parametrize(("path", "status"), [("/nowhere", 404), ("/closed", 403)])
def test_our_own_refusals_are_understood(net: MemoryNet, path: str, status: int) -> None:
    net.publish("/closed", authorize=lambda _contract: False)

    assert net.connect(path).error.status == status


def test_a_refusal_without_a_phrase_is_understood(net: MemoryNet) -> None:
    error = answered(net, b"HTTP/1.1 503\r\n\r\n").error

    assert (error.status, error.phrase, str(error)) == (503, "", f"{URI}: the server refused the handshake: 503")


@pytest.mark.parametrize(
    "answer",
    [
        b"SSH-2.0-OpenSSH_9.2\r\n\r\n",
        b"HTTP/1.1\r\n\r\n",
        b"HTTP/1.1 abc Bad\r\n\r\n",
        b"HTTP/1.1 1 Short\r\n\r\n",
        b"HTTP/2 200 OK\r\n\r\n",
        b"\r\n\r\n",
        b"HTTP/1.1 101 \xff\r\n\r\n",
        b"HTTP/1.1 101 Switching\r\nno colon\r\n\r\n",
        b"HTTP/1.1 101 Switching\r\n\r\n",
        b"HTTP/1.1 101 Switching\r\nUpgrade: h2c\r\nConnection: Upgrade\r\n\r\n",
        b"HTTP/1.1 101 Switching\r\nUpgrade: websocket\r\nConnection: close\r\n\r\n",
        b"HTTP/1.1 101 Switching\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n",
        b"HTTP/1.1 101 Switching\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: bad\r\n\r\n",
        b"\xff\xfe\r\n\r\n",
        b"no end of the head",
        b"",
    ],
)
def test_what_is_no_websocket_server_is_told(net: MemoryNet, answer: bytes) -> None:
    opening = answered(net, answer)

    assert isinstance(opening.error, NotWebSocket)
    assert str(opening.error).startswith(f"{URI}: ")


@pytest.mark.parametrize(
    ("extension", "why"),
    [
        ("x-other", "'x-other', which was not offered"),
        ("permessage-bzip2", "'permessage-bzip2', which was not offered"),
        ("permessage-deflate; nonsense", "'nonsense'"),
        ("permessage-deflate, permessage-deflate", "permessage-deflate twice"),
        ("permessage-deflate; client_max_window_bits", "'client_max_window_bits'"),
        ("permessage-deflate; server_max_window_bits=+10", "'server_max_window_bits=+10'"),
        ("permessage-deflate; client_max_window_bits=9; client_max_window_bits=9", "client_max_window_bits twice"),
    ],
)
def test_an_extension_that_was_not_offered_so_is_no_good_answer(
    net: MemoryNet, server: RawPeer, extension: str, why: str
) -> None:
    opening = net.connect(far_end=lambda: server)

    welcome(server, f"Sec-WebSocket-Extensions: {extension}")

    assert isinstance(opening.error, NotWebSocket)
    assert why in str(opening.error)
    assert server.lost


def test_an_interim_answer_before_a_refusal_is_passed_over(net: MemoryNet) -> None:
    error = answered(net, b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 403 No\r\n\r\n").error

    assert (error.status, error.phrase) == (403, "No")


def test_interim_answers_without_an_end_are_cut_off(net: MemoryNet, server: RawPeer) -> None:
    opening = net.connect(far_end=lambda: server)

    for _ in range(100):
        server.send(b"HTTP/1.1 103 Early Hints\r\n\r\n")

    assert str(opening.error) == f"{URI}: more than 16 interim answers come before the one that counts"
    assert server.lost


@pytest.mark.parametrize(
    "line", [b"SSH-2.0-OpenSSH_9.2\r\n", b"* OK IMAP4 ready\r\n", b"\xff\xfb\x01", b"\x15\x03\x01"]
)
def test_a_server_of_another_protocol_is_told_with_its_first_bytes(
    net: MemoryNet, server: RawPeer, line: bytes
) -> None:
    opening = net.connect(far_end=lambda: server)

    server.send(line)

    assert str(opening.error).startswith(f"{URI}: the answer is not HTTP/1.1")


def test_what_a_server_says_is_printable_in_every_sentence(net: MemoryNet, server: RawPeer) -> None:
    refused = answered(net, b"HTTP/1.1 400 \x1b[31mred\x85\x9b\r\nX: \x1b\r\n\r\n").error
    opening = net.connect(far_end=lambda: server, subprotocols=("a",))
    welcome(server, "Sec-WebSocket-Protocol: \x1b]0;title\x07")

    assert str(refused) == rf"{URI}: the server refused the handshake: 400 \x1b[31mred\x85\x9b"
    assert (
        str(opening.error) == rf"{URI}: the handshake is wrong: the subprotocol \x1b]0;title\x07 was not offered, but a"
    )


def test_the_beginning_of_the_body_is_kept(net: MemoryNet) -> None:
    error = answered(net, b"HTTP/1.1 400 No\r\nContent-Type: text/html\r\n\r\n<p>\xff\x1b").error

    assert error.body == b"<p>\xff\x1b"


def test_an_endless_head_is_cut_off(net: MemoryNet, server: RawPeer) -> None:
    opening = net.connect(far_end=lambda: server)

    server.send(b"HTTP/1.1 101 Switching\r\nA: " + b"a" * 16384, b"more")

    assert isinstance(opening.error, NotWebSocket)
    assert server.lost


def test_a_failed_opening_calls_no_callback(net: MemoryNet, server: RawPeer) -> None:
    journal = Journal()
    net.connect(far_end=lambda: server, **journal.callbacks)

    server.hang_up()

    assert journal.lines == []


@pytest.mark.parametrize("error", [ConnectError("nobody"), DNSLookupError("no such host"), ValueError("invalid")])
def test_no_connection_is_told(net: MemoryNet, error: Exception) -> None:
    opening = try_endpoint(net, StubEndpoint(fail(error)))

    assert isinstance(opening.error, ConnectFailed)
    assert str(opening.error).startswith(f"{URI}: cannot connect: ")
    assert opening.error.__cause__ is error


def test_a_server_that_never_answers_is_a_timeout(net: MemoryNet, server: RawPeer) -> None:
    opening = net.connect(far_end=lambda: server)
    net.wait(9.9)
    assert opening.error is None

    net.wait(0.1)

    assert isinstance(opening.error, OpenTimeout)
    assert str(opening.error) == f"{URI}: not open within 10 seconds"
    assert server.lost


def test_a_way_that_leads_nowhere_is_a_timeout(net: MemoryNet) -> None:
    cancelled: list[Any] = []
    opening = try_endpoint(net, StubEndpoint(Deferred(cancelled.append)), Limits(open_timeout_s=2))

    net.wait(2)

    assert isinstance(opening.error, OpenTimeout)
    assert len(cancelled) == 1


def test_who_is_open_in_time_has_no_timeout(net: MemoryNet) -> None:
    contract = net.connect("/echo").contract

    net.wait(10)

    assert contract.state is State.OPEN


def test_the_opening_may_be_cancelled(net: MemoryNet, server: RawPeer) -> None:
    outcome: list[Any] = []
    opening = start(net, lambda: server)
    opening.addErrback(outcome.append)

    opening.cancel()
    net.settle()

    assert len(outcome) == 1
    assert server.lost
