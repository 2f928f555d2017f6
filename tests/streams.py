"""What a client may send, right or wrong, in whatever segments; and what two servers make of it."""

from __future__ import annotations

import struct
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

from autobahn.twisted.websocket import WebSocketServerFactory, WebSocketServerProtocol
from hypothesis import strategies as st
from twisted.internet.testing import MemoryReactorClock

from echod.accept.interfaces import IHeadReceiver
from echod.rules.http.head import HeadReader
from echod.settings import Limits
from echod.websocket.autobahn.closing import Quiet
from echod.websocket.context import make_context
from echod.websocket.factory import EndpointFactory, protocol_options
from tests.pair import CLOSE, request, unframe
from tests.stock import Written

LIMIT = 100_000
LIMITS = Limits(max_message_bytes=LIMIT, ping_interval_s=0)
SNOWMAN = "\N{SNOWMAN}".encode()
INVALID_UTF8 = (b"\xff", b"\xc3", b"\xc0\x80", b"\xed\xa0\x80", b"\xf4\x90\x80\x80", b"\xe2\x98", b"\xf0\x9f")
SIZES = (0, 1, 2, 124, 125, 126, 127, 128, 255, 256, 4096, 65_535, 65_536, LIMIT - 1, LIMIT, LIMIT + 1)

masks = st.binary(min_size=4, max_size=4)


def encode(first: int, payload: bytes, mask: bytes, length: int | None = None) -> bytes:
    """A masked frame; `length` is what it announces, when that is not the truth."""
    size = len(payload) if length is None else length
    if size < 126:
        head = struct.pack("!BB", first, 0x80 | size)
    else:
        head = struct.pack("!BBH", first, 0xFE, size) if size < 65_536 else struct.pack("!BBQ", first, 0xFF, size)
    pad = int.from_bytes((mask * (len(payload) // 4 + 1))[: len(payload)], "big")
    return head + mask + (int.from_bytes(payload, "big") ^ pad).to_bytes(len(payload), "big")


def framed(first: st.SearchStrategy[int], payload: st.SearchStrategy[bytes]) -> st.SearchStrategy[bytes]:
    return st.builds(encode, first, payload, masks)


small = st.binary(max_size=20)
texts = st.text(max_size=40).map(str.encode)
sized = st.builds(lambda size, filler: (filler * size)[:size], st.sampled_from(SIZES), st.sampled_from([b"x", SNOWMAN]))
broken = st.builds(lambda before, bad, after: before + bad + after, texts, st.sampled_from(INVALID_UTF8), texts)
"""Text that is no UTF-8, or becomes it with what follows."""

plain_frames = (
    framed(st.just(0x81), texts) | framed(st.just(0x82), small) | framed(st.sampled_from([0x81, 0x82]), sized)
)
odd_frames = st.one_of(
    framed(st.sampled_from([0x81, 0x01, 0x80]), broken),
    framed(st.sampled_from([0x01, 0x02, 0x00, 0x80]), texts),
    framed(st.sampled_from([0x89, 0x8A]), small),
    framed(st.just(CLOSE), st.sampled_from([b"", b"\x03\xe8", b"\x0f\xa1bye", b"\x03", b"\x03\xed", b"\x03\xe8\xff"])),
    framed(st.integers(0, 255), small),
)
wrong_bytes = st.one_of(
    st.binary(min_size=1, max_size=12),
    st.sampled_from([b"\x81\xfe\x00\x05", b"\x82\xff" + struct.pack("!Q", 5), b"\x82\xff" + struct.pack("!Q", 2**63)]),
    st.sampled_from([b"\x81\x05hello", b"\x82\x00", b"\xc1\x80\0\0\0\0", b"\x89\xfe\x00\x7e"]),
    st.builds(encode, st.sampled_from([0x81, 0x82]), st.just(b""), masks, st.sampled_from([LIMIT + 1, 2**40])),
)

mostly_plain = st.lists(st.one_of(plain_frames, plain_frames, plain_frames, odd_frames), max_size=12)
streams = st.builds(
    lambda frames, wrong, after: b"".join([*frames, *wrong, *after]),
    mostly_plain,
    st.lists(wrong_bytes, max_size=1),
    st.lists(plain_frames, max_size=2),
)


@st.composite
def segmented(draw: st.DrawFn) -> list[bytes]:
    """A stream in segments: whole, cut in a few places, or byte by byte at its beginning."""
    stream = draw(streams)
    cuts = draw(
        st.just([])
        | st.lists(st.integers(0, len(stream)), max_size=8)
        | st.integers(0, min(len(stream), 300)).map(lambda stop: list(range(stop)))
    )
    places = [0, *sorted(cuts), len(stream)]
    return [stream[start:stop] for start, stop in pairwise(places) if start < stop]


@dataclass
class Outcome:
    """What a server has answered to each segment (of a Close only the code), and where it is then."""

    answers: list[Any] = field(default_factory=list)
    is_open: bool = True
    sent_code: int | None = None
    received_code: int | None = None


class StockEcho(WebSocketServerProtocol):
    """An echo as every Autobahn program has it."""

    log = Quiet()

    def onMessage(self, payload: bytes, isBinary: bool) -> None:
        if self.state == self.STATE_OPEN:
            self.sendMessage(payload, isBinary)


def stock_echo() -> tuple[Any, Callable[[], None]]:
    """Autobahn with the options of the product."""
    clock = MemoryReactorClock()
    factory = WebSocketServerFactory(reactor=clock)
    factory.setProtocolOptions(**{**protocol_options(LIMITS), "maxMessagePayloadSize": LIMIT})
    factory._batched_timer = EndpointFactory(make_context(clock, LIMITS))._batched_timer
    factory.protocol = StockEcho
    return opened(factory), lambda: clock.advance(0)


def own_echo() -> tuple[Any, Callable[[], None]]:
    """The product's plain echo."""
    clock = MemoryReactorClock()
    return opened(EndpointFactory(make_context(clock, LIMITS, compression=False))), lambda: clock.advance(0)


def opened(factory: Any) -> Any:
    """A protocol of this factory whose handshake is done."""
    protocol = factory.buildProtocol(None)
    protocol.makeConnection(Written(protocol, isServer=True))
    if IHeadReceiver.providedBy(protocol):
        protocol.receive_head(HeadReader(16_384, 100).feed(request("/echo")), b"")
    else:
        protocol.dataReceived(request("/echo"))
    protocol.transport.clear()
    return protocol


def feed(server: tuple[Any, Callable[[], None]], segments: Sequence[bytes]) -> Outcome:
    """Let a server receive these segments."""
    protocol, settle = server
    outcome = Outcome()
    for segment in segments:
        protocol.dataReceived(segment)
        settle()
        outcome.answers.append([simplify(*frame) for frame in unframe(protocol.transport.value())])
        protocol.transport.clear()
    outcome.is_open = protocol.state == protocol.STATE_OPEN
    outcome.sent_code, outcome.received_code = protocol.localCloseCode, protocol.remoteCloseCode
    return outcome


def simplify(first: int, payload: bytes) -> Any:
    """A frame; of a Close the code alone, since reasons are free text."""
    return (first, payload[:2]) if first == CLOSE else (first, payload)
