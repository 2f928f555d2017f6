"""The canary, second part: opening handshakes and extensions of Autobahn, tried on Autobahn alone."""

from __future__ import annotations

from typing import Any

import pytest
from autobahn.websocket.compress import PerMessageDeflateOffer, PerMessageDeflateOfferAccept
from autobahn.websocket.types import ConnectionDeny
from twisted.internet.defer import Deferred
from twisted.python.failure import Failure

from tests.pair import ACCEPT, request
from tests.stock import new_client, new_server, open_server

OFFER = "Sec-WebSocket-Extensions: permessage-deflate"


def test_zlib_objects_are_made_at_the_first_message() -> None:
    server = open_server(OFFER, perMessageCompressionAccept=lambda offers: PerMessageDeflateOfferAccept(offers[0]))
    deflate = server._perMessageCompress
    assert (deflate._compressor, deflate._decompressor) == (None, None)

    deflate.start_compress_message()
    body = deflate.compress_message_data(b"Hello") + deflate.end_compress_message()

    assert body == b"\xf2\x48\xcd\xc9\xc9\x07\x00"


@pytest.mark.parametrize("accept", [None, lambda _offers: None])
def test_without_compression_there_is_no_object(accept: Any) -> None:
    assert open_server(OFFER, perMessageCompressionAccept=accept)._perMessageCompress is None


def test_a_deflate_offer_that_cannot_be_is_refused_with_the_handshake() -> None:
    """If this fails, `keep_usable_offers` may go."""
    server = new_server()

    server.dataReceived(request("/", OFFER + "; nonsense"))

    assert server.transport.value().startswith(b"HTTP/1.1 400 ")
    with pytest.raises(Exception, match="nonsense"):
        PerMessageDeflateOffer.parse({"nonsense": [True]})


def test_offers_are_pairs_of_name_and_parameters() -> None:
    server = open_server(OFFER + "; client_max_window_bits, x-other")

    assert server.websocket_extensions == [
        ("permessage-deflate", {"client_max_window_bits": [True]}),
        ("x-other", {}),
    ]


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


@pytest.mark.parametrize("refuse", [None, ConnectionDeny(401)])
def test_refusals_go_through_fail_handshake(refuse: Any) -> None:
    server = new_server()
    told: list[Any] = []
    server.failHandshake = lambda _reason, code=400, _headers=None: told.append(code)
    server.onConnect = lambda _: Deferred() if refuse is None else (_ for _ in ()).throw(refuse)

    server.dataReceived(request("/") if refuse else request("/", "Sec-WebSocket-Protocol: a, a"))

    assert told == [401 if refuse else 400]


def test_bytes_that_come_during_on_connect_are_taken_for_another_head() -> None:
    """If this fails, the guard in `PublishedProtocol.processHandshake` may go."""
    server, asked = new_server(), []
    server.onConnect = lambda _: asked.append(1) or Deferred()

    server.dataReceived(request("/"))
    server.dataReceived(request("/"))

    assert asked == [1, 1]


def test_the_request_is_known_in_on_connect() -> None:
    server, seen = new_server(), []
    server.onConnect = lambda asked: seen.append((server.http_request_uri, asked.path, asked.headers["x-one"]))

    server.dataReceived(request("/p?a=b", "X-One: 1", "x-one: 2"))

    assert seen == [("/p?a=b", "/p", "1, 2")]


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


def test_the_handshake_key_is_answered() -> None:
    server = new_server()

    server.dataReceived(request("/"))

    assert b"Sec-WebSocket-Accept: " + ACCEPT + b"\r\n" in server.transport.value()
