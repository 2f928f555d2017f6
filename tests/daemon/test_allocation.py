"""Memory that was freed is kept for the next large message."""

from __future__ import annotations

import ctypes
from collections.abc import Callable

import pytest

from echod.daemon.process import KEPT_BYTES, M_MMAP_THRESHOLD, M_TRIM_THRESHOLD, keep_freed_memory


def test_the_c_library_of_this_machine_takes_it() -> None:
    assert keep_freed_memory()


class Library:
    """A C library that may have mallopt."""

    def __init__(self, mallopt: Callable[[int, int], int] | None = None) -> None:
        if mallopt is not None:
            self.mallopt = mallopt


def test_both_thresholds_are_set(monkeypatch: pytest.MonkeyPatch) -> None:
    said: dict[int, int] = {}
    monkeypatch.setattr(ctypes, "CDLL", lambda _: Library(lambda option, size: not said.update({option: size})))
    assert keep_freed_memory()
    assert said == {M_TRIM_THRESHOLD: KEPT_BYTES, M_MMAP_THRESHOLD: KEPT_BYTES}


def test_another_c_library_is_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ctypes, "CDLL", lambda _: Library())
    assert not keep_freed_memory()
