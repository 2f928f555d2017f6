"""Canaries: how Autobahn asks for permessage-deflate, and why its own is not used.

When one of the second half fails, Autobahn is mended there.
"""

from __future__ import annotations

from typing import Any

import pytest
from autobahn.exception import PayloadCorruptError
from autobahn.websocket.compress import PerMessageDeflateOffer

from tests.pair import masked, request
from tests.stock import agree, new_server, open_server

OFFER = "Sec-WebSocket-Extensions: permessage-deflate"
COMPRESSED_BINARY = 0xC2


class Codec:
    """Writes down what it is asked, and turns every octet into two."""

    EXTENSION_NAME = "permessage-deflate"

    def __init__(self) -> None:
        self.asked: list[Any] = []

    def start_decompress_message(self) -> None:
        self.asked.append("start")

    def decompress_message_data(self, data: bytes, max_output_len: int | None) -> bytes:
        self.asked.append((data, max_output_len))
        if data == b"bad":
            raise PayloadCorruptError("why")
        return data * 2

    def end_decompress_message(self) -> None:
        self.asked.append("end")


@pytest.fixture
def server() -> Any:
    server = open_server()
    server._perMessageCompress = Codec()
    return server


def test_a_codec_is_asked_for_each_part_of_a_compressed_message(server: Any) -> None:
    server.dataReceived(masked(0x42, b"ab") + masked(0x80, b"c")[:-1])
    server.dataReceived(masked(0x80, b"c")[-1:])

    assert server._perMessageCompress.asked == ["start", (b"ab", None), (b"c", None), "end"]
    assert server.calls[-1] == ("message", b"ababcc", True)


def test_without_a_limit_of_its_own_the_codec_is_given_none(server: Any) -> None:
    assert server.maxMessagePayloadSize == 0


def test_a_corrupt_payload_is_1007_with_its_reason(server: Any) -> None:
    server.dataReceived(masked(COMPRESSED_BINARY, b"bad"))

    answer = server.transport.value()
    assert answer[2:4] == b"\x03\xef"
    assert answer.endswith(b": why")


def test_an_uncompressed_message_is_none_of_the_codecs_business(server: Any) -> None:
    server.dataReceived(masked(0x82, b"ab"))

    assert server._perMessageCompress.asked == []


# Why Autobahn's own is not used.


def test_after_a_stream_that_has_ended_everything_is_empty() -> None:
    server = open_server(OFFER, perMessageCompressionAccept=agree)

    server.dataReceived(masked(COMPRESSED_BINARY, b"\xf3\x48\xcd\xc9\xc9\x07\x00\x00"))
    server.dataReceived(masked(COMPRESSED_BINARY, b"\xf2\x48\xcd\xc9\xc9\x07\x00"))

    assert [call[1] for call in server.calls if call[0] == "message"] == [b"Hello", b""]


def test_what_a_client_says_of_its_own_context_is_not_confirmed() -> None:
    server = new_server(perMessageCompressionAccept=agree)

    server.dataReceived(request("/", f"{OFFER}; client_no_context_takeover"))

    assert b"\r\nSec-WebSocket-Extensions: permessage-deflate\r\n" in server.transport.value()


def test_a_number_is_not_read_strictly() -> None:
    assert PerMessageDeflateOffer.parse({"server_max_window_bits": ["+10"]}).request_max_window_bits == 10


def test_a_hint_of_8_bits_is_refused() -> None:
    with pytest.raises(Exception, match="client_max_window_bits"):
        PerMessageDeflateOffer.parse({"client_max_window_bits": ["8"]})
