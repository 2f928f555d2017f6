"""What every test may ask for."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.child import Daemon


@pytest.fixture(scope="session")
def daemon() -> Iterator[Daemon]:
    """One running daemon for all tests that only talk to it. Its global mode is shared: leave it off."""
    with Daemon() as running:
        yield running
