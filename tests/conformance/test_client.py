"""The client, `open_websocket`, against the cases of the Autobahn TestSuite."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.conformance import suite


def test_the_client_passes_every_case_without_compression(tmp_path: Path, announce: suite.Announce) -> None:
    run = suite.fuzz_client("echod-client", tmp_path, suite.PLAIN_GROUPS, suite.PLAIN_LIMIT_S)
    announce(run)
    assert run.groups == suite.PLAIN_GROUPS
    assert not run.faults, suite.describe(run.faults)


@pytest.mark.full
def test_the_client_passes_every_case(tmp_path: Path, announce: suite.Announce) -> None:
    run = suite.fuzz_client("echod-client", tmp_path, suite.ALL_GROUPS, suite.FULL_LIMIT_S)
    announce(run)
    assert run.groups == suite.ALL_GROUPS
    assert not run.faults, suite.describe(run.faults)
