"""`python -m bench.run [--quick]`: echod and its peers under the same loads, one after the other, round by round.

The whole run writes RESULTS.md, plots and raw.json beside this module; the quick one prints its table only.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from typing import TypeVar

from bench import generator, installation, machine, measure, output, scenarios
from bench.figures import ByServer, Run
from bench.scenarios import Scenario
from bench.servers import Program, Server, echod

T = TypeVar("T")


@dataclass(frozen=True)
class Plan:
    """How much is measured."""

    scenarios: Sequence[Scenario] = scenarios.SCENARIOS
    rounds: int = 5
    seconds: float = 2
    warm_up: float = 0.3
    handshakes: int = 2000
    openings: int = 1000
    idle: int = 10_000
    idle_rounds: int = 3


QUICK = Plan(scenarios=scenarios.QUICK, rounds=3, handshakes=0, openings=0, idle_rounds=0)


def rotated(servers: Sequence[T], by: int) -> Iterator[T]:
    """Each server once, beginning with another one each time: none is always measured after the same one."""
    start = by % len(servers)
    yield from servers[start:]
    yield from servers[:start]


def note(run: Run, into: ByServer, what: str, server: str, measure_it: Callable[[], measure.Figures]) -> None:
    """Measure, and keep the figures; a load that failed is kept as a failure instead."""
    try:
        figures = measure_it()
    except generator.LoadFailed as why:
        run.failures.append(f"{server} under {what}: {why}")
        print(f"{what:>10} {server:<10} FAILED: {why}", file=sys.stderr)
        return
    into.setdefault(server, []).append(figures)
    value = f"{figures['cpu_us']:.2f} µs" if "cpu_us" in figures else f"{figures['each_kib']:.1f} KiB"
    print(f"{what:>10} {server:<10} {value}", file=sys.stderr)


def echo_round(run: Run, plan: Plan, servers: Sequence[Server], number: int) -> None:
    for at, scenario in enumerate(plan.scenarios):
        into = run.echo.setdefault(scenario.name, {})
        for server in rotated(servers, number + at):
            name = server.program.key
            note(run, into, scenario.name, name, partial(measure.echo, server, scenario, plan.seconds, plan.warm_up))


def opening_round(run: Run, plan: Plan, servers: Sequence[Server], number: int) -> None:
    for server in rotated(servers, number):
        name = server.program.key
        if plan.openings:
            note(run, run.openings, "opening", name, partial(measure.openings, server, plan.openings))
        if plan.handshakes:
            note(run, run.handshakes, "open+close", name, partial(measure.handshakes, server, plan.handshakes))


def note_memory(run: Run, servers: Sequence[Server], when: str) -> None:
    for server in servers:
        figures = run.memory.setdefault(server.program.key, {})
        figures[when] = machine.memory_kib(server.pid) / 1024
        figures["peak"] = machine.memory_kib(server.pid, "VmHWM") / 1024


def under_load(run: Run, plan: Plan, programs: Sequence[Program]) -> None:
    """All rounds, with the same processes throughout; those that wait their turn cost nothing."""
    with ExitStack() as stack:
        servers = [stack.enter_context(Server(program)) for program in programs]
        note_memory(run, servers, "start")
        for number in range(plan.rounds):
            print(f"round {number + 1} of {plan.rounds}", file=sys.stderr)
            opening_round(run, plan, servers, number)
            echo_round(run, plan, servers, number)
        note_memory(run, servers, "end")


def at_rest(run: Run, plan: Plan, programs: Sequence[Program]) -> None:
    for _ in range(plan.idle_rounds):
        for program in programs:
            note(run, run.idle, "idle", program.key, partial(measure.idle, program, plan.idle))


def execute(plan: Plan, peers: Sequence[installation.Peer]) -> Run:
    """Install, measure, and give what was found."""
    started = time.monotonic()
    generator.build()
    machine.raise_open_files()
    others, missing = installation.install(peers)
    programs = [echod(), *others]
    run = Run(
        machine=machine.facts(),
        titles={program.key: program.title for program in programs},
        versions={program.key: program.version for program in programs},
        missing=missing,
    )
    for title, why in missing.items():
        print(f"{title} is left out: {why}", file=sys.stderr)
    under_load(run, plan, programs)
    at_rest(run, plan, programs)
    run.seconds = time.monotonic() - started
    return run


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m bench.run", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="three scenarios, three peers, two minutes; print only")
    if parser.parse_args().quick:
        run = execute(QUICK, installation.QUICK)
        print(output.quick(run))
    else:
        run = execute(Plan(), installation.PEERS)
        output.write(run)
    return 1 if run.failures else 0


if __name__ == "__main__":
    sys.exit(main())
