"""Frames: the messages taken are those that python-websockets reads, and streams are answered as by stock Autobahn.

The first bytes decide the cuts, the others are what a client sends: frames that are made, or bytes as they are.
"""

from __future__ import annotations

from websockets.frames import Frame
from websockets.streams import StreamReader

from echod.rules.websocket.frames import FIRST_BINARY, FIRST_TEXT, is_utf8, take_masked, take_unmasked
from echod.rules.websocket.partial_message import begin_message
from tests.fuzz.choices import Choices
from tests.streams import encode, feed, own_echo, stock_echo

LIMIT = 2000
FIRSTS = (FIRST_TEXT, FIRST_BINARY, 0x01, 0x02, 0x00, 0x80, 0x88, 0x89, 0x8A, 0xC1, 0x83)


def check(data: bytes) -> None:
    choices = Choices(data)
    cuts = Choices(choices.take(8))
    stream = made(choices) if choices.below(2) else choices.rest()
    if stream:
        check_taken(stream)
        check_partial(stream, cuts)
        check_beside_stock(cuts.split(stream))


def made(choices: Choices) -> bytes:
    """Frames with masks; what they carry and announce is mostly right."""
    frames = []
    while not choices.is_over:
        first, length, announced = choices.pick(FIRSTS), choices.below(256), choices.below(256)
        payload = choices.take(length)
        frames.append(encode(first, payload, choices.take(4).ljust(4, b"\0"), announced if announced > 250 else None))
    return b"".join(frames)


def check_taken(stream: bytes) -> None:
    for take, is_masked in ((take_masked, True), (take_unmasked, False)):
        payloads, stop = take(stream, LIMIT)
        reader = StreamReader()
        reader.feed_data(stream[:stop])
        frames = [parse(reader, is_masked) for _ in payloads]
        assert [frame.data for frame in frames] == payloads
        assert all(frame.fin and frame.opcode == stream[0] & 0x0F for frame in frames)
        assert not reader.buffer
        if stream[0] == FIRST_TEXT:
            assert all(map(is_utf8, payloads))


def parse(reader: StreamReader, is_masked: bool) -> Frame:
    """The next frame as python-websockets reads it, which is whole."""
    steps = Frame.parse(reader.read_exact, mask=is_masked, max_size=LIMIT)
    try:
        next(steps)
    except StopIteration as done:
        frame: Frame = done.value
        return frame
    raise AssertionError("a message was taken that is not whole")


def check_partial(stream: bytes, cuts: Choices) -> None:
    """A message that comes in pieces is the same as the whole; text that is refused early is no UTF-8."""
    begun = begin_message(stream, LIMIT, is_masked=True)
    if begun is None:
        return
    message, start = begun
    payload = take_masked(stream[:1] + stream[1 : start + message.length], LIMIT)[0]
    try:
        rest = [message.feed(piece) if message.left else piece for piece in cuts.split(stream[start:])]
    except ValueError:
        assert not payload
        return
    if not message.left:
        assert [message.payload()] == payload
        assert b"".join(rest) == stream[start + message.length :]


def check_beside_stock(segments: list[bytes]) -> None:
    """Autobahn takes a length with its first bit set for 0, and other outcomes are the same byte for byte."""
    segments = [segment for segment in segments if segment]
    expected, found = feed(stock_echo(), segments), feed(own_echo(), segments)
    assert found.answers == expected.answers
    assert (found.is_open, found.sent_code) == (expected.is_open, expected.sent_code)
