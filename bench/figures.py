"""What a run has measured, and the numbers that are made of it. Pure: no process, no file."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from statistics import geometric_mean, median
from typing import Any

Measurements = list[dict[str, Any]]
ByServer = dict[str, Measurements]


@dataclass
class Run:
    """Everything that a run found out; servers by key, in the order of the tables."""

    machine: dict[str, str]
    titles: dict[str, str]
    versions: dict[str, str]
    missing: dict[str, str] = field(default_factory=dict)
    failures: list[str] = field(default_factory=list)
    echo: dict[str, ByServer] = field(default_factory=dict)
    openings: ByServer = field(default_factory=dict)
    handshakes: ByServer = field(default_factory=dict)
    idle: ByServer = field(default_factory=dict)
    memory: dict[str, dict[str, float]] = field(default_factory=dict)
    seconds: float = 0


def middle(measurements: Measurements, name: str) -> float | None:
    """The median of one figure; None when nothing was measured."""
    values = [measurement[name] for measurement in measurements]
    return median(values) if values else None


def ends(measurements: Measurements, name: str) -> tuple[float, float] | None:
    """The smallest and the largest of one figure."""
    values = [measurement[name] for measurement in measurements]
    return (min(values), max(values)) if values else None


def echo_figure(run: Run, scenario: str, server: str, name: str) -> float | None:
    return middle(run.echo.get(scenario, {}).get(server, []), name)


def ratio(run: Run, scenario: str, server: str, against: str) -> float | None:
    """How many times the CPU of `server` a message costs on `against`; above 1: `server` is faster."""
    ours, theirs = (echo_figure(run, scenario, name, "cpu_us") for name in (server, against))
    return theirs / ours if ours and theirs else None


def gm(run: Run, server: str, scenarios: Iterable[str], against: str = "stock") -> float | None:
    """The geometric mean of the ratios in these scenarios; None when one is missing."""
    ratios = [ratio(run, scenario, server, against) for scenario in scenarios]
    present = [value for value in ratios if value is not None]
    return geometric_mean(present) if present and len(present) == len(ratios) else None
