"""The page about clients has every client on every behaviour."""

from __future__ import annotations

import pytest

from echod.rules.behaviours.query import Behaviour, read_behaviour
from tests.clients.run import BEHAVIOURS, CLIENTS, DOCUMENT


@pytest.mark.parametrize("behaviour", BEHAVIOURS)
def test_every_client_has_a_row(behaviour: str) -> None:
    section = DOCUMENT.read_text().partition(f"\n## {behaviour}\n")[2].partition("\n## ")[0]
    rows = [line.split(" | ") for line in section.splitlines() if line.startswith("| ")][2:]
    assert [row[0].removeprefix("| ") for row in rows] == list(CLIENTS)
    assert all(row[1] for row in rows)


@pytest.mark.parametrize("path", [path for _, path in BEHAVIOURS.values()])
def test_what_is_measured_can_be_asked_for(path: str) -> None:
    assert isinstance(read_behaviour(path.partition("?")[2]), Behaviour)
