"""The handshake of echod against Autobahn's own: the same heads accepted, the same request, the same answer and state.

Heads that the gate refuses are not of interest: they reach neither. Nor is what Autobahn refuses and the RFCs allow, or
reads otherwise: a port that is empty, an Origin that is no URL, subprotocols that are empty or no tokens, the host of
an absolute target, and letters that `str.strip` takes for blanks.
"""

from __future__ import annotations

from typing import Any

from autobahn.twisted.websocket import WebSocketServerFactory
from autobahn.websocket.types import ConnectionRequest
from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.internet.testing import MemoryReactorClock

from echod.accept.admission import Admission
from echod.accept.gate import Gate
from echod.rules.http.head import Head, HeadReader
from echod.rules.http.upgrade import check_upgrade
from echod.settings import Limits
from echod.websocket.context import make_context
from echod.websocket.factory import EndpointFactory, protocol_options
from echod.websocket.protocol import Echo
from tests.pair import KEY
from tests.stock import Server, Timers, Written, agree, connect

LIMITS = Limits(ping_interval_s=0)

AS_THE_GATE = {"versions": [13], "webStatus": False, "allowedOrigins": ["*"], "allowNullOrigin": True}
"""What stock Autobahn has to be told about handshakes, which are the gate's business here."""

TARGETS = st.sampled_from(["/", "/echo", "/?a=b&a=c&d", "/a;b?c", "/%20", "//h/p", "//[x", "/:", "/@", "/?", "/]"])
HOSTS = st.sampled_from(["localhost:9001", "localhost", "[::1]:80", "[::1]", "", "h:99999999", "a.b:0"])
KEYS = st.sampled_from(
    [KEY.decode(), "AAAAAAAAAAAAAAAAAAAAAA==", "AAAAAAAAAAAAAAAAAAAAAB==", "+/+/+/+/+/+/+/+/+/+/+w=="]
)
ORIGINS = ["null", "NULL", "file:///x", "http://h", "https://h:8443"]
OFFERS = st.sampled_from(["a", "b", "c", " a"])
PARAMETERS = st.sampled_from(
    [
        "client_max_window_bits",
        'client_max_window_bits="15"',
        "client_max_window_bits=9",
        "server_max_window_bits=12",
        "server_no_context_takeover",
        "client_no_context_takeover",
    ]
)
EXTENSIONS = st.lists(PARAMETERS, max_size=3, unique_by=lambda text: text.split("=")[0]).map(
    lambda parameters: "; ".join(["permessage-deflate", *parameters])
) | st.sampled_from(["x-other", "Permessage-Deflate", "", "x; a=b", "permessage-bzip3; y"])
MORE = st.one_of(
    st.sampled_from(ORIGINS).map(lambda origin: ("Origin", origin)),
    st.lists(OFFERS, min_size=1, max_size=3).map(lambda offers: ("Sec-WebSocket-Protocol", ",".join(offers))),
    st.lists(EXTENSIONS, min_size=1, max_size=3).map(lambda offers: ("Sec-WebSocket-Extensions", ", ".join(offers))),
    st.tuples(st.sampled_from(["X-One", "x-one", "Cookie"]), st.sampled_from(["", "a", "\xe0b", "c:d", "\te\t"])),
)
RESTS = st.sampled_from([b"", b"\x81", b"\x82\xfe\x01"])


@st.composite
def heads(draw: st.DrawFn) -> bytes:
    """An opening handshake, mostly good, and at times the beginning of a frame behind it."""
    more = draw(st.lists(MORE, max_size=4))
    # Autobahn refuses a second line of offers, which means no more than a first; another test is about that.
    offers = [pair for pair in more if pair[0] == "Sec-WebSocket-Extensions"][1:]
    lines = [
        ("Host", draw(HOSTS)),
        (
            draw(st.sampled_from(["Upgrade", "upgrade", "UPGRADE"])),
            draw(st.sampled_from(["websocket", "h2c, WebSocket"])),
        ),
        ("Connection", draw(st.sampled_from(["Upgrade", "keep-alive, upgrade"]))),
        ("Sec-WebSocket-Key", draw(KEYS)),
        ("Sec-WebSocket-Version", "13"),
        *(pair for pair in more if pair not in offers),
    ]
    shuffled = draw(st.permutations(lines))
    text = "".join(f"{name}:{draw(st.sampled_from([' ', '']))}{value}\r\n" for name, value in shuffled)
    return f"GET {draw(TARGETS)} HTTP/1.1\r\n{text}\r\n".encode("latin-1") + draw(RESTS)


class Seen:
    """Keeps what `onConnect` gets, and selects as the echoes do."""

    asked: ConnectionRequest | None = None

    def onConnect(self, request: ConnectionRequest) -> str | None:
        self.asked = request
        return next(filter(None, request.protocols), None)


class Stock(Seen, Server): ...


class Ours(Seen, Echo): ...


def meet_stock(raw: bytes) -> Any:
    """Autobahn's protocol, which has read these bytes."""
    factory = WebSocketServerFactory(server="echod", reactor=object())
    factory.setProtocolOptions(**protocol_options(LIMITS), **AS_THE_GATE, perMessageCompressionAccept=agree)
    factory._batched_timer = Timers()
    protocol = connect(Stock(), factory)
    protocol.dataReceived(raw)
    return protocol


def meet_ours(raw: bytes) -> Any:
    """The protocol behind a gate that has read these bytes."""
    factory = EndpointFactory(make_context(MemoryReactorClock(), LIMITS))
    factory.protocol = Ours
    gate: Any = Gate(lambda _: factory, LIMITS, MemoryReactorClock(), Admission())
    gate.makeConnection(Written(gate, isServer=True))
    gate.dataReceived(raw)
    return gate._inner


def passes_the_gate(raw: bytes) -> bool:
    head = HeadReader(LIMITS.max_header_bytes, LIMITS.max_header_count).feed(raw)
    return isinstance(head, Head) and check_upgrade(head) is None


def status(protocol: Any) -> bytes:
    answer: bytes = protocol.transport.value()
    return answer[:13]


PLAIN = (bool, int, str, bytes, type(None))
LEFT = {
    *("peer", "http_status_line", "http_headers", "http_request_data", "http_response_data", "_wskey"),
    *("http_request_uri", "http_request_host", "http_request_params", "http_request_path"),
    *("websocket_extensions", "websocket_extensions_in_use", "websocket_origin", "websocket_protocols"),
}
"""What the handshake leaves behind on Autobahn's protocol, and not on ours: `onConnect` gets it in its request."""


def state(protocol: Any, names: set[str]) -> dict[str, Any]:
    return {name: getattr(protocol, name) for name in names}


@settings(max_examples=300)
@given(heads())
def test_the_handshake_goes_as_with_autobahn(raw: bytes) -> None:
    if not passes_the_gate(raw):
        return
    stock, ours = meet_stock(raw), meet_ours(raw)

    assert status(ours) == status(stock)
    if status(ours) == b"HTTP/1.1 101 ":
        check_request(stock, ours)
        check_state(stock, ours)


def check_request(stock: Any, ours: Any) -> None:
    """The same is asked of `onConnect`, and the same is answered."""
    assert [getattr(ours.asked, name) for name in ConnectionRequest.__slots__] == [
        getattr(stock.asked, name) for name in ConnectionRequest.__slots__
    ]
    # Autobahn does not know whether a client says that it goes without its context, and so cannot confirm it.
    assert ours.transport.value().replace(b"; client_no_context_takeover", b"") == stock.transport.value()


def check_state(stock: Any, ours: Any) -> None:
    """The same options, flags, numbers and beginning of a frame."""
    own = LEFT | AS_THE_GATE.keys()
    names = {name for name, value in vars(stock).items() if isinstance(value, PLAIN)} - own
    assert state(ours, names) == state(stock, names)
    assert ours.is_open.called
    assert not ours.is_closed.called
    assert in_force(ours) == in_force(stock)


def in_force(protocol: Any) -> tuple[Any, ...] | None:
    """What was agreed of permessage-deflate, but for what Autobahn cannot confirm."""
    codec = protocol._perMessageCompress
    agreed = getattr(codec, "agreement", codec)
    names = "server_no_context_takeover", "server_max_window_bits", "client_max_window_bits"
    return agreed and tuple(getattr(agreed, name) for name in names)
