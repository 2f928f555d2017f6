"""docs/architecture.md: every path in its table is there, and no search leads to more than two places."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.test_layers import ROOT

DOCUMENT = (ROOT / "docs" / "architecture.md").read_text()
TABLE = DOCUMENT.partition("## Where is what")[2].partition("\n## ")[0]
ROWS = [row.strip("| ").split(" | ") for row in TABLE.splitlines() if row.startswith("| ") and "---" not in row][1:]
SEARCHES = 9


def paths(cell: str) -> list[str]:
    return re.findall(r"`([\w/]+(?:\.py|/))`", cell)


def test_the_table_has_the_searches() -> None:
    assert len(ROWS) == SEARCHES


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row[0])
def test_a_search_ends_in_one_or_two_places_that_exist(row: list[str]) -> None:
    _, touch, _ = row
    assert 1 <= len(paths(touch)) <= 2
    assert [path for path in paths(touch) if not (ROOT / path).exists()] == []


@pytest.mark.parametrize("path", sorted(set(re.findall(r"`((?:[a-z_]+/)+[a-z_0-9]+\.py)`", DOCUMENT))))
def test_a_path_in_the_text_exists(path: str) -> None:
    assert (ROOT / path).exists() or (ROOT / "echod" / path).exists()


def test_every_room_is_in_the_picture() -> None:
    rooms = {folder.name for folder in Path(ROOT / "echod").iterdir() if (folder / "__init__.py").exists()}
    assert [room for room in sorted(rooms) if f"    {room}/" not in DOCUMENT] == []
