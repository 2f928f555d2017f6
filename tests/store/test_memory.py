"""The mode that connections share, in memory."""

from __future__ import annotations

from echod.rules.echo import Mode
from echod.store import ModeStore
from echod.store.memory import MemoryModeStore


def switch_on(store: ModeStore) -> None:
    """What a connection does with the store that it was given."""
    store.mode = Mode.ADD


def test_the_mode_is_off_at_the_start() -> None:
    assert MemoryModeStore().mode is Mode.OFF


def test_all_who_hold_a_store_see_the_same_mode() -> None:
    store = MemoryModeStore()
    switch_on(store)
    assert store.mode is Mode.ADD


def test_another_store_has_a_mode_of_its_own() -> None:
    switch_on(MemoryModeStore())
    assert MemoryModeStore().mode is Mode.OFF
