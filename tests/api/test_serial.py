"""Turns: one step at a time, in order, whatever the steps return."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from twisted.internet.defer import Deferred, fail, succeed
from twisted.python.failure import Failure

from echod.api.serial import SerialQueue


class Recorder:
    """Turns, and what they tell."""

    def __init__(self) -> None:
        self.lines: list[Any] = []
        self.counts: list[int] = []
        self.turns = SerialQueue(self._failed, self.counts.append)

    def _failed(self, failure: Failure) -> None:
        self.lines.append(type(failure.value))

    def take(self, name: str, result: Any = None) -> None:
        """A step that writes down its name and returns this."""
        self.turns.submit(self._step, name, result)

    def _step(self, name: str, result: Any) -> Any:
        self.lines.append(name)
        return result


@pytest.fixture
def recorder() -> Recorder:
    return Recorder()


async def nothing() -> None: ...
async def awaiting(deferred: Deferred[Any]) -> None:
    await deferred


def test_a_step_runs_at_once_when_none_is_running(recorder: Recorder) -> None:
    recorder.take("a")
    recorder.take("b")

    assert recorder.lines == ["a", "b"]
    assert recorder.counts == []


@pytest.mark.parametrize("wrap", [lambda deferred: deferred, awaiting])
def test_the_next_step_waits_for_the_one_before(recorder: Recorder, wrap: Callable[[Any], Any]) -> None:
    first: Deferred[None] = Deferred()
    recorder.take("a", wrap(first))
    recorder.take("b")
    recorder.take("c")
    assert recorder.lines == ["a"]

    first.callback(None)

    assert recorder.lines == ["a", "b", "c"]
    assert recorder.counts == [1, 2, 1, 0]


@pytest.mark.parametrize("make", [lambda: succeed(None), nothing, lambda: 5, lambda: None])
def test_what_is_done_already_is_not_waited_for(recorder: Recorder, make: Callable[[], Any]) -> None:
    recorder.take("a", make())
    recorder.take("b")

    assert recorder.lines == ["a", "b"]


def test_a_deferred_that_waits_for_another_is_waited_for(recorder: Recorder) -> None:
    inner: Deferred[None] = Deferred()
    recorder.take("a", succeed(None).addCallback(lambda _: inner))
    recorder.take("b")
    assert recorder.lines == ["a"]

    inner.callback(None)

    assert recorder.lines == ["a", "b"]


def test_a_step_that_raises_is_told_and_the_next_runs(recorder: Recorder) -> None:
    recorder.turns.submit(int, "no number")
    recorder.take("b")

    assert recorder.lines == [ValueError, "b"]


def test_a_deferred_that_has_failed_is_told_and_the_next_runs(recorder: Recorder) -> None:
    recorder.take("a", fail(LookupError()))
    recorder.take("b")

    assert recorder.lines == ["a", LookupError, "b"]


def test_a_deferred_that_fails_later_is_told_and_the_next_runs(recorder: Recorder) -> None:
    first: Deferred[None] = Deferred()
    recorder.take("a", first)
    recorder.take("b")

    first.errback(LookupError())

    assert recorder.lines == ["a", LookupError, "b"]


def test_a_step_taken_within_a_step_comes_after_it(recorder: Recorder) -> None:
    def step() -> None:
        recorder.take("inner")
        recorder.lines.append("outer")

    recorder.turns.submit(step)

    assert recorder.lines == ["outer", "inner"]


def test_steps_that_wait_wait_in_turn(recorder: Recorder) -> None:
    running: list[Deferred[None]] = [Deferred(), Deferred()]
    for name, deferred in zip("ab", running, strict=True):
        recorder.take(name, deferred)
    recorder.take("c")

    running[0].callback(None)
    assert recorder.lines == ["a", "b"]
    running[1].callback(None)

    assert recorder.lines == ["a", "b", "c"]


def test_many_waiting_steps_are_no_recursion(recorder: Recorder) -> None:
    first: Deferred[None] = Deferred()
    recorder.take("first", first)
    for number in range(5000):
        recorder.take(str(number), nothing())

    first.callback(None)

    assert len(recorder.lines) == 5001


def test_what_is_for_the_idle_is_called_at_once_when_nothing_runs(recorder: Recorder) -> None:
    recorder.take("a")

    recorder.turns.when_idle(lambda: recorder.lines.append("idle"))
    recorder.take("b")

    assert recorder.lines == ["a", "idle", "b"]


def test_what_is_for_the_idle_comes_after_every_step_and_is_none_that_waits(recorder: Recorder) -> None:
    first: Deferred[None] = Deferred()
    recorder.take("a", first)
    recorder.turns.when_idle(lambda: recorder.lines.append("idle"))
    recorder.take("b")

    first.callback(None)
    recorder.take("c")

    assert recorder.lines == ["a", "b", "idle", "c"]
    assert recorder.counts == [1, 0]


def test_the_idle_do_what_they_were_asked_for_last(recorder: Recorder) -> None:
    first: Deferred[None] = Deferred()
    recorder.take("a", first)
    recorder.turns.when_idle(lambda: recorder.lines.append("one"))
    recorder.turns.when_idle(lambda: recorder.lines.append("other"))

    first.callback(None)

    assert recorder.lines == ["a", "other"]
