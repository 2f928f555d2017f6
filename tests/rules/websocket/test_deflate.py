"""permessage-deflate: the samples of RFC 7692, streams that end, windows, limits, and what is corrupt."""

from __future__ import annotations

import random
import time
import zlib
from itertools import accumulate

import pytest
from hypothesis import given
from hypothesis import strategies as st

from echod.rules.websocket.deflate import Agreement, CorruptMessage, Deflater, Inflater
from tests.deflate import (
    EMPTY_STREAM,
    HELLO,
    HELLO_ENDED,
    HELLO_IN_TWO_BLOCKS,
    HELLO_STORED,
    TAIL,
    any_pieces,
    deflated,
)

NOISE = random.Random(7692).randbytes(80_000)
ENDED = zlib.compress(b"hello", wbits=-15)
"""A whole stream, as a client sends it that does not know how to flush."""


def inflate(inflater: Inflater, *pieces: bytes) -> bytes:
    """A whole message."""
    inflater.begin()
    inflated = b"".join(map(inflater.inflate, pieces))
    inflater.finish()
    return inflated


@pytest.mark.parametrize("body", [HELLO, HELLO_ENDED, HELLO_STORED, HELLO_IN_TWO_BLOCKS])
def test_the_samples_of_the_rfc_say_hello(body: bytes) -> None:
    assert inflate(Inflater(), body) == b"Hello"
    assert inflate(Inflater(), *(body[i : i + 1] for i in range(len(body)))) == b"Hello"


def test_a_message_may_refer_to_the_one_before() -> None:
    """RFC 7692, 7.2.3.2."""
    inflater = Inflater()

    assert [inflate(inflater, body) for body in (HELLO, b"\xf2\x00\x11\x00\x00")] == [b"Hello", b"Hello"]


def test_an_empty_message_is_an_empty_block() -> None:
    """RFC 7692, 7.2.3.6."""
    inflater, deflater = Inflater(), Deflater()

    assert [deflater.deflate(b"") for _ in range(3)] == [b"\x00"] * 3
    assert [inflate(inflater, body) for body in (b"\x00", b"\x00", HELLO)] == [b"", b"", b"Hello"]


def test_a_message_without_an_octet_is_empty_and_spoils_nothing() -> None:
    inflater = Inflater()

    assert [inflate(inflater, body) for body in (HELLO, b"", HELLO, b"", b"")] == [b"Hello", b"", b"Hello", b"", b""]


# Streams that end.


@pytest.mark.parametrize("first", [HELLO_ENDED, HELLO_ENDED[:-1], ENDED, b"\x01", b"\x03", EMPTY_STREAM])
def test_after_a_stream_that_has_ended_the_next_message_is_understood(first: bytes) -> None:
    inflater = Inflater()
    inflate(inflater, first)

    assert [inflate(inflater, HELLO) for _ in range(3)] == [b"Hello"] * 3


def test_a_sender_may_end_its_stream_with_each_message() -> None:
    inflater = Inflater()

    assert [inflate(inflater, ENDED) for _ in range(5)] == [b"hello"] * 5
    assert inflater.is_idle


@pytest.mark.parametrize("size", [1, 2, 3, 1000])
def test_several_streams_are_one_message_in_whatever_pieces(size: int) -> None:
    body = ENDED + EMPTY_STREAM * 3 + HELLO_ENDED[:-1] + ENDED + HELLO
    inflater = Inflater()

    assert inflate(inflater, *(body[i : i + size] for i in range(0, len(body), size))) == b"helloHellohelloHello"
    assert inflater.ended == 6


@pytest.mark.parametrize("end", [b"\x01" + TAIL, EMPTY_STREAM])
def test_a_stream_goes_on_with_the_window_of_one_that_has_ended(end: bytes) -> None:
    compressor = zlib.compressobj(wbits=-15)
    first = compressor.compress(NOISE[:1000]) + compressor.flush(zlib.Z_SYNC_FLUSH) + end
    compressor = zlib.compressobj(wbits=-15, zdict=NOISE[:1000])
    second = (compressor.compress(NOISE[:1000]) + compressor.flush(zlib.Z_SYNC_FLUSH))[:-4]
    assert len(second) < 50

    inflater = Inflater()
    assert [inflate(inflater, first), inflate(inflater, second)] == [NOISE[:1000], NOISE[:1000]]
    assert inflate(Inflater(), first + second) == NOISE[:1000] * 2


def test_without_context_takeover_a_stream_still_goes_on_with_its_message() -> None:
    compressor = zlib.compressobj(wbits=-15, zdict=b"hello")
    second = (compressor.compress(b"hello") + compressor.flush(zlib.Z_SYNC_FLUSH))[:-4]
    inflater = Inflater(keeps_context=False)

    assert inflate(inflater, ENDED + second) == b"hellohello"

    with pytest.raises(CorruptMessage):
        inflate(inflater, second)


# Windows.


class Bits:
    """Writes a DEFLATE block of fixed codes (RFC 1951, 3.2.6) that repeats three bytes from far back."""

    def __init__(self) -> None:
        self._bits = ""

    def put(self, value: int, count: int) -> Bits:
        """Least significant bit first."""
        self._bits += f"{value:0{count}b}"[::-1] if count else ""
        return self

    def code(self, value: int, count: int) -> Bits:
        """Most significant bit first, as Huffman codes are."""
        self._bits += f"{value:0{count}b}"
        return self

    def bytes(self) -> bytes:
        padded = self._bits + "0" * (-len(self._bits) % 8)
        return bytes(int(padded[i : i + 8][::-1], 2) for i in range(0, len(padded), 8))


EXTRA = [0, 0, *(number // 2 for number in range(28))]
BASES = [1, *accumulate((1 << extra for extra in EXTRA[:-1]), initial=1)][1:]
"""Of the thirty codes for distances: bits behind each, and the least distance."""


def repeat(distance: int) -> bytes:
    """A message of three bytes from so far back."""
    code = max(number for number, base in enumerate(BASES) if base <= distance)
    block = Bits().put(0b010, 3).code(1, 7).code(code, 5).put(distance - BASES[code], EXTRA[code]).code(0, 7)
    return block.put(0, 3).bytes()


@pytest.mark.parametrize("ends", [False, True], ids=["one stream", "a stream that has ended"])
@pytest.mark.parametrize("bits", range(8, 16))
@pytest.mark.parametrize("before", [0, 1, 200, 40_000])
def test_the_whole_window_is_there(bits: int, ends: bool, before: int) -> None:
    inflater, size = Inflater(bits), 1 << bits
    inflate(inflater, deflated(NOISE[:before]))
    inflate(inflater, deflated(NOISE[before : before + size]) + (TAIL + b"\x01" if ends else b""))

    assert inflate(inflater, repeat(size)) == NOISE[before : before + 3]
    assert inflate(inflater, repeat(size)) == NOISE[before + 3 : before + 6]


@pytest.mark.parametrize("bits", range(8, 15))
def test_beyond_the_window_there_is_nothing(bits: int) -> None:
    inflater, size = Inflater(bits), 1 << bits
    inflate(inflater, deflated(NOISE[: 2 * size]))

    with pytest.raises(CorruptMessage, match="too far back"):
        inflate(inflater, repeat(size + 1))


@pytest.mark.parametrize("bits", range(8, 16))
def test_a_deflater_uses_the_window_and_keeps_to_it(bits: int) -> None:
    size = 1 << bits
    near, far = NOISE[: size // 2], NOISE[: size + 10]

    assert len(Deflater(bits).deflate(near[:100] + near[100:120] * 5)) < 150
    assert len(Deflater(bits).deflate(near * 2)) < len(near) * 1.2 + 50 or bits < 10
    assert len(Deflater(bits).deflate(far * 2)) > len(far) * 1.9


# What is kept, and for how long.


@pytest.mark.parametrize("keeps_context", [True, False])
def test_zlib_objects_are_made_late_and_dropped_where_no_context_is_kept(keeps_context: bool) -> None:
    deflater, inflater = Deflater(15, keeps_context), Inflater(15, keeps_context)
    assert deflater.is_idle
    assert inflater.is_idle

    bodies = [deflater.deflate(NOISE[:500]) for _ in range(2)]
    assert [inflate(inflater, body) for body in bodies] == [NOISE[:500]] * 2

    assert (len(bodies[1]) < 50) is keeps_context
    assert deflater.is_idle is inflater.is_idle is not keeps_context


def test_what_is_forgotten_is_free() -> None:
    deflater, inflater = Deflater(), Inflater()
    inflate(inflater, deflater.deflate(b"Hello"))

    deflater.forget()
    inflater.forget()

    assert deflater.is_idle
    assert inflater.is_idle


def test_each_end_has_its_direction() -> None:
    agreement = Agreement(server_no_context_takeover=True, server_max_window_bits=9, client_max_window_bits=10)
    server, client = agreement.deflater(True), agreement.inflater(False, 100)

    assert inflate(client, server.deflate(b"Hello")) == b"Hello"
    assert server.is_idle
    assert client.is_idle

    client_side, server_side = agreement.deflater(False), agreement.inflater(True, 100)
    assert inflate(server_side, client_side.deflate(b"Hello")) == b"Hello"
    assert not client_side.is_idle
    assert not server_side.is_idle


# Limits.


@pytest.mark.parametrize("body", [deflated(bytes(1000)), zlib.compress(bytes(500), wbits=-15) * 2])
def test_of_too_large_a_message_one_byte_more_is_given(body: bytes) -> None:
    assert inflate(Inflater(most_bytes=1000), body) == bytes(1000)
    assert inflate(Inflater(most_bytes=999), body) == bytes(1000)
    assert inflate(Inflater(most_bytes=700), body) == bytes(701)
    assert inflate(Inflater(most_bytes=700), *(body[i : i + 1] for i in range(len(body)))) == bytes(701)


def test_the_limit_is_that_of_each_message() -> None:
    inflater = Inflater(most_bytes=5)
    assert [inflate(inflater, HELLO) for _ in range(3)] == [b"Hello"] * 3


def test_a_bomb_is_not_inflated() -> None:
    assert len(Inflater(most_bytes=1000).inflate(deflated(bytes(50_000_000)))) == 1001


@pytest.mark.parametrize("stream", [EMPTY_STREAM, b"\x4b\x04\x00", b"\x01" + TAIL], ids=["empty", "one byte", "stored"])
def test_what_many_streams_cost_grows_with_their_number_and_no_faster(stream: bytes) -> None:
    def seconds(count: int) -> float:
        inflater = Inflater()
        start = time.process_time()
        inflater.inflate(stream * count)
        assert inflater.ended == count
        return time.process_time() - start

    assert min(seconds(40_000) for _ in range(3)) < 40 * min(seconds(2_000) for _ in range(3))


# What is corrupt.


@pytest.mark.parametrize(
    "body",
    [
        b"\xff" * 20,
        HELLO_ENDED + b"\xff",
        b"\x00\x05\x00\xfa\xffHel",
        HELLO[:-2],
        HELLO[:-3],
        repeat(1),
        deflated(NOISE[:1000])[:-100],
        b"\x06",
    ],
    ids=["type 3", "behind an end", "stored", "cut", "cut more", "before the beginning", "noise", "reserved type"],
)
def test_what_is_no_message_is_corrupt(body: bytes) -> None:
    with pytest.raises(CorruptMessage):
        inflate(Inflater(), body)


@given(st.binary(max_size=60))
def test_whatever_comes_is_inflated_or_corrupt(body: bytes) -> None:
    inflater = Inflater(most_bytes=1000)
    try:
        assert len(inflate(inflater, body)) <= 1001
    except CorruptMessage:
        return


@given(st.integers(1, 400), st.integers(0, 2**32))
def test_a_message_that_is_cut_short_is_no_longer_message(cut: int, seed: int) -> None:
    """Most are corrupt; what is not noticed is the beginning of what was sent."""
    payload = NOISE[:200] + b"The quick brown fox. " * 20
    body = deflated(payload)
    rest = body[: len(body) - cut % len(body)]
    try:
        found = inflate(Inflater(), *any_pieces(random.Random(seed), rest))
    except CorruptMessage:
        return
    assert payload.startswith(found[: len(payload)])


def test_who_leaves_nothing_out_is_understood() -> None:
    """Not as the RFC says, but the four octets more stand between two blocks."""
    inflater = Inflater()

    assert [inflate(inflater, HELLO + TAIL) for _ in range(2)] == [b"Hello"] * 2
    assert inflate(inflater, HELLO) == b"Hello"


def test_padding_may_be_anything() -> None:
    """RFC 1951, 3.2.4: bits up to the next octet are ignored."""
    assert HELLO[-1] == 0
    inflater = Inflater()

    assert inflate(inflater, HELLO[:-1] + b"\xe0") == b"Hello"
    assert inflate(inflater, HELLO) == b"Hello"
