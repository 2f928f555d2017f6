"""The children of the tests are as those of a person at a terminal, whatever runs the tests."""

from __future__ import annotations

import subprocess
import sys

import pytest

from tests.child import ROOT

SEEN_BY_A_CHILD = """
import signal, subprocess, sys
from tests.child import let_children_have_defaults
ignored = [number for number in (1, 2) if signal.getsignal(number) is signal.SIG_IGN]
let_children_have_defaults()
for number in ignored:
    signal.raise_signal(number)
code = "import signal; print(*(signal.getsignal(n) is not signal.SIG_IGN for n in (1, 2, 3, 10, 15)))"
subprocess.run([sys.executable, "-c", code])
"""


@pytest.mark.parametrize("ignoring", ['trap "" INT HUP QUIT USR1 TERM; exec "$@"', 'exec nohup "$@"', '"$@" & wait $!'])
def test_children_start_with_default_dispositions(ignoring: str) -> None:
    command = ["bash", "-c", ignoring, "bash", sys.executable, "-c", SEEN_BY_A_CHILD]
    ended = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60)
    assert ended.stdout == "True True True True True\n"
    assert ended.returncode == 0
