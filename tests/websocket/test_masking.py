"""Masking with the compiled code of websockets, and without it."""

from __future__ import annotations

import importlib
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from echod.rules.websocket.frames import apply_mask
from echod.websocket import masking

masks = st.binary(min_size=4, max_size=4)


@given(st.binary(max_size=300), masks)
def test_the_compiled_mask_is_the_pure_one(payload: bytes, mask: bytes) -> None:
    assert masking.APPLY_MASK(payload, mask) == apply_mask(payload, mask)


def test_the_compiled_mask_is_used_where_it_is() -> None:
    assert masking.APPLY_MASK is not apply_mask


def test_the_pure_mask_is_used_where_there_is_no_compiled_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "websockets.speedups", None)
    try:
        assert importlib.reload(masking).APPLY_MASK is apply_mask
    finally:
        monkeypatch.undo()
        importlib.reload(masking)
