"""Many busy connections share the turns of the loop: nobody is forgotten, and who has little to do comes first."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from twisted.internet.task import Clock

from echod.flow.turn_share import NOTICED_S, SHARE_S, TurnShare


class Workers:
    """Each works for as long as a whole share when it is called, and writes down its name."""

    def __init__(self) -> None:
        self.clock = Clock()
        self.turn_share = TurnShare(self.clock)
        self.worked: list[str] = []

    def queue(self, names: str, *, is_short: bool = False) -> None:
        for name in names:
            self.turn_share.queue(self.worker(name), is_short=is_short)

    def worker(self, name: str, seconds: float = SHARE_S) -> Callable[[], None]:
        def work() -> None:
            self.worked.append(name)
            self.turn_share.spend(seconds)

        return work

    def turn(self) -> str:
        """Who works in the next turn of the loop; `Clock.advance` would go on with the turns behind it."""
        self.worked.clear()
        for call in self.clock.getDelayedCalls():
            turn = call.func
            call.cancel()
            turn()
        return "".join(self.worked)


@pytest.fixture(autouse=True)
def endless() -> None:
    """The turns are as they are: nobody spends real time here."""


@pytest.fixture
def workers() -> Iterator[Workers]:
    workers = Workers()
    yield workers
    while workers.clock.getDelayedCalls():
        workers.turn()


def test_a_share_is_used_up_when_it_is_spent_and_new_in_the_next_turn(workers: Workers) -> None:
    workers.turn_share.spend(SHARE_S / 2)
    assert not workers.turn_share.is_used_up
    workers.turn_share.spend(SHARE_S / 2)
    assert workers.turn_share.is_used_up

    workers.turn()

    assert not workers.turn_share.is_used_up


def test_who_has_little_to_do_is_no_reason_to_watch_the_turns(workers: Workers) -> None:
    workers.turn_share.spend(NOTICED_S)

    assert workers.clock.getDelayedCalls() == []


def test_those_who_are_queued_work_one_after_the_other(workers: Workers) -> None:
    workers.queue("abc")

    assert [workers.turn() for _ in range(4)] == ["a", "b", "c", ""]


def test_as_many_work_in_a_turn_as_there_is_time_for(workers: Workers) -> None:
    for name in "abcde":
        workers.turn_share.queue(workers.worker(name, SHARE_S / 2), is_short=False)

    assert [workers.turn() for _ in range(3)] == ["ab", "cd", "e"]


def test_who_has_little_to_do_comes_first(workers: Workers) -> None:
    workers.queue("abc")
    workers.queue("x", is_short=True)

    assert [workers.turn() for _ in range(3)] == ["xa", "b", "c"]


def test_who_has_much_to_do_has_a_turn_though_many_have_little(workers: Workers) -> None:
    workers.queue("ab")
    workers.queue("xyz", is_short=True)

    assert [workers.turn() for _ in range(3)] == ["xa", "yb", "z"]


def test_who_queues_again_has_to_wait(workers: Workers) -> None:
    again = iter("bcd")
    workers.turn_share.queue(lambda: workers.queue(next(again)), is_short=False)

    assert [workers.turn() for _ in range(3)] == ["", "b", ""]


@pytest.mark.parametrize("is_short", [False, True])
def test_who_is_gone_is_not_called(workers: Workers, is_short: bool) -> None:
    gone = workers.worker("gone")
    workers.turn_share.queue(gone, is_short=is_short)

    workers.turn_share.withdraw(gone)
    workers.turn_share.withdraw(gone)

    assert workers.turn() == ""


def test_one_may_take_another_with_it(workers: Workers) -> None:
    other = workers.worker("other")
    workers.turn_share.queue(lambda: workers.turn_share.withdraw(other), is_short=True)
    workers.turn_share.queue(other, is_short=True)

    assert workers.turn() == ""
