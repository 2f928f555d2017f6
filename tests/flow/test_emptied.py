"""Who waits for a collection to be empty is told once it is, and no more than it stays so."""

from __future__ import annotations

from echod.flow.emptied import Emptied


def test_of_an_empty_collection_it_is_told_at_once() -> None:
    assert Emptied([]).wait().called


def test_it_is_told_once_the_last_is_removed() -> None:
    held = ["one", "two"]
    emptied = Emptied(held)
    waiting = emptied.wait()

    told = []
    while held:
        held.pop()
        emptied.tell()
        told.append(waiting.called)

    assert told == [False, True]


def test_what_is_told_may_add_again_and_the_others_wait_on() -> None:
    held = ["one"]
    emptied = Emptied(held)
    first, second = emptied.wait().addCallback(lambda _: held.append("two")), emptied.wait()

    held.clear()
    emptied.tell()

    assert (first.called, second.called) == (True, False)
