"""Frames as bytes (RFC 6455, 5.2 and 5.3)."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from echod.rules.websocket.frames import (
    BINARY,
    CLOSE,
    COMPRESSED,
    FIRST_BINARY,
    MOST_TAKEN,
    PING,
    PONG,
    TEXT,
    Take,
    apply_mask,
    encode_head,
    encode_plain,
    is_utf8,
    take_masked,
    take_unmasked,
)

ChunkOf = Callable[[int, list[bytes], bytes], bytes]

masks = st.binary(min_size=4, max_size=4)


@pytest.mark.parametrize(
    ("length", "head"),
    [
        (0, b"\x81\x00"),
        (1, b"\x81\x01"),
        (125, b"\x81\x7d"),
        (126, b"\x81\x7e\x00\x7e"),
        (127, b"\x81\x7e\x00\x7f"),
        (65535, b"\x81\x7e\xff\xff"),
        (65536, b"\x81\x7f\x00\x00\x00\x00\x00\x01\x00\x00"),
        (2**32, b"\x81\x7f\x00\x00\x00\x01\x00\x00\x00\x00"),
    ],
)
def test_a_length_is_encoded_in_its_shortest_form(length: int, head: bytes) -> None:
    assert encode_head(TEXT, length) == head


@pytest.mark.parametrize(
    ("length", "head"),
    [
        (0, b"\x82\x80\x01\x02\x03\x04"),
        (125, b"\x82\xfd\x01\x02\x03\x04"),
        (126, b"\x82\xfe\x00\x7e\x01\x02\x03\x04"),
        (65536, b"\x82\xff\x00\x00\x00\x00\x00\x01\x00\x00\x01\x02\x03\x04"),
    ],
)
def test_the_mask_stands_behind_the_length(length: int, head: bytes) -> None:
    assert encode_head(BINARY, length, mask=b"\x01\x02\x03\x04") == head


@pytest.mark.parametrize(("opcode", "first"), [(TEXT, 0x81), (BINARY, 0x82), (CLOSE, 0x88), (PING, 0x89), (PONG, 0x8A)])
def test_the_opcode_is_in_the_first_byte(opcode: int, first: int) -> None:
    assert encode_head(opcode, 2) == bytes([first, 2])


def test_a_fragment_that_is_not_the_last_has_no_fin() -> None:
    assert encode_head(TEXT, 2, fin=False) == b"\x01\x02"


def test_the_first_frame_of_a_compressed_message_has_rsv1() -> None:
    assert encode_head(TEXT, 2, rsv=COMPRESSED) == b"\xc1\x02"


def test_the_example_of_the_rfc_is_masked_literally() -> None:
    assert apply_mask(b"Hello", b"\x37\xfa\x21\x3d") == b"\x7f\x9f\x4d\x51\x58"


@given(st.binary(max_size=300), masks)
def test_masking_is_the_xor_of_every_byte_with_its_byte_of_the_mask(payload: bytes, mask: bytes) -> None:
    assert apply_mask(payload, mask) == bytes(byte ^ mask[place % 4] for place, byte in enumerate(payload))


@given(st.binary(max_size=300), masks)
def test_masking_is_its_own_inverse(payload: bytes, mask: bytes) -> None:
    assert apply_mask(apply_mask(payload, mask), mask) == payload


HELLO = b"\x81\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58"
"""The masked frame of RFC 6455, 5.7."""

LIMIT = 70_000
payloads = st.lists(st.binary(max_size=300), max_size=8)
RESTS = (b"", b"\x89\x80\0\0\0\0", b"\x81", b"\x01\x80\0\0\0\0")
anything = st.binary(min_size=1, max_size=300)


def masked_chunk(opcode: int, payloads: list[bytes], mask: bytes) -> bytes:
    return b"".join(encode_head(opcode, len(each), mask=mask) + apply_mask(each, mask) for each in payloads)


def unmasked_chunk(opcode: int, payloads: list[bytes], _: bytes) -> bytes:
    return b"".join(encode_head(opcode, len(each)) + each for each in payloads)


SIDES = {"masked": (take_masked, masked_chunk), "unmasked": (take_unmasked, unmasked_chunk)}
takes, sides = st.sampled_from([take_masked, take_unmasked]), st.sampled_from(list(SIDES.values()))
each_side = pytest.mark.parametrize(("take", "chunk_of"), SIDES.values(), ids=SIDES.keys())


def test_the_example_of_the_rfc_is_taken_literally() -> None:
    assert take_masked(HELLO, LIMIT) == ([b"Hello"], len(HELLO))
    assert take_unmasked(b"\x81\x05\x48\x65\x6c\x6c\x6f", LIMIT) == ([b"Hello"], 7)


@given(side=sides, payloads=payloads, mask=masks, rest=st.sampled_from(RESTS))
def test_whole_messages_are_taken_and_the_rest_is_left(
    side: tuple[Take, ChunkOf], payloads: list[bytes], mask: bytes, rest: bytes
) -> None:
    take, chunk_of = side
    chunk = chunk_of(BINARY, payloads, mask)
    assert not chunk + rest or take(chunk + rest, LIMIT) == (payloads, len(chunk))


@given(take=takes, data=anything)
def test_any_bytes_give_messages_and_a_place_and_what_is_left_begins_with_none(take: Take, data: bytes) -> None:
    taken, stop = take(data, LIMIT)
    assert 0 <= stop <= len(data)
    assert data[0] == FIRST_BINARY or all(is_utf8(each) for each in taken)
    assert stop == len(data) or data[stop] != data[0] or take(data[stop:], LIMIT) == ([], 0)


@given(take=takes, data=anything, cut=st.integers(1, 300))
def test_what_is_taken_of_a_part_is_taken_of_the_whole_first(take: Take, data: bytes, cut: int) -> None:
    part, _ = take(data[:cut], LIMIT)
    assert take(data, LIMIT)[0][: len(part)] == part


@each_side
@pytest.mark.parametrize("length", [0, 1, 125, 126, 127, 65_535])
def test_a_message_of_a_size_is_taken_whole_or_not_at_all(take: Take, chunk_of: ChunkOf, length: int) -> None:
    chunk = chunk_of(TEXT, [b"x" * length], b"abcd")
    assert take(chunk, LIMIT) == ([b"x" * length], len(chunk))
    assert take(chunk[:-1], LIMIT) == ([], 0)


@each_side
@pytest.mark.parametrize("length", [65_536, LIMIT + 1])
def test_a_message_of_64_kib_is_left(take: Take, chunk_of: ChunkOf, length: int) -> None:
    assert take(chunk_of(BINARY, [bytes(length)], b"abcd"), LIMIT) == ([], 0)


@each_side
def test_a_message_over_the_limit_is_left(take: Take, chunk_of: ChunkOf) -> None:
    assert take(chunk_of(BINARY, [bytes(10)], b"abcd"), 10)[0] == [bytes(10)]
    assert take(chunk_of(BINARY, [bytes(11)], b"abcd"), 10) == ([], 0)


@each_side
def test_it_ends_at_the_other_type(take: Take, chunk_of: ChunkOf) -> None:
    texts, binaries = chunk_of(TEXT, [b"a", b"b"], b"abcd"), chunk_of(BINARY, [b"c"], b"abcd")
    assert take(texts + binaries, LIMIT) == ([b"a", b"b"], len(texts))


@each_side
def test_it_ends_at_text_that_is_not_utf8(take: Take, chunk_of: ChunkOf) -> None:
    good = chunk_of(TEXT, ["\N{SNOWMAN}".encode()], b"abcd")
    assert take(good + chunk_of(TEXT, [b"\xe2\x98"], b"abcd"), LIMIT)[1] == len(good)
    assert take(chunk_of(BINARY, [b"\xe2\x98"], b"abcd"), LIMIT)[0] == [b"\xe2\x98"]


@each_side
def test_a_chunk_of_tiny_messages_is_taken_a_part_at_a_time(take: Take, chunk_of: ChunkOf) -> None:
    chunk = chunk_of(BINARY, [b""] * 10_000, b"abcd")
    taken, stop = take(chunk, LIMIT)
    assert MOST_TAKEN < stop < MOST_TAKEN + 10
    assert len(taken) * (len(chunk) // 10_000) == stop


@each_side
@pytest.mark.parametrize("first", [0x01, 0x02, 0x80, 0x88, 0x89, 0x8A, 0xC1, 0x91, 0x83, 0x00])
def test_another_frame_is_left(take: Take, chunk_of: ChunkOf, first: int) -> None:
    assert take(bytes([first]) + chunk_of(TEXT, [b"x"], b"abcd")[1:], LIMIT) == ([], 0)


@pytest.mark.parametrize("head", [b"\x81\xfe\x00\x7d", b"\x81\xff\0\0\0\0\0\0\x00\x01", b"\x81\x05"])
def test_a_frame_without_mask_or_with_a_length_too_long_is_left(head: bytes) -> None:
    assert take_masked(head + bytes(200), LIMIT) == ([], 0)


@pytest.mark.parametrize("head", [b"\x81\x7e\x00\x7d", b"\x81\x7f\0\0\0\0\0\0\x00\x01", b"\x81\x85"])
def test_a_frame_of_a_server_with_mask_or_with_a_length_too_long_is_left(head: bytes) -> None:
    assert take_unmasked(head + bytes(200), LIMIT) == ([], 0)


@given(payloads=st.lists(st.binary(max_size=1100), min_size=1, max_size=5), is_binary=st.booleans())
def test_messages_are_encoded_one_after_the_other(payloads: list[bytes], is_binary: bool) -> None:
    opcode = BINARY if is_binary else TEXT
    assert b"".join(encode_plain(payloads, is_binary)) == unmasked_chunk(opcode, payloads, b"")


def test_messages_of_one_size_are_encoded_at_once() -> None:
    assert len(encode_plain([b"a", b"b", b"c"], False)) == 2


def test_a_single_payload_is_not_copied() -> None:
    payload = bytes(100_000)
    assert encode_plain([payload], True)[1] is payload


@given(st.binary(max_size=50) | st.text().map(str.encode))
def test_utf8_is_what_python_decodes(payload: bytes) -> None:
    assert is_utf8(payload) is (payload.decode(errors="ignore").encode() == payload)
