"""Programs that use echod as anybody's program does: a child process each, with what it printed and where."""

from __future__ import annotations

import subprocess
import sys
from textwrap import dedent

from tests.child import ROOT, Child, clean_environment

LIMIT_S = 30.0


def run_script(source: str, *words: str) -> subprocess.CompletedProcess[str]:
    """The program, run to its end; an error in it is the test's failure."""
    ended = subprocess.run(
        [sys.executable, "-W", "error", "-c", dedent(source), *words],
        cwd=ROOT,
        env=clean_environment({}),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=LIMIT_S,
    )
    assert ended.returncode == 0, ended.stdout + ended.stderr
    return ended


def lines_of(source: str, *words: str) -> list[str]:
    """What the program printed; nothing may stand on its standard error."""
    ended = run_script(source, *words)
    assert ended.stderr == ""
    return ended.stdout.splitlines()


def start_script(source: str, *words: str) -> Child:
    """The program, running."""
    return Child([sys.executable, "-W", "error", "-c", dedent(source), *words])
