"""The plots of a run: which figures go into which. Pure."""

from __future__ import annotations

from bench.figures import Run, echo_figure, middle
from bench.plots import Series, bars, grouped_bars
from bench.report import measured


def all_of(run: Run) -> dict[str, str]:
    """SVG by name."""
    return {
        "cpu": by_scenario(run, "cpu_us", "CPU of the server, µs a message (log scale, less is better)"),
        "latency": by_scenario(run, "p99_us", "99th percentile of latency, µs (log scale, less is better)"),
        "memory": memory(run),
    }


def by_scenario(run: Run, figure: str, title: str) -> str:
    names = measured(run)
    series = [
        Series(key, run.titles[key], [echo_figure(run, name, key, figure) for name in names]) for key in run.titles
    ]
    return grouped_bars(title, names, series)


def memory(run: Run) -> str:
    rows = [(key, run.titles[key], middle(run.idle.get(key, []), "each_kib")) for key in run.titles]
    return bars("Memory for an idle connection, KiB (10,000 held, less is better)", rows)
