"""How much is inflated at one go: what comes of it stays bounded, and ordinary traffic is not chopped up."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from echod.rules.websocket.inflation import LEAST_BYTES, MOST_BYTES, TARGET_BYTES, next_piece

MOST_RATIO = 1032
"""Of deflate."""

pieces = st.integers(min_value=0, max_value=MOST_BYTES)


@given(pieces, st.integers(min_value=0, max_value=MOST_RATIO * MOST_BYTES))
def test_a_piece_stays_between_its_bounds(piece: int, inflated: int) -> None:
    assert LEAST_BYTES <= next_piece(piece, inflated) <= MOST_BYTES


@given(st.integers(min_value=LEAST_BYTES, max_value=MOST_BYTES), st.integers(min_value=1, max_value=MOST_RATIO))
def test_at_the_same_ratio_the_next_piece_comes_to_the_target_or_is_the_least(piece: int, ratio: int) -> None:
    following = next_piece(piece, piece * ratio)

    assert following == LEAST_BYTES or following * ratio <= TARGET_BYTES


def test_what_hardly_inflates_is_taken_in_large_pieces() -> None:
    assert next_piece(LEAST_BYTES, 3 * LEAST_BYTES) == MOST_BYTES


def test_so_are_many_streams() -> None:
    assert next_piece(MOST_BYTES, 0, MOST_BYTES // 2) == LEAST_BYTES


def test_a_bomb_is_taken_in_small_ones() -> None:
    assert next_piece(MOST_BYTES, MOST_RATIO * MOST_BYTES) == LEAST_BYTES
