"""Where the results of a run go: RESULTS.md and plots, and raw.json that is not committed."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

from bench import charts, report
from bench.figures import Run

HERE = Path(__file__).resolve().parent
RAW = HERE / "raw.json"

quick = report.quick


def write(run: Run) -> None:
    """Write everything, the raw figures first."""
    RAW.write_text(json.dumps(dataclasses.asdict(run), indent=1))
    render(run)


def read() -> Run:
    """The last run."""
    return Run(**json.loads(RAW.read_text()))


def render(run: Run) -> None:
    """RESULTS.md and the plots, from the figures of a run."""
    (HERE / "RESULTS.md").write_text(report.document(run))
    (HERE / "plots").mkdir(exist_ok=True)
    for name, svg in charts.all_of(run).items():
        (HERE / "plots" / f"{name}.svg").write_text(svg)


if __name__ == "__main__":
    render(read())
