"""`python -m bench.parts`: what each part of the fast path brings, by switching it off; about five minutes."""

from __future__ import annotations

import sys

from bench import generator, machine
from bench.figures import Run, middle
from bench.markdown import number, table
from bench.run import Plan, under_load
from bench.scenarios import SCENARIOS
from bench.servers import Program
from bench.without import PARTS

SHOWN = ("pp64", "pl16", "pl64", "4k", "1m")
PLAN = Plan(
    scenarios=tuple(scenario for scenario in SCENARIOS if scenario.name in SHOWN),
    rounds=3,
    seconds=1,
    handshakes=0,
    openings=0,
)


def program(part: str) -> Program:
    return Program(part, f"without {part}", (sys.executable, "-m", "bench.without", part), "")


def row(run: Run, part: str) -> list[str]:
    return [part, *(number(middle(run.echo[name].get(part, []), "cpu_us")) for name in SHOWN)]


def main() -> None:
    generator.build()
    machine.raise_open_files()
    run = Run(machine=machine.facts(), titles={}, versions={}, missing={})
    under_load(run, PLAN, [program(part) for part in PARTS])
    print(table(["switched off", *SHOWN], [row(run, part) for part in PARTS]))


if __name__ == "__main__":
    main()
