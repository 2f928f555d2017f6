"""`python -m bench.soak [MINUTES]`: attacks of many kinds beside well-behaved clients, again and again, on one daemon.

Exit code 1 when something grows, after a warm-up: the memory in use, what is freed but kept, or the descriptors.
Slopes are by least squares. A run of fewer than five minutes is too short for them: noise may look like growth.
"""

from __future__ import annotations

import os
import random
import sys
import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from statistics import mean

from bench.watched import live_memory
from echod.daemon.process import KEPT_BYTES
from tests.child import Daemon
from tests.faults.attacker import BINARY, CONTINUATION, PING, TEXT, close_frame, compressed_frame, frame, request
from tests.faults.measure import KIB, MIB, descriptors, memory
from tests.faults.scene import SHORT, Scene, set_up

COMMAND: tuple[str | Path, ...] = (sys.executable, "-m", "bench.watched", *Daemon.COMMAND[1:], "--port", "0", *SHORT)

WARM_UP = 1 / 4
"""Of the whole time: caches fill up first, and tables grow to what the worst moment needs."""
SAMPLE_EVERY_S = 5.0
"""Garbage is collected for a sample, some 30 ms: more often, it would be the 99th percentile of the others."""
MOST_LIVE_BYTES_PER_ROUND = 1024.0
"""Of one attack of each kind, 163 connections: one that leaks 1 KiB exceeds it, and so do 7 bytes of each."""
MOST_KEPT_KIB = KEPT_BYTES / KIB
"""What of the resident memory is not in use may grow by that much, and stay: the allocator keeps it."""
MOST_DESCRIPTORS_PER_ROUND = 0.005
SETTLE_S = 10.0

SMALL = {"receive_buffer": 4 * KIB, "send_buffer": 64 * KIB}


def never_read(scene: Scene) -> None:
    with scene.open(**SMALL) as attacker:
        attacker.send_until_stuck(frame(BINARY, os.urandom(64 * KIB)), 16 * MIB, stuck_s=0.2)


def bomb(scene: Scene) -> None:
    with scene.open(deflate=True) as attacker:
        attacker.send_until_stuck(compressed_frame(bytes(64 * MIB), level=9), MIB, stuck_s=0.1)


def trains(scene: Scene) -> None:
    with scene.open(deflate=True, **SMALL) as attacker:
        attacker.send_until_stuck(compressed_frame(bytes(MIB)) * 30 + frame(PING) * 5000, 4 * MIB, stuck_s=0.1)


def fragments(scene: Scene) -> None:
    with scene.open() as attacker:
        attacker.send(frame(TEXT, b"a", fin=False), frame(CONTINUATION, fin=False) * 20_000)


def unfinished(scene: Scene) -> None:
    with scene.open() as attacker:
        attacker.send(frame(BINARY, bytes(4 * MIB), length=16 * MIB))


def violations(scene: Scene) -> None:
    for sent in (frame(0x3, b"x"), frame(TEXT, b"\xff"), frame(PING, length=2**40), frame(TEXT, b"x", masked=False)):
        with scene.open() as attacker:
            attacker.send(sent, close_frame())
            attacker.wait_for_end()


def bad_heads(scene: Scene) -> None:
    for sent in (b"\0", request("/nowhere"), request("/echo", *["X-Same: value"] * 2000), b"GET / HTTP/1.1\r\n"):
        with scene.connect() as attacker:
            attacker.send_until_stuck(sent, len(sent), stuck_s=0.1)


def silent_crowd(scene: Scene) -> None:
    with ExitStack() as stack:
        for _ in range(100):
            stack.enter_context(scene.connect())


def visitors(scene: Scene) -> None:
    for _ in range(50):
        with scene.open("/multi-echo", deflate=True) as client:
            client.send(frame(TEXT, b"hello"), compressed_frame(b"again" * 100), close_frame())
            client.wait_for_end()


ATTACKS: tuple[Callable[[Scene], None], ...] = (
    never_read,
    bomb,
    trains,
    fragments,
    unfinished,
    violations,
    bad_heads,
    silent_crowd,
    visitors,
)


@dataclass
class Samples:
    """What was seen after so many rounds."""

    rounds: list[float] = field(default_factory=list)
    live: list[float] = field(default_factory=list)
    """KiB in use."""
    kept: list[float] = field(default_factory=list)
    """KiB that are resident besides."""
    files: list[float] = field(default_factory=list)

    def take(self, scene: Scene, rounds: int) -> None:
        scene.wait_until_freed(SETTLE_S)
        live = live_memory(scene.daemon)
        self.add(rounds, live / KIB, (memory(scene.pid) - live) / KIB, descriptors(scene.pid))

    def add(self, rounds: float, live_kib: float, kept_kib: float, files: float) -> None:
        self.rounds.append(rounds)
        self.live.append(live_kib)
        self.kept.append(kept_kib)
        self.files.append(files)

    def growing(self, kept_at_first: float) -> list[str]:
        """What grows; `kept_at_first` is in KiB, before the first attack."""
        found = {
            "memory in use": slope(self.rounds, self.live) * KIB > MOST_LIVE_BYTES_PER_ROUND,
            "memory kept": max(self.kept) - kept_at_first > MOST_KEPT_KIB,
            "descriptors": slope(self.rounds, self.files) > MOST_DESCRIPTORS_PER_ROUND,
        }
        return [name for name, grows in found.items() if grows]

    def __str__(self) -> str:
        live, files = slope(self.rounds, self.live) * KIB, slope(self.rounds, self.files)
        return (
            f"memory in use: {live:+.0f} bytes a round; means of the quarters in KiB: {quarters(self.live)}\n"
            f"memory kept: means of the quarters in KiB: {quarters(self.kept)}, at most {max(self.kept):.0f}\n"
            f"descriptors: {files:+.4f} a round, {self.files[0]:.0f} to {self.files[-1]:.0f}"
        )


def quarters(values: list[float]) -> list[int]:
    """The means of the quarters of these values, in their order."""
    size = max(1, len(values) // 4)
    return [round(mean(values[at : at + size])) for at in range(0, 4 * size, size) if values[at : at + size]]


def slope(xs: list[float], ys: list[float]) -> float:
    """Of the straight line that is nearest to these points."""
    x, y = sum(xs) / len(xs), sum(ys) / len(ys)
    return sum((a - x) * (b - y) for a, b in zip(xs, ys, strict=True)) / sum((a - x) ** 2 for a in xs)


def attack_all(scene: Scene, order: random.Random) -> None:
    """One round."""
    for attack in order.sample(ATTACKS, len(ATTACKS)):
        attack(scene)


def soak(scene: Scene, seconds: float) -> tuple[Samples, int]:
    """Attack for so long; what was seen after the warm-up, and the number of rounds."""
    samples, rounds, order, start = Samples(), 0, random.Random(1), time.monotonic()
    due_s = seconds * WARM_UP
    while (passed_s := time.monotonic() - start) < seconds:
        attack_all(scene, order)
        rounds += 1
        if passed_s >= due_s:
            samples.take(scene, rounds)
            due_s = passed_s + SAMPLE_EVERY_S
    return samples, rounds


def main(minutes: float = 20) -> None:
    with set_up(argv=COMMAND) as scene:
        first = Samples()
        first.take(scene, 0)
        samples, rounds = soak(scene, minutes * 60)
        report = scene.check()
    count = rounds * len(ATTACKS)
    print(f"{count} attacks in {minutes:g} minutes; sentinel p99 {report.p99_s * 1e3:.1f} ms, nothing lost")
    print(f"before: {first.live[0]:.0f} KiB in use, {first.kept[0]:.0f} KiB kept", samples, sep="\n")
    if growing := samples.growing(first.kept[0]):
        raise SystemExit(f"something grows: {', '.join(growing)}")


if __name__ == "__main__":
    main(*map(float, sys.argv[1:]))
