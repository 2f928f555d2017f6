"""Deadlines under a clock whose floats round: each is met, and none is waited for by what moves no clock."""

from __future__ import annotations

import time
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from twisted.internet import reactor
from twisted.internet.task import Clock

from echod.counters import Counters
from echod.daemon.reactor import LeanReactor
from echod.flow.quotas import RateLimit
from echod.flow.stall_timeout import StallTimeout
from echod.flow.timers import DelayQueue
from echod.transport.steady import SteadyClock, make_steady, steady, wall_s
from tests.pair import TEXT, MemoryNet, masked
from tests.stub_transport import StubTransport

NOW = st.floats(0, 2e9)
SECONDS = st.floats(0.01, 20)


def refuse_what_moves_no_clock(clock: Clock) -> Clock:
    """The clock, which from now on fails who waits for so little that it would not move."""
    call_later = clock.callLater

    def check(delay: float, *call: Any) -> Any:
        assert not delay or clock.seconds() + delay > clock.seconds(), f"{delay} s move no clock"
        return call_later(delay, *call)

    clock.callLater = check  # type: ignore[method-assign]
    return clock


def at(now: float) -> Clock:
    clock = refuse_what_moves_no_clock(Clock())
    clock.rightNow = now
    return clock


def test_a_ping_is_not_waited_for_by_what_moves_no_clock(net: MemoryNet) -> None:
    refuse_what_moves_no_clock(net.clock)
    peer = net.open("/echo")
    for silence_s in (0.3, 11.1, 11.1, 0.3):
        net.wait(silence_s)
        assert peer.ask(masked(TEXT, b"x")) == b"\x81\x01x"

    for _ in range(4):
        net.wait(5)

    assert peer.take()[:1] == b"\x89"


@given(now=NOW, timeout_s=SECONDS, steps=st.lists(SECONDS, max_size=20))
def test_a_stalled_peer_is_aborted_at_its_deadline(now: float, timeout_s: float, steps: list[float]) -> None:
    clock, transport = at(now), StubTransport(None)
    StallTimeout(transport, clock, timeout_s, Counters()).start()
    for step in steps:
        clock.advance(step)

    assert transport.told == ["abort"] * (clock.seconds() >= now + timeout_s)


@given(now=NOW, count=st.integers(1, 10**9), rate=st.integers(1, 10**8))
def test_a_rate_is_waited_for_at_most_twice(now: float, count: int, rate: int) -> None:
    clock = at(now)
    limit = RateLimit(clock, rate)
    limit.spend(count)
    for _ in range(2):
        clock.rightNow += limit.wait_s()

    assert limit.wait_s() == 0


@given(now=NOW, delays=st.lists(SECONDS, min_size=1, max_size=5))
def test_a_delay_is_over_when_its_time_has_come(now: float, delays: list[float]) -> None:
    done: list[float] = []
    clock = at(now)
    queue = DelayQueue(clock, lambda: True)
    for delay in delays:
        queue.add(delay, lambda: done.append(clock.seconds()))

    clock.advance(max(delays))
    clock.advance(1e-3)

    assert len(done) == len(delays)


class TestClocksThatStep:
    """NTP, an administrator or a resumed machine may set the wall clock: nothing is timed by it."""

    def test_the_daemons_reactor_counts_by_the_monotonic_clock(self) -> None:
        assert LeanReactor.seconds is time.monotonic

    def test_what_is_measured_in_a_twisted_program_is_too(self) -> None:
        clock = steady(reactor)  # type: ignore[arg-type]

        assert isinstance(clock, SteadyClock)
        assert clock.seconds is time.monotonic
        assert clock.callLater == reactor.callLater  # type: ignore[attr-defined]

    def test_a_clock_that_does_not_step_is_taken_as_it_is(self) -> None:
        clock = Clock()
        assert steady(clock) is clock

    def test_dates_are_those_of_the_wall_clock(self) -> None:
        assert abs(wall_s(steady(reactor)) - time.time()) < 60  # type: ignore[arg-type]

    def test_a_clock_in_memory_has_one_time_for_all(self) -> None:
        assert wall_s(Clock()) == 0

    def test_a_reactor_that_has_nothing_to_do_yet_is_made_steady(self) -> None:
        clock = WallClock()
        make_steady(clock)
        assert clock.seconds is time.monotonic

    def test_one_that_has_timers_by_the_wall_clock_keeps_it(self) -> None:
        clock = WallClock()
        clock.callLater(1, print)
        make_steady(clock)
        assert clock.seconds is time.time


class WallClock(Clock):
    """As the reactors of Twisted."""

    seconds = staticmethod(time.time)  # type: ignore[assignment]
