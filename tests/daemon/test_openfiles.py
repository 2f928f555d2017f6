"""How many connections the system allows, and that the process takes all of them."""

from __future__ import annotations

import resource
from collections.abc import Iterator

import pytest

from echod.daemon.openfiles import most_connections, raise_open_files
from echod.daemon.service import allow_connections
from echod.settings import Limits

SYSTEM_ALLOWS = "echod.daemon.openfiles.resource.getrlimit"


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

    assert allow_connections(Limits(max_connections=wanted)) == Limits(max_connections=given)
