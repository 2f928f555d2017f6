"""Frames as bytes (RFC 6455, 5.2 and 5.3)."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from echod.rules.frames import BINARY, CLOSE, COMPRESSED, PING, PONG, TEXT, apply_mask, encode_head

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
