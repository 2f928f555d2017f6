"""What a signal does: the first ends, the second ends at once, SIGHUP reads certificates again and never ends."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator

import pytest
from twisted.logger import capturedLogs, formatEvent

from echod.daemon.signals import Signals

NUMBERS = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)


class Turning:
    """A reactor that does what it was asked to from a signal handler when it `turns`, and writes down its end."""

    def __init__(self, told: list[str]) -> None:
        self._told = told
        self._waiting: list[Callable[[], None]] = []

    def callFromThread(self, function: Callable[[], None]) -> None:
        self._waiting.append(function)

    def stop(self) -> None:
        self._told.append("stop")

    def turn(self) -> None:
        waiting, self._waiting = self._waiting, []
        for function in waiting:
            function()


@pytest.fixture(autouse=True)
def _handlers_as_before() -> Iterator[None]:
    before = {number: signal.getsignal(number) for number in NUMBERS}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


@pytest.fixture
def told() -> list[str]:
    """What the daemon was told, in order."""
    return []


@pytest.fixture
def reactor(told: list[str]) -> Turning:
    return Turning(told)


@pytest.fixture
def signals(reactor: Turning, told: list[str]) -> Signals:
    return Signals(reactor, lambda: 3, lambda: told.append("abort"), lambda: told.append("reload"))


@pytest.mark.parametrize(
    ("numbers", "expected"),
    [
        ([signal.SIGTERM], ["stop"]),
        ([signal.SIGINT], ["stop"]),
        ([signal.SIGTERM, signal.SIGTERM], ["stop", "abort"]),
        ([signal.SIGINT, signal.SIGTERM], ["stop", "abort"]),
        ([signal.SIGTERM, signal.SIGINT, signal.SIGINT], ["stop", "abort", "abort"]),
        ([signal.SIGHUP], ["reload"]),
        ([signal.SIGHUP, signal.SIGHUP, signal.SIGTERM], ["reload", "reload", "stop"]),
        ([signal.SIGTERM, signal.SIGHUP], ["stop", "reload"]),
    ],
)
def test_signals_do_this(
    signals: Signals, reactor: Turning, told: list[str], numbers: list[signal.Signals], expected: list[str]
) -> None:
    signals.install()

    for number in numbers:
        signal.raise_signal(number)
        reactor.turn()

    assert told == expected


def test_a_handler_only_wakes_the_reactor(signals: Signals, reactor: Turning, told: list[str]) -> None:
    signals.install()

    signal.raise_signal(signal.SIGTERM)
    assert told == []
    reactor.turn()

    assert told == ["stop"]


def test_handlers_are_left_alone_outside_the_main_thread(signals: Signals) -> None:
    before = [signal.getsignal(number) for number in NUMBERS]

    thread = threading.Thread(target=signals.install)
    thread.start()
    thread.join()

    assert [signal.getsignal(number) for number in NUMBERS] == before


def test_the_log_says_what_happens(signals: Signals) -> None:
    with capturedLogs() as events:
        signals.stop()
        signals.stop()

    assert [formatEvent(event) for event in events] == [
        "echod is shutting down: draining 3 connections (signal again to abort)",
        "echod is shutting down at once: aborting 3 connections",
    ]
