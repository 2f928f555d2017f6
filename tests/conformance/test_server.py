"""The daemon against the cases of the Autobahn TestSuite."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.child import Daemon
from tests.conformance import suite

both_endpoints = pytest.mark.parametrize("path", ["/simple-echo", "/multi-echo"])


@both_endpoints
def test_the_daemon_passes_every_case_without_compression(
    daemon: Daemon, path: str, tmp_path: Path, announce: suite.Announce
) -> None:
    run = suite.fuzz_server(daemon.uri(path), tmp_path, suite.PLAIN_GROUPS, suite.PLAIN_LIMIT_S)
    announce(run)
    assert run.groups == suite.PLAIN_GROUPS
    assert not run.faults, suite.describe(run.faults)


@pytest.mark.full
@both_endpoints
def test_the_daemon_passes_every_case(daemon: Daemon, path: str, tmp_path: Path, announce: suite.Announce) -> None:
    run = suite.fuzz_server(daemon.uri(path), tmp_path, suite.ALL_GROUPS, suite.FULL_LIMIT_S)
    announce(run)
    assert run.groups == suite.ALL_GROUPS
    assert not run.faults, suite.describe(run.faults)
