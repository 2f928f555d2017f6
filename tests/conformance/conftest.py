"""Every run of the suite leaves one line at the end of the test output."""

from __future__ import annotations

import pytest

from tests.conformance.suite import Announce, Run

RUNS = pytest.StashKey[list[Run]]()


@pytest.fixture
def announce(request: pytest.FixtureRequest) -> Announce:
    """Call it with a run whose figures are to be shown, whether it passes or not."""
    return request.config.stash.setdefault(RUNS, []).append


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    runs = config.stash.get(RUNS, [])
    if runs:
        terminalreporter.section("conformance")
    for run in runs:
        terminalreporter.write_line(str(run))
