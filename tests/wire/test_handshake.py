"""The opening handshake of the server: the bytes of its answers."""

from __future__ import annotations

import pytest

from tests.pair import Net, request

PATHS = ["/simple-echo", "/multi-echo", "/echo", "/"]


@pytest.mark.parametrize("path", PATHS)
def test_the_answer_is_these_bytes(net: Net, path: str) -> None:
    assert net.raw().ask(request(path)) == (
        b"HTTP/1.1 101 Switching Protocols\r\n"
        b"Server: echod\r\n"
        b"Upgrade: WebSocket\r\n"
        b"Connection: Upgrade\r\n"
        b"Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n"
        b"\r\n"
    )


def test_a_query_is_allowed(net: Net) -> None:
    assert net.raw().ask(request("/simple-echo?times=1")).startswith(b"HTTP/1.1 101 ")


@pytest.mark.parametrize(
    "lines", [["Sec-WebSocket-Protocol: b, a"], ["Sec-WebSocket-Protocol: b", "Sec-WebSocket-Protocol: a"]]
)
def test_an_echo_selects_the_first_subprotocol_offered(net: Net, lines: list[str]) -> None:
    assert net.raw().ask(request("/echo", *lines)).count(b"\r\nSec-WebSocket-Protocol: b\r\n") == 1


def test_an_empty_offer_of_subprotocols_selects_none(net: Net) -> None:
    answer = net.raw().ask(request("/echo", "Sec-WebSocket-Protocol: "))

    assert b"Sec-WebSocket-Protocol" not in answer


@pytest.mark.parametrize("origin", ["null", "NULL", "http://localhost:8080", "file://", "https://example.com"])
def test_every_origin_may_connect_where_none_is_named(net: Net, origin: str) -> None:
    assert net.raw().ask(request("/echo", f"Origin: {origin}")).startswith(b"HTTP/1.1 101 ")


def test_what_autobahn_refuses_gets_a_fixed_answer_without_the_clients_words(net: Net) -> None:
    peer = net.raw()

    answer = peer.ask(request("/echo", "Sec-WebSocket-Protocol: secret, secret"))

    assert answer == (
        b"HTTP/1.1 400 Bad Request\r\n"
        b"Server: echod\r\n"
        b"Content-Type: text/plain; charset=utf-8\r\n"
        b"Content-Length: 52\r\n"
        b"Connection: close\r\n"
        b"\r\n"
        b"400 Bad Request: the opening handshake is not valid\n"
    )
    assert peer.lost


def test_who_was_refused_never_counts_as_connected(net: Net) -> None:
    net.raw().send(request("/echo", "Sec-WebSocket-Protocol: a, a"))
    net.raw().send(request("/nowhere"))

    assert len(net.server.connections) == 0


def test_extensions_may_stand_on_several_lines(net: Net) -> None:
    # RFC 6455, 9.1: the header may be split; it is the same as one line.
    lines = ("Sec-WebSocket-Extensions: x-other", "Sec-WebSocket-Extensions: permessage-deflate")

    assert b"\r\nSec-WebSocket-Extensions: permessage-deflate\r\n" in net.raw().ask(request("/echo", *lines))
