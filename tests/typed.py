"""`python -m tests.typed REPORT`: fails when a file of the rooms that have to be typed is not, by mypy's own report.

REPORT is the folder of `mypy --any-exprs-report REPORT`; 95 % of the expressions of each file must have a type.
"""

from __future__ import annotations

import sys
from pathlib import Path

ROOM = "echod.websocket"
LEAST_PERCENT = 95.0


def untyped(report: str) -> list[str]:
    """The rows of the report, of the files in the room, that are below."""
    rows = [line.split() for line in report.splitlines() if line.strip().startswith(ROOM)]
    assert rows, f"the report names no file of {ROOM}"
    return [f"{name} {percent}" for name, _, _, percent in rows if float(percent.rstrip("%")) < LEAST_PERCENT]


def main(folder: str) -> None:
    below = untyped((Path(folder) / "any-exprs.txt").read_text())
    if below:
        raise SystemExit(f"less than {LEAST_PERCENT:g} % typed: {', '.join(below)}")
    print(f"every file of {ROOM} is at least {LEAST_PERCENT:g} % typed")


if __name__ == "__main__":
    main(*sys.argv[1:])
