"""What the tests of the wire share: nets in memory, and the log."""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from twisted.logger import LogEvent, formatEvent, globalLogPublisher

from tests.pair import MemoryNet


class Log:
    """What was logged during a test."""

    def __init__(self) -> None:
        self.events: list[LogEvent] = []

    def __call__(self, event: LogEvent) -> None:
        self.events.append(event)

    def lines(self, namespace: str) -> list[str]:
        """The events of one namespace, as text."""
        return [formatEvent(event) for event in self.events if event.get("log_namespace") == namespace]

    def take_failures(self) -> list[Any]:
        """The exceptions that were logged; who takes them has expected them."""
        failures = [event for event in self.events if "log_failure" in event]
        self.events = [event for event in self.events if "log_failure" not in event]
        return [event["log_failure"].value for event in failures]


@pytest.fixture(scope="session", autouse=True)
def frozen() -> Iterator[None]:
    """Leave everything that was there before out of the collections below: 20 ms each, else."""
    gc.collect()
    gc.freeze()
    yield
    gc.unfreeze()


@pytest.fixture(autouse=True)
def endless(monkeypatch: pytest.MonkeyPatch) -> None:
    """No turn is over before its work is done, however slow the machine is; who tests the turns sets them again."""
    monkeypatch.setattr("echod.websocket.time_slices.SLICE_S", 3600.0)
    monkeypatch.setattr("echod.flow.turn_share.SHARE_S", 3600.0)
    monkeypatch.setattr("echod.flow.turn_share.NOTICED_S", 3600.0)


@pytest.fixture(autouse=True)
def log() -> Iterator[Log]:
    """The log. A failure that is in it at the end, of a forgotten Deferred for instance, fails the test."""
    log = Log()
    globalLogPublisher.addObserver(log)
    yield log
    gc.collect()
    globalLogPublisher.removeObserver(log)
    assert log.take_failures() == []


@pytest.fixture
def make_net() -> Iterator[Callable[..., MemoryNet]]:
    """Makes nets with options of the server.

    Afterwards all connections are ended. No timer may be left, and none may have come to the real reactor.
    """
    from twisted.internet import reactor

    made: list[MemoryNet] = []

    def make(**server_options: Any) -> MemoryNet:
        made.append(MemoryNet(**server_options))
        return made[-1]

    yield make
    for net in made:
        net.close()
        assert net.clock.getDelayedCalls() == []
    assert reactor.getDelayedCalls() == []


@pytest.fixture
def net(make_net: Callable[..., MemoryNet]) -> MemoryNet:
    """A server with the three echoes and default limits."""
    return make_net()
