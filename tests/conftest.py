"""What every test may ask for."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, settings

from tests.child import Daemon, let_children_have_defaults

settings.register_profile(
    "patient", deadline=None, suppress_health_check=[HealthCheck.too_slow], database=None, derandomize=False
)
settings.load_profile("patient")
"""A machine may be slow, and every run tries new inputs, also where Hypothesis finds itself in CI."""

let_children_have_defaults()


@pytest.fixture(scope="session")
def daemon() -> Iterator[Daemon]:
    """One running daemon for all tests that only talk to it. Its global mode is shared: leave it off."""
    with Daemon() as running:
        yield running
