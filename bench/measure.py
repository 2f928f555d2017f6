"""One measurement: a load on a running server, its figures, and what the server spent meanwhile."""

from __future__ import annotations

from typing import Any

from bench import generator, machine
from bench.scenarios import Scenario
from bench.servers import Program, Server

Figures = dict[str, Any]
WARMING = 200
"""Connections opened and closed before memory is compared: what is made only once is made then."""


class Meter:
    """CPU time of a server between the `counting` and the `counted` of a load, and its memory at `held`."""

    def __init__(self, pid: int) -> None:
        self._pid = pid
        self._from_ns = self._to_ns = self.held_kib = 0

    def on_line(self, line: str) -> None:
        if line == "counting":
            self._from_ns = machine.cpu_ns(self._pid)
        elif line == "counted":
            self._to_ns = machine.cpu_ns(self._pid)
        elif line == "held":
            self.held_kib = machine.memory_kib(self._pid)

    def cpu_us(self, count: int) -> float:
        """Microseconds of CPU for each of so many."""
        return (self._to_ns - self._from_ns) / 1e3 / count


def echo(server: Server, scenario: Scenario, seconds: float, warm_up: float) -> Figures:
    """Adds `cpu_us` for a message and `resident_kib` after it to the figures of the load."""
    meter = Meter(server.pid)
    options = [*scenario.arguments(), "--measure", str(seconds), "--warm-up", str(warm_up)]
    figures = generator.run("echo", server.port, options, meter.on_line)
    return {**figures, "cpu_us": meter.cpu_us(figures["messages"]), "resident_kib": machine.memory_kib(server.pid)}


def handshakes(server: Server, count: int) -> Figures:
    """Adds `cpu_us` for a connection that is opened and properly closed."""
    meter = Meter(server.pid)
    figures = generator.run("handshakes", server.port, ["--connections", str(count)], meter.on_line)
    return {**figures, "cpu_us": meter.cpu_us(count)}


def openings(server: Server, count: int) -> Figures:
    """Adds `cpu_us` for a connection that is opened, up to its 101; what its end costs is not in it."""
    meter = Meter(server.pid)
    figures = generator.run("idle", server.port, ["--connections", str(count)], meter.on_line)
    return {**figures, "cpu_us": meter.cpu_us(count)}


def idle(program: Program, count: int) -> Figures:
    """A fresh server holds that many connections: `each_kib` for one."""
    with Server(program) as server:
        handshakes(server, WARMING)
        meter = Meter(server.pid)
        before = machine.memory_kib(server.pid)
        figures = generator.run("idle", server.port, ["--connections", str(count)], meter.on_line)
    return {**figures, "each_kib": (meter.held_kib - before) / count}
