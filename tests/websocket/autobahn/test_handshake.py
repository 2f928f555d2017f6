"""Canaries: extensions, and the opening handshake of the client, tried on Autobahn alone."""

from __future__ import annotations

from typing import Any

import pytest
from twisted.python.failure import Failure

from tests.stock import new_client, new_server, open_server

OFFER = "Sec-WebSocket-Extensions: permessage-deflate"


@pytest.mark.parametrize("accept", [None, lambda _offers: None])
def test_without_compression_there_is_no_object(accept: Any) -> None:
    assert open_server(OFFER, perMessageCompressionAccept=accept)._perMessageCompress is None


def test_open_is_known_after_on_open_only() -> None:
    server = open_server()

    assert server.calls == [("open", False)]
    assert server.is_open.called


def test_a_refused_handshake_is_told_as_a_close() -> None:
    """`onClose` alone does not mean that there was a connection: `is_open` does."""
    server = new_server()
    server.dataReceived(b"GET / HTTP/1.0\r\n\r\n")
    server.connectionLost(Failure(ConnectionError()))

    assert server.calls == [("close", False, 1006)]
    assert not server.is_open.called


def test_a_client_keeps_the_answer_in_data_until_it_is_whole() -> None:
    client = new_client()
    assert not hasattr(client, "http_status_line")

    client.dataReceived(b"HTTP/1.1 404 ")
    assert client.data == b"HTTP/1.1 404 "
    client.dataReceived(b"No\r\nA: b\r\n\r\n")

    assert (client.http_status_line, client.http_headers) == ("HTTP/1.1 404 No", {"a": "b"})


@pytest.mark.parametrize("answer", [b"HTTP/1.1 101 \xff\r\n\r\n", b"\r\n\r\n"])
def test_a_client_raises_or_fails_on_an_answer_that_cannot_be(answer: bytes) -> None:
    client = new_client()
    told: list[str] = []
    client.failHandshake = told.append

    try:
        client.dataReceived(answer)
    except (ValueError, IndexError) as error:
        told.append(str(error))

    assert len(told) == 1
