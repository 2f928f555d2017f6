"""A message in frames of a chosen size."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from echod.rules.websocket.frames import fragments


def test_the_last_has_fin_and_the_others_continue() -> None:
    assert list(fragments(1, b"hello", 2)) == [b"\x01\x02he", b"\x00\x02ll", b"\x80\x01o"]


def test_an_empty_message_is_one_frame() -> None:
    assert list(fragments(2, b"", 5)) == [b"\x82\x00"]


def test_a_reserved_bit_stands_on_the_first() -> None:
    assert list(fragments(1, b"ab", 1, rsv=4)) == [b"\x41\x01a", b"\x80\x01b"]


@given(st.binary(max_size=100), st.integers(1, 120))
def test_together_they_are_the_message(body: bytes, size: int) -> None:
    frames = list(fragments(2, body, size))
    assert b"".join(frame[2:] for frame in frames) == body
    assert [frame[0] & 0x80 for frame in frames] == [0] * (len(frames) - 1) + [0x80]
    assert all(frame[1] == len(frame) - 2 <= size for frame in frames)
