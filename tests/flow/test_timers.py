"""Things to do later: in order, with room, and so many times."""

from __future__ import annotations

import pytest
from twisted.internet.task import Clock

from echod.flow.timers import ENTRY_BYTES, DelayQueue, Repeater, Timer


class Room:
    """Whether there is room."""

    is_there = True

    def __call__(self) -> bool:
        return self.is_there


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def done() -> list[str]:
    """What was done, in order."""
    return []


def test_a_queue_keeps_its_order_whatever_the_delays(clock: Clock, done: list[str]) -> None:
    queue = DelayQueue(clock, Room())
    queue.add(2, lambda: done.append("a"))
    queue.add(1, lambda: done.append("b"))
    clock.advance(1)
    assert done == []
    clock.advance(1)
    assert done == ["a", "b"]


def test_a_queue_waits_for_room(clock: Clock, done: list[str]) -> None:
    room = Room()
    room.is_there = False
    queue = DelayQueue(clock, room)
    queue.add(0, lambda: done.append("a"))
    assert done == []
    room.is_there = True
    queue.work()
    assert done == ["a"]


def test_an_action_may_add_another(clock: Clock, done: list[str]) -> None:
    queue = DelayQueue(clock, Room())
    queue.add(0, lambda: (queue.add(0, lambda: done.append("b")), done.append("a")))
    assert done == ["a", "b"]


def test_a_queue_knows_its_weight(clock: Clock) -> None:
    queue = DelayQueue(clock, Room())
    queue.add(1, lambda: None, 1000)
    assert (len(queue), queue.weight) == (1, 1000 + ENTRY_BYTES)
    clock.advance(1)
    assert (len(queue), queue.weight) == (0, 0)


def test_a_hurried_queue_waits_for_room_alone(clock: Clock, done: list[str]) -> None:
    room = Room()
    room.is_there = False
    queue = DelayQueue(clock, room)
    queue.add(9, lambda: done.append("a"))
    queue.hurry()
    queue.add(9, lambda: done.append("b"))
    assert done == []
    room.is_there = True
    queue.work()
    assert done == ["a", "b"]
    assert clock.getDelayedCalls() == []


def test_many_times_are_one_entry_and_wait_for_room_between(clock: Clock, done: list[str]) -> None:
    queue = DelayQueue(clock, lambda: len(done) % 2 == 0 or len(done) > 2)
    queue.add(1, lambda: done.append("a"), 100, times=3)
    assert (len(queue), queue.weight) == (1, 100 + ENTRY_BYTES)
    clock.advance(1)
    assert (done, len(queue)) == (["a"], 1)
    done.append("b")
    queue.work()
    assert (done, len(queue), queue.weight) == (["a", "b", "a", "a"], 0, 0)


def test_the_first_entry_keeps_its_timer(clock: Clock) -> None:
    queue = DelayQueue(clock, Room())
    queue.add(1, lambda: None)
    [call] = clock.getDelayedCalls()
    queue.add(2, lambda: None)
    assert clock.getDelayedCalls() == [call]


def test_a_stopped_queue_drops_what_waits(clock: Clock, done: list[str]) -> None:
    queue = DelayQueue(clock, Room())
    queue.add(1, lambda: done.append("a"))
    queue.stop()
    clock.advance(1)
    assert (done, queue.weight, clock.getDelayedCalls()) == ([], 0, [])


def test_a_repeat_stops_after_its_count(clock: Clock, done: list[str]) -> None:
    repeat = Repeater(clock, 1, lambda: done.append("a") is None, 2)
    repeat.start()
    clock.pump([1] * 5)
    assert done == ["a"] * 2
    assert clock.getDelayedCalls() == []


def test_what_could_not_be_done_does_not_count(clock: Clock) -> None:
    results = iter([False, True, False, True])
    repeat = Repeater(clock, 1, lambda: next(results), 2)
    repeat.start()
    clock.pump([1] * 9)
    assert list(results) == []


def test_a_repeat_without_a_count_goes_on(clock: Clock, done: list[str]) -> None:
    repeat = Repeater(clock, 1, lambda: done.append("a") is None)
    repeat.start()
    clock.pump([1] * 9)
    assert done == ["a"] * 9
    repeat.stop()
    assert clock.getDelayedCalls() == []


def test_a_timer_runs_for_the_last_that_started_it(clock: Clock, done: list[str]) -> None:
    timer = Timer(clock)
    timer.start(1, lambda: done.append("a"))
    timer.start(2, lambda: done.append("b"))
    assert timer.is_running
    clock.pump([1, 1])
    assert done == ["b"]
    assert not timer.is_running
    timer.stop()
