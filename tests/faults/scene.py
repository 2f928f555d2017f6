"""A daemon under attack with its sentinel, and what has to hold after each attack."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from statistics import median

from tests.child import Daemon
from tests.faults.attacker import Attacker, connect
from tests.faults.measure import (
    MIB,
    Stopwatch,
    cpu,
    descriptors,
    memory,
    peak_memory,
    reset_peak,
    unread,
    unsent,
    wait_until,
)
from tests.faults.sentinel import Report, Sentinel

STALL_TIMEOUT_S = 2.0
CLOSE_TIMEOUT_S = 1.0
HEAD_TIMEOUT_S = 2.0
SLOW_S = 3.0
"""A close timeout that a test can wait for a few times, and in which every reader gets to read."""

SHORT = (
    f"--stall-timeout={STALL_TIMEOUT_S}s",
    f"--close-timeout={CLOSE_TIMEOUT_S}s",
    f"--handshake-timeout={HEAD_TIMEOUT_S}s",
)
"""The timeouts of a scene: the promises are about ratios and orders, the defaults are tested as values."""

PROMISED_P99_S = 0.020
PROMISED_STALL_S = 0.020
TIMES_USUAL = 2
LATE_S = 1.25
"""How much later than its timeout a connection may be freed: a second as promised, and what the machine adds."""
SETTLED_S = 10.0
"""Within which every descriptor is free again."""
MEMORY = 200 * MIB
"""Growth that no attack may cause, whatever its own bound is."""
BASELINE_S = 1.0
REPEATS = 5

FIGURES: list[str] = []
"""What was measured; printed at the end of the run."""


def note(text: str) -> None:
    """Keep a figure for the end of the run."""
    FIGURES.append(text)


class Scene:
    """One daemon, the sentinel beside it, and where both stood before the attack."""

    def __init__(self, daemon: Daemon, sentinel: Sentinel) -> None:
        self.daemon = daemon
        self.sentinel = sentinel
        self.pid = daemon.process.pid
        self.baseline = sentinel.watch(BASELINE_S)
        self.begin()

    @property
    def address(self) -> tuple[str, int]:
        return "127.0.0.1", self.daemon.port

    def begin(self) -> None:
        """An attack begins: this is how it was before."""
        self._descriptors = descriptors(self.pid)
        self._lines = len(self.daemon.out)
        self.sentinel.report()
        self._cpu = cpu(self.pid)
        self._memory = reset_peak(self.pid)

    def stopwatch(self) -> Stopwatch:
        """A new one, for what the daemon does."""
        return Stopwatch(self.pid)

    def growth(self) -> int:
        """Bytes of memory that the attack has cost at its worst so far."""
        return peak_memory(self.pid) - self._memory

    def growth_now(self) -> int:
        return memory(self.pid) - self._memory

    def wait_until_accepted(self, count: int = 1) -> None:
        """Wait until so many connections of the attack are there: without it, all is free before anything came."""
        wait_until(lambda: self.descriptors_since() >= count, 5, "it is accepted")

    def descriptors_since(self) -> int:
        """How many more descriptors are open than before the attack."""
        return descriptors(self.pid) - self._descriptors

    def cpu(self) -> float:
        """Seconds of CPU since the attack began, those of the sentinel's messages included."""
        return cpu(self.pid) - self._cpu

    def log(self) -> str:
        """What the daemon has logged since the attack began."""
        return "".join(self.daemon.out[self._lines :])

    def connect(self, **options: object) -> Attacker:
        return connect(self.address, **options)  # type: ignore[arg-type]

    def open(self, path: str = "/echo", *, deflate: bool = False, **options: object) -> Attacker:
        return self.connect(**options).open(path, deflate=deflate)

    def wait_until_read(self, timeout: float = 10.0) -> None:
        """Wait until the daemon has read everything that clients have sent."""
        wait_until(lambda: not unsent(self.daemon.port) + unread(self.daemon.port), timeout, "all is read")

    def wait_until_freed(self, timeout: float = SETTLED_S) -> float:
        """Wait until the daemon has as many descriptors as before the attack; how long that took."""
        what = "all descriptors are free"
        return wait_until(lambda: descriptors(self.pid) <= self._descriptors, timeout, what, self.pid)

    def check(self) -> Report:
        """After an attack: everybody else is well, nothing is held, nothing was logged that is a fault of ours."""
        self.wait_until_freed()
        report = self.sentinel.report()
        assert not report.wrong
        assert not report.lost
        self.check_latency(report)
        assert self.growth() <= MEMORY
        assert_no_traceback(self.log())
        return report

    def check_latency(self, report: Report, usual: Report | None = None) -> None:
        """What was seen during an attack that is over.

        Where as many well-behaved clients cost more than is promised, as on a slow machine, it may be twice as much.
        """
        if usual is not None and report.worst_s <= TIMES_USUAL * usual.worst_s:
            return
        if report.p99_s > PROMISED_P99_S + self.baseline.p99_s:
            # The machine may be busier than it was: what there is without an attack is measured again.
            self.baseline = self.sentinel.watch(BASELINE_S)
        assert report.p99_s <= PROMISED_P99_S + self.baseline.p99_s, report


def flood_until_held(attacker: Attacker, data: bytes, most: int, stuck_s: float = 0.5) -> None:
    """Send without reading until the daemon holds the connection: it takes no more, and has not cut it."""
    start = time.monotonic()
    assert attacker.send_until_stuck(data, most, stuck_s) < most
    # Where the machine stood still for long, it is cut by right.
    assert not attacker.is_lost() or time.monotonic() - start >= STALL_TIMEOUT_S


def assert_no_traceback(log: str) -> None:
    assert not re.search("Traceback|Unhandled|Error:", log), log[-4000:]


@contextmanager
def set_up(*options: str, clients: int = 50, argv: Sequence[str | Path] = ()) -> Iterator[Scene]:
    """A scene with a daemon of its own; `argv` is what to run in place of twistd with these options."""
    with ExitStack() as stack:
        daemon = stack.enter_context(Daemon(*SHORT, *options, argv=argv))
        sentinel = stack.enter_context(Sentinel(daemon.uri("/multi-echo"), daemon.process.pid, clients))
        yield Scene(daemon, sentinel)


@contextmanager
def staged(*options: str, clients: int = 50, argv: Sequence[str | Path] = ()) -> Iterator[Scene]:
    """A scene for one attack, checked at its end unless the daemon has ended by then."""
    with set_up(*options, clients=clients, argv=argv) as scene:
        yield scene
        if scene.daemon.process.poll() is None:
            scene.check()


def attacked(scene: Scene, name: str) -> Iterator[Scene]:
    """A scene that lives on, for one attack."""
    scene.begin()
    yield scene
    report = scene.check()
    note(f"{name}: sentinel p99 {report.p99_s * 1e3:.1f} ms, growth {scene.growth() / MIB:.1f} MiB")


def usual_stall(daemon: Daemon, attack: Callable[[], object]) -> float:
    """How long an attack keeps everybody else waiting, in seconds.

    The worst wait of a client that asks every millisecond, in the middle one of a few repeats: what the machine adds
    comes and goes, what the daemon does comes every time.
    """
    with Sentinel(daemon.uri("/echo"), daemon.process.pid, "probe") as probe:
        return median(_stall(probe, attack) for _ in range(REPEATS))


def _stall(probe: Sentinel, attack: Callable[[], object]) -> float:
    probe.report()
    attack()
    return probe.report().worst_s
