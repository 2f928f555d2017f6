"""`python -m bench.soak [MINUTES]`: attacks of many kinds beside well-behaved clients, again and again, on one daemon.

Prints the slopes of its memory and of its descriptors, by least squares after a warm-up; exit code 1 when they grow.
"""

from __future__ import annotations

import os
import random
import sys
import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field
from statistics import mean

from tests.faults.attacker import BINARY, CONTINUATION, PING, TEXT, close_frame, compressed_frame, frame, request
from tests.faults.measure import KIB, MIB, descriptors, memory
from tests.faults.scene import Scene, set_up

WARM_UP = 1 / 4
"""Of the whole time: caches and the allocator fill up first."""
MOST_KIB_PER_MINUTE = 100.0
MOST_GROWTH_KIB = 4 * 1024
"""Memory grows when both are exceeded: a slope over a short time may be one larger block of the allocator."""
MOST_DESCRIPTORS_PER_MINUTE = 0.5
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
    """What was seen, minute by minute."""

    minutes: list[float] = field(default_factory=list)
    kib: list[float] = field(default_factory=list)
    files: list[float] = field(default_factory=list)

    def take(self, scene: Scene, minute: float) -> None:
        scene.wait_until_freed(SETTLE_S)
        self.minutes.append(minute)
        self.kib.append(memory(scene.pid) / KIB)
        self.files.append(descriptors(scene.pid))

    def quarters(self) -> list[int]:
        """What the memory was in each quarter of the time, on average."""
        size = max(1, len(self.kib) // 4)
        return [round(mean(self.kib[at : at + size])) for at in range(0, 4 * size, size) if self.kib[at : at + size]]

    def is_flat(self) -> bool:
        kib_per_minute, files_per_minute = slope(self.minutes, self.kib), slope(self.minutes, self.files)
        growth = self.quarters()[-1] - self.quarters()[0]
        print(f"memory: {kib_per_minute:+.1f} KiB a minute; means of the quarters in KiB: {self.quarters()}")
        print(f"descriptors: {files_per_minute:+.2f} a minute, {self.files[0]:.0f} to {self.files[-1]:.0f}")
        grows = kib_per_minute > MOST_KIB_PER_MINUTE and growth > MOST_GROWTH_KIB
        return not grows and files_per_minute <= MOST_DESCRIPTORS_PER_MINUTE


def slope(xs: list[float], ys: list[float]) -> float:
    """Of the straight line that is nearest to these points."""
    x, y = sum(xs) / len(xs), sum(ys) / len(ys)
    return sum((a - x) * (b - y) for a, b in zip(xs, ys, strict=True)) / sum((a - x) ** 2 for a in xs)


def main(minutes: float = 20) -> None:
    samples, count, order = Samples(), 0, random.Random(1)
    with set_up() as scene:
        start = time.monotonic()
        while (minute := (time.monotonic() - start) / 60) < minutes:
            for attack in order.sample(ATTACKS, len(ATTACKS)):
                attack(scene)
            count += len(ATTACKS)
            if minute >= minutes * WARM_UP:
                samples.take(scene, minute)
        report = scene.check()
        print(f"{count} attacks in {minutes:g} minutes; sentinel p99 {report.p99_s * 1e3:.1f} ms, nothing lost")
    if not samples.is_flat():
        raise SystemExit("something grows")


if __name__ == "__main__":
    main(*map(float, sys.argv[1:]))
