"""`make fuzz`: all targets for some minutes each, two side by side; exit code 1 when something was found.

Each begins with its corpus. A find is left in `reports/fuzz/TARGET/`, with the command that repeats it.
With `--keep` the corpora in `tests/fuzz/corpus` become the least inputs that reach what this run has reached.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

from tests.child import ROOT
from tests.fuzz import corpora

REPORTS = ROOT / "reports" / "fuzz"
SIDE_BY_SIDE = 2
MOST_BYTES = 4096
SLOWEST_S = 10
"""An input that takes longer is a find: work must be in proportion to bytes."""
MOST_MIB = 2048


def main() -> int:
    options = read_arguments()
    with ThreadPoolExecutor(SIDE_BY_SIDE) as pool:
        passed = list(pool.map(partial(fuzz, seconds=round(options.minutes * 60)), options.targets))
        if options.keep:
            list(pool.map(keep, options.targets))
    return 0 if all(passed) else 1


def read_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz.run", description=__doc__)
    parser.add_argument("targets", nargs="*", default=corpora.TARGETS, metavar="TARGET", help=" ".join(corpora.TARGETS))
    parser.add_argument("--minutes", type=float, default=10, help="for each target")
    parser.add_argument("--keep", action="store_true", help="make the corpora of the repository anew")
    options = parser.parse_args()
    if unknown := set(options.targets) - set(corpora.TARGETS):
        parser.error(f"there is no target {sorted(unknown)[0]!r}; there are {', '.join(corpora.TARGETS)}")
    return options


def fuzz(target: str, seconds: int) -> bool:
    """Fuzz a target; whether nothing was found."""
    grown = unpack(target)
    limits = (
        f"-max_total_time={seconds}",
        f"-max_len={MOST_BYTES}",
        f"-timeout={SLOWEST_S}",
        f"-rss_limit_mb={MOST_MIB}",
    )
    with (log_of(target)).open("w") as log:
        code = call(target, (str(grown), *limits, f"-artifact_prefix={REPORTS / target}/"), log)
    print(f"{target}: {tell(target, code)}", flush=True)
    return code == 0


def unpack(target: str) -> Path:
    """The folder in which a target's inputs are files; those of earlier runs stay in it."""
    grown = REPORTS / target / "inputs"
    grown.mkdir(parents=True, exist_ok=True)
    for number, data in enumerate(corpora.read(target)):
        (grown / f"corpus-{number}").write_bytes(data)
    return grown


def keep(target: str) -> None:
    """Replace a corpus by the least inputs that reach what all of them reach."""
    least = REPORTS / target / "least"
    least.mkdir(exist_ok=True)
    with log_of(target).open("a") as log:
        call(target, ("-merge=1", f"-max_len={MOST_BYTES}", str(least), str(REPORTS / target / "inputs")), log)
    corpora.write(target, (path.read_bytes() for path in least.iterdir()))


def call(target: str, options: Sequence[str], log: object) -> int:
    command = [sys.executable, "-m", "tests.fuzz.one", target, *options]
    return subprocess.run(command, cwd=ROOT, stdout=log, stderr=subprocess.STDOUT, check=False).returncode  # type: ignore[call-overload]


def log_of(target: str) -> Path:
    return REPORTS / target / "log"


def tell(target: str, code: int) -> str:
    """How it went: the figures of the last line, or what repeats the find."""
    lines = log_of(target).read_text(errors="replace").splitlines()
    if code == 0:
        return next((line for line in reversed(lines) if line.startswith("Done ")), "done")
    found = next((line.rpartition(" ")[2] for line in reversed(lines) if "Test unit written to" in line), "")
    return f"FOUND, see {log_of(target)}; again: python -m tests.fuzz.one {target} {found}"


if __name__ == "__main__":
    sys.exit(main())
