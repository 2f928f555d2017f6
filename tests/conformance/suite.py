"""The cases of the Autobahn TestSuite, run by kosoku in a child process, and its verdicts as values.

Never import kosoku: in a process that also uses Autobahn it shadows the `autobahn` package.
Its exit code says nothing about NON-STRICT, so only the report files count.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from tests.child import Child

KOSOKU = Path(sys.executable).with_name("kosoku")
PARALLEL_CASES = 4

# The groups of cases, and how many each has: 517 in all, 301 without compression.
ALL_GROUPS = {1: 16, 2: 11, 3: 7, 4: 10, 5: 20, 6: 145, 7: 37, 9: 54, 10: 1, 12: 90, 13: 126}
COMPRESSION_GROUPS = (12, 13)
PLAIN_GROUPS = {group: cases for group, cases in ALL_GROUPS.items() if group not in COMPRESSION_GROUPS}

# What happens in these is left open by RFC 6455; their verdict is never OK.
INFORMATIONAL_CASES = frozenset({"7.1.6", "7.13.1", "7.13.2"})

# Many times what a run takes on two cores: about 5 s without compression, 5 to 8 minutes with it.
PLAIN_LIMIT_S = 5 * 60
FULL_LIMIT_S = 30 * 60


@dataclass(frozen=True)
class Verdict:
    """What kosoku says about one case: about its messages, and about the way it was closed."""

    case: str
    behavior: str
    behavior_close: str
    remote_close_code: int | None
    report: Path

    @property
    def group(self) -> int:
        return int(self.case.partition(".")[0])

    @property
    def is_expected(self) -> bool:
        """Whether both are OK, or INFORMATIONAL where no other verdict is possible."""
        due = "INFORMATIONAL" if self.case in INFORMATIONAL_CASES else "OK"
        return (self.behavior, self.behavior_close) == (due, due)

    def __str__(self) -> str:
        told = json.loads(self.report.read_text())
        return (
            f"case {self.case}: {self.behavior}, close {self.behavior_close}, "
            f"the peer's close code {self.remote_close_code}\n"
            f"    {' '.join(told['description'].split())}\n"
            f"    {told['result']} {told['resultClose']}\n"
            f"    expected {shorten(told['expected'])}\n"
            f"    received {shorten(told['received'])}\n"
            f"    unclean because: {told['wasNotCleanReason']}"
        )


@dataclass(frozen=True)
class Run:
    """One run of the suite: its verdicts in the order of the cases, and how long it took."""

    name: str
    verdicts: tuple[Verdict, ...]
    seconds: float

    @property
    def groups(self) -> dict[int, int]:
        """How many cases of each group were run."""
        return dict(Counter(verdict.group for verdict in self.verdicts))

    @property
    def faults(self) -> tuple[Verdict, ...]:
        """The cases that did not end as they must."""
        return tuple(verdict for verdict in self.verdicts if not verdict.is_expected)

    def __str__(self) -> str:
        counts = Counter(verdict.behavior for verdict in self.verdicts)
        told = ", ".join(f"{count} {behavior}" for behavior, count in counts.most_common())
        return f"{self.name}: {len(self.verdicts)} cases in {self.seconds:.0f} s: {told}"


Announce = Callable[[Run], None]


def fuzz_server(uri: str, outdir: Path, groups: Mapping[int, int], limit_s: float, over: str = "TCP") -> Run:
    """Run the cases of `groups` against the server at `uri`; the reports go to `outdir`. `over` is for the report.

    Raises:
        AssertionError: kosoku did not finish within `limit_s`, or left no reports.
    """
    started = time.monotonic()
    arguments = ["-m", "fuzzingclient", uri, "-p", PARALLEL_CASES, *select(groups), "-o", outdir]
    with Child([KOSOKU, *map(str, arguments)]) as kosoku:
        finish(kosoku, limit_s)
        return read_run(f"server {urlsplit(uri).path} over {over}", outdir, started, kosoku)


def fuzz_client(agent: str, outdir: Path, groups: Mapping[int, int], limit_s: float) -> Run:
    """Run the cases of `groups` against our own client, which reports as `agent`.

    What the client printed is printed again, so that it stands beside a failure.

    Raises:
        AssertionError: kosoku or the client did not finish within `limit_s`, or there are no reports.
    """
    started = time.monotonic()
    arguments = ["-m", "fuzzingserver", "127.0.0.1:0", *select(groups), "-o", outdir]
    with Child([KOSOKU, *map(str, arguments)]) as kosoku:
        url = kosoku.wait_for_line(r"listening on (ws://\S+)")[1]
        with Child([sys.executable, "-m", "tests.conformance.testee", url, agent]) as testee:
            code = finish(testee, limit_s)
            assert code == 0, f"the client under test ended with {code}:\n{testee.text}"
            print(testee.text)
        finish(kosoku, limit_s)
        return read_run("client", outdir, started, kosoku)


def select(groups: Mapping[int, int]) -> list[str]:
    """The options that make kosoku run these groups and no others."""
    return [word for group in groups for word in ("-i", f"{group}.*")]


def finish(child: Child, limit_s: float) -> int:
    """Wait for the end of a child process; its exit code."""
    try:
        return child.wait(limit_s)
    except subprocess.TimeoutExpired:
        raise AssertionError(f"not finished after {limit_s} s:\n{child.text}") from None


def read_run(name: str, outdir: Path, started: float, kosoku: Child) -> Run:
    """The run that has just ended, from the reports in `outdir`."""
    assert (outdir / "index.json").exists(), f"kosoku wrote no reports:\n{kosoku.text}"
    return Run(name, read_verdicts(outdir), time.monotonic() - started)


def read_verdicts(outdir: Path) -> tuple[Verdict, ...]:
    """The verdicts of the only agent in `outdir/index.json`.

    Raises:
        AssertionError: there is not exactly one agent, so some case did not reach the peer as the others did.
    """
    index = json.loads((outdir / "index.json").read_text())
    assert len(index) == 1, f"one agent expected, found {sorted(index)}"
    (cases,) = index.values()
    return tuple(read_verdict(outdir, case, cases[case]) for case in sorted(cases, key=numbers))


def read_verdict(outdir: Path, case: str, entry: Mapping[str, Any]) -> Verdict:
    return Verdict(
        case=case,
        behavior=entry["behavior"],
        behavior_close=entry["behaviorClose"],
        remote_close_code=entry["remoteCloseCode"],
        report=outdir / entry["reportfile"],
    )


def numbers(case: str) -> list[int]:
    """The sort key of a case: 1.2.10 comes after 1.2.9."""
    return [int(number) for number in case.split(".")]


def describe(faults: Sequence[Verdict], limit: int = 20) -> str:
    """A paragraph for each of the first `limit` faults, and how many more there are."""
    told = [str(verdict) for verdict in faults[:limit]]
    return "\n".join(["", *told, f"{max(0, len(faults) - limit)} more"])


def shorten(value: object, limit: int = 500) -> str:
    """`value` as text, cut off after `limit` characters."""
    text = repr(value)
    return text if len(text) <= limit else text[:limit] + " …"
