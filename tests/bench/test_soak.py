"""What the soak calls growth: a slope, and not a plateau."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from bench.soak import COMMAND, MOST_KEPT_KIB, Samples
from bench.watched import live_memory
from tests.child import Daemon
from tests.faults.attacker import BINARY, PING, PONG, close_frame, connect, frame
from tests.faults.measure import MIB, wait_until

ROUNDS = range(100, 300, 10)


def samples(
    live: Callable[[int], float] = lambda _: 36_000,
    kept: Callable[[int], float] = lambda _: 40_000,
    files: Callable[[int], float] = lambda _: 60,
) -> Samples:
    made = Samples()
    for each in ROUNDS:
        made.add(each, live(each), kept(each), files(each))
    return made


def test_what_stays_the_same_does_not_grow() -> None:
    assert samples().growing(40_000) == []


def test_a_plateau_of_freed_memory_is_no_growth() -> None:
    assert samples(kept=lambda rounds: 40_000 + min(rounds, 150) * 100).growing(40_000) == []


def test_memory_in_use_that_comes_and_goes_is_no_growth() -> None:
    assert samples(live=lambda rounds: 36_000 + rounds // 10 % 2 * 60).growing(40_000) == []


@pytest.mark.parametrize("connections", [2, 163])
def test_a_kibibyte_of_each_connection_of_a_kind_is_growth(connections: int) -> None:
    assert samples(live=lambda rounds: 36_000 + rounds * connections).growing(40_000) == ["memory in use"]


def test_more_freed_memory_than_may_be_kept_is_growth() -> None:
    assert samples(kept=lambda _: 41_000 + MOST_KEPT_KIB).growing(40_000) == ["memory kept"]


def test_a_descriptor_in_a_hundred_rounds_is_growth() -> None:
    assert samples(files=lambda rounds: 60 + rounds / 100).growing(40_000) == ["descriptors"]


def test_an_unfinished_message_is_in_use_until_its_client_is_gone() -> None:
    with Daemon(argv=COMMAND) as watched:
        address = ("127.0.0.1", watched.port)
        before = live_memory(watched)
        with connect(address).open() as client:
            client.send(frame(BINARY, bytes(4 * MIB), fin=False), frame(PING))
            assert client.read_frame().opcode == PONG
            assert 4 * MIB < live_memory(watched) - before < 5 * MIB
            client.send(close_frame())
            client.wait_for_end()
        # Of the four; what the daemon under coverage writes down meanwhile is in use, too.
        wait_until(lambda: live_memory(watched) - before < MIB, 10, "it is freed")
