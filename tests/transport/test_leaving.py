"""What a callback raises to end the program, beside a reactor that runs, or one that is only a clock."""

from __future__ import annotations

from typing import Any

import pytest
from twisted.internet.error import ReactorNotRunning
from twisted.internet.task import Clock

from echod.transport.leaving import error_of, leave_for


class Signals:
    """The signal handling of a reactor."""

    is_installed = True

    def uninstall(self) -> None:
        self.is_installed = False


class RunningClock(Clock):
    """As a reactor that runs, and ends its `run` in the end."""

    running = True

    def __init__(self) -> None:
        super().__init__()
        self._signals: Any = Signals()

    def stop(self) -> None:
        if not self.running:
            raise ReactorNotRunning
        self.running = False


def test_a_reactor_that_runs_is_stopped_and_raises_it_at_its_end() -> None:
    clock, error = RunningClock(), SystemExit(3)
    signals = clock._signals
    leave_for(clock, error)
    assert clock.running
    assert error_of(clock) is error

    clock.advance(0)

    assert not clock.running
    clock._signals.install()
    with pytest.raises(SystemExit) as raised:
        clock._signals.uninstall()
    assert raised.value is error
    assert not signals.is_installed


def test_one_that_stops_already_raises_it_too() -> None:
    clock = RunningClock()
    leave_for(clock, KeyboardInterrupt())
    clock.running = False

    clock.advance(0)

    assert isinstance(error_of(clock), KeyboardInterrupt)


def test_one_of_another_making_is_stopped() -> None:
    clock = RunningClock()
    clock._signals = None
    leave_for(clock, SystemExit(3))

    clock.advance(0)

    assert (clock.running, error_of(clock)) == (False, None)


def test_a_clock_raises_it_to_who_advances_it() -> None:
    clock = Clock()
    leave_for(clock, KeyboardInterrupt())
    assert error_of(clock) is None

    with pytest.raises(KeyboardInterrupt):
        clock.advance(0)


@pytest.mark.parametrize("error", [None, LookupError(), GeneratorExit()])
def test_what_is_not_meant_for_the_program_is_left_alone(error: BaseException | None) -> None:
    clock = RunningClock()
    leave_for(clock, error)
    assert (clock.getDelayedCalls(), error_of(clock)) == ([], None)
