"""Daemons with their sentinel for all attacks that leave them alive; each is checked when an attack is over."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.faults.doors import Door, set_up_doors
from tests.faults.scene import FIGURES, Scene, attacked, note, set_up


@pytest.fixture(scope="session")
def stage() -> Iterator[Scene]:
    """The scene that many tests share."""
    with set_up() as scene:
        seen = scene.baseline
        note(f"sentinel without an attack: p50 {seen.p50_s * 1e3:.1f} ms, p99 {seen.p99_s * 1e3:.1f} ms")
        yield scene


@pytest.fixture(scope="session")
def stage_doors(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Scene, dict[str, Door]]]:
    """A scene with a door of every kind."""
    with set_up_doors(tmp_path_factory.mktemp("doors")) as made:
        yield made


@pytest.fixture
def scene(stage: Scene, request: pytest.FixtureRequest) -> Iterator[Scene]:
    """The scene for one attack; afterwards the sentinel is well, and everything the attack took is free again."""
    yield from attacked(stage, request.node.name)


@pytest.fixture
def door_scene(stage_doors: tuple[Scene, dict[str, Door]], request: pytest.FixtureRequest) -> Iterator[Scene]:
    """The same for a scene with doors."""
    yield from attacked(stage_doors[0], request.node.name)


@pytest.fixture
def doors(stage_doors: tuple[Scene, dict[str, Door]]) -> dict[str, Door]:
    """The doors of `door_scene`."""
    return stage_doors[1]


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    if FIGURES:
        terminalreporter.section("figures of the attacks")
        for line in FIGURES:
            terminalreporter.write_line(line)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """All tests of this folder take part in `make faults`."""
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.faults)
