"""The canary, third part: what behaviours take for granted of Autobahn, tried on Autobahn alone."""

from __future__ import annotations

from typing import Any

from autobahn.twisted.websocket import WebSocketServerFactory
from autobahn.websocket.compress import PerMessageDeflateOffer, PerMessageDeflateOfferAccept

from tests.pair import PING, TEXT, masked, plain, request
from tests.stock import Server, connect, open_server, stock_factory

OFFER = "Sec-WebSocket-Extensions: permessage-deflate"


class Asked(Server):
    """A server that answers its opening handshake as `answer` says."""

    def __init__(self, answer: Any) -> None:
        super().__init__()
        self.answer = answer

    def onConnect(self, request: Any) -> Any:
        return self.answer(self)


def ask(answer: Any, *headers: str) -> bytes:
    """The answer to an opening handshake."""
    server = connect(Asked(answer), stock_factory(WebSocketServerFactory))
    server.dataReceived(request("/", *headers))
    return server.transport.value()


def test_on_connect_may_give_headers_with_several_values() -> None:
    answer = ask(lambda _: (None, {"X-A": ["1", "2"]}))
    assert b"\r\nX-A: 1\r\nX-A: 2\r\n" in answer


def test_a_subprotocol_must_have_been_offered_but_the_offer_can_be_changed() -> None:
    def choose(server: Any) -> str:
        server.websocket_protocols = ["chat"]
        return "chat"

    assert b"\r\nSec-WebSocket-Protocol: chat\r\n" in ask(choose)


def test_the_accept_value_is_made_from_the_kept_key() -> None:
    def spoil(server: Any) -> None:
        server._wskey = "AAAAAAAAAAAAAAAAAAAAAA=="

    assert b"\r\nSec-WebSocket-Accept: ICX+Yqv66kxgM0FcWaLWlFLwTAI=\r\n" in ask(spoil)


def test_a_connection_may_answer_offers_its_own_way() -> None:
    def choose(server: Any) -> None:
        server.perMessageCompressionAccept = lambda offers: PerMessageDeflateOfferAccept(offers[0])

    assert b"\r\nSec-WebSocket-Extensions: permessage-deflate\r\n" in ask(choose, OFFER)


def test_only_what_was_offered_is_announced() -> None:
    """If this fails, `accept_first` need not change the offer any more."""
    offer = PerMessageDeflateOffer()
    accept = PerMessageDeflateOfferAccept(offer, no_context_takeover=True, window_bits=9)
    assert accept.get_extension_string() == "permessage-deflate"


def test_what_was_agreed_is_known() -> None:
    server = open_server(OFFER, perMessageCompressionAccept=lambda offers: PerMessageDeflateOfferAccept(offers[0]))
    agreed = server._perMessageCompress
    assert (agreed.server_max_window_bits, agreed.client_max_window_bits) == (15, 15)
    assert server.websocket_protocol_in_use is None


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
