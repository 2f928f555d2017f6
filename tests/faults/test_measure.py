"""The stopwatch of the attacks: what the machine takes from a test is not counted, and everything else is."""

from __future__ import annotations

import sys
import time

from tests.child import ROOT, Child
from tests.faults.measure import Stopwatch, stopped

STOOD_STILL_S = 2.0
SLEEP = """
import time
from tests.faults.measure import Stopwatch
watch, start = Stopwatch(), time.monotonic()
print("ready", flush=True)
time.sleep(0.5)
print("counted", watch.seconds(), "of", time.monotonic() - start, flush=True)
"""


def test_a_standstill_is_not_counted() -> None:
    with Child([sys.executable, "-c", SLEEP], {"PYTHONPATH": str(ROOT)}) as child:
        child.wait_for_line("ready")
        with stopped(child.process.pid):
            time.sleep(STOOD_STILL_S)
        found = child.wait_for_line(r"counted (\S+) of (\S+)")
    counted, passed = float(found[1]), float(found[2])
    assert passed >= STOOD_STILL_S
    assert counted <= passed - STOOD_STILL_S + 0.5


def test_work_is_counted() -> None:
    watch, start = Stopwatch(), time.monotonic()
    while watch.seconds() < 0.3:
        assert time.monotonic() - start < 30
