"""A large message while it comes: any segmentation gives the whole, and what is wrong is known at once."""

from __future__ import annotations

from itertools import pairwise

import pytest
from autobahn.websocket.utf8validator import Utf8Validator
from hypothesis import example, given
from hypothesis import strategies as st

from echod.rules.websocket.frames import BINARY, TEXT, apply_mask, encode_head
from echod.rules.websocket.partial_message import SMALL, PartialMessage, begin_message, gather

MASK = b"\x11\x22\x33\x44"
LIMIT = 1_000_000


def cut(data: bytes, places: list[int]) -> list[bytes]:
    """The data in pieces, cut at these places."""
    ends = [0, *sorted(place % (len(data) + 1) for place in places), len(data)]
    return [data[start:stop] for start, stop in pairwise(ends)]


places = st.lists(st.integers(0, 10_000), max_size=6)


@given(mask=st.sampled_from([MASK, b""]), payload=st.binary(max_size=200), places=places, behind=st.binary(max_size=5))
def test_any_segmentation_gives_the_whole(mask: bytes, payload: bytes, places: list[int], behind: bytes) -> None:
    incoming = PartialMessage(True, len(payload), mask)
    sent = apply_mask(payload, mask) if mask else payload
    *pieces, last = cut(sent, places)
    assert all(incoming.feed(piece) == b"" for piece in pieces)
    assert incoming.feed(last + behind) == behind
    assert (incoming.left, incoming.payload()) == (0, payload)


def length_until_refused(length: int, pieces: list[bytes]) -> int | None:
    """How many bytes it takes until this text is refused; None when it never is."""
    incoming, fed = PartialMessage(False, length, b""), 0
    for piece in pieces:
        fed += len(piece)
        try:
            incoming.feed(piece)
        except ValueError:
            return fed
    return None


@given(payload=st.binary(max_size=40) | st.text(max_size=20).map(str.encode), more=st.integers(0, 3))
@example(payload=b"a\xed\xa0\x80", more=0)
@example(payload=b"a\xed\x9f", more=1)
@example(payload=b"\xf4\x90", more=2)
@example(payload=b"\xe0\x80", more=1)
def test_text_is_refused_at_the_first_byte_that_cannot_become_utf8(payload: bytes, more: int) -> None:
    is_valid, ends_whole, place, _ = Utf8Validator().validate(payload)
    bytewise = [payload[at : at + 1] for at in range(len(payload))]
    expected = place + 1 if not is_valid else len(payload) if not ends_whole and not more else None
    assert length_until_refused(len(payload) + more, bytewise) == expected


@given(text=st.text(max_size=50), places=places)
def test_text_may_be_cut_within_a_character(text: str, places: list[int]) -> None:
    payload = text.encode()
    assert length_until_refused(len(payload), cut(payload, places)) is None


@pytest.mark.parametrize("mask", [MASK, b""], ids=["masked", "unmasked"])
@pytest.mark.parametrize("opcode", [TEXT, BINARY])
@pytest.mark.parametrize("length", [0, 1, 125, 126, 65_535, 65_536, LIMIT])
def test_a_head_begins_a_message(mask: bytes, opcode: int, length: int) -> None:
    head = encode_head(opcode, length, mask=mask)
    begun = begin_message(head + b"rest", LIMIT, is_masked=bool(mask))
    assert begun is not None
    incoming, start = begun
    assert (incoming.length, incoming.left, incoming.is_binary, start) == (length, length, opcode == BINARY, len(head))


@pytest.mark.parametrize("mask", [MASK, b""], ids=["masked", "unmasked"])
@pytest.mark.parametrize("length", [0, 126, 65_536])
def test_a_head_that_is_cut_begins_none(mask: bytes, length: int) -> None:
    head = encode_head(TEXT, length, mask=mask)
    assert all(begin_message(head[:stop], LIMIT, is_masked=bool(mask)) is None for stop in range(len(head)))


@pytest.mark.parametrize(
    "head",
    [
        b"\x01\x81",
        b"\x88\x81",
        b"\xc1\x81",
        b"\x81\x01",
        b"\x81\xfe\x00\x7d",
        b"\x81\xff\0\0\0\0\0\0\xff\xff",
        b"\x81\xff\x80\0\0\0\0\0\0\0",
        b"\x82\xff\0\0\0\0\0\x0f\x42\x41",
    ],
    ids=["fragment", "close", "compressed", "no mask", "126 for 125", "127 for 65535", "2^63", "over the limit"],
)
def test_what_is_no_plain_frame_within_the_limit_begins_none(head: bytes) -> None:
    assert begin_message(head + bytes(20), LIMIT, is_masked=True) is None


def test_a_server_sends_no_masks() -> None:
    assert begin_message(b"\x81\x81" + bytes(20), LIMIT, is_masked=False) is None


def test_small_pieces_are_gathered() -> None:
    parts: list[bytes | bytearray] = []
    for _ in range(10 * SMALL):
        gather(parts, b"x")
    assert len(parts) == 11
    gather(parts, bytes(SMALL))
    gather(parts, b"y")
    assert b"".join(parts) == b"x" * 10 * SMALL + bytes(SMALL) + b"y"
