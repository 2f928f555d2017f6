"""How many connections the system allows, that the process uses all of them, and that a lowered limit is told."""

from __future__ import annotations

import resource
from collections.abc import Iterator

import pytest
from twisted.logger import capturedLogs, formatEvent

from echod.daemon.process import most_connections, raise_open_files
from echod.daemon.service import fit_limits
from echod.settings import Limits

SYSTEM_ALLOWS = "echod.daemon.process.resource.getrlimit"


@pytest.fixture
def _limits_as_before() -> Iterator[None]:
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    yield
    resource.setrlimit(resource.RLIMIT_NOFILE, before)


@pytest.mark.usefixtures("_limits_as_before")
def test_the_soft_limit_is_raised_to_the_hard_one() -> None:
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (512 if hard == resource.RLIM_INFINITY else min(hard, 512), hard))

    raise_open_files()

    assert resource.getrlimit(resource.RLIMIT_NOFILE) == (hard, hard)


@pytest.mark.parametrize(("hard", "most"), [(1024, 960), (65, 1), (64, 1), (10, 1)])
def test_a_reserve_is_kept_and_one_connection_is_always_allowed(
    monkeypatch: pytest.MonkeyPatch, hard: int, most: int
) -> None:
    monkeypatch.setattr(SYSTEM_ALLOWS, lambda _: (hard // 2, hard))

    assert most_connections() == most


@pytest.mark.parametrize(("wanted", "given"), [(0, 960), (5, 5), (960, 960), (961, 960)])
def test_no_more_connections_are_taken_than_the_system_allows(
    monkeypatch: pytest.MonkeyPatch, wanted: int, given: int
) -> None:
    monkeypatch.setattr(SYSTEM_ALLOWS, lambda _: (1024, 1024))

    with capturedLogs() as events:
        assert fit_limits(Limits(max_connections=wanted)) == Limits(max_connections=given)
    assert [formatEvent(event) for event in events] == (
        ["echod lowers --max-connections from 961 to 960: open files (ulimit -n) allow no more"] if wanted > 960 else []
    )


@pytest.mark.parametrize(
    ("timeout_s", "spread_s", "lines"),
    [
        (25, 12.5, []),
        (25, 13, ["echod lowers --drain-spread from 13s to 12.5s: that is half of --drain-timeout"]),
        (4, 60, ["echod lowers --drain-spread from 1m to 2s: that is half of --drain-timeout"]),
        # Nothing was asked for.
        (1, Limits().drain_spread_s, []),
    ],
)
def test_a_drain_spread_that_is_lowered_is_told(timeout_s: float, spread_s: float, lines: list[str]) -> None:
    with capturedLogs() as events:
        fit_limits(Limits(drain_timeout_s=timeout_s, drain_spread_s=spread_s))
    assert [formatEvent(event) for event in events] == lines
