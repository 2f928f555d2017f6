"""`python -m bench.idle [COUNT] [SECONDS]`: idle connections held with pings on; memory for each, how many dropped."""

from __future__ import annotations

import resource
import sys
from pathlib import Path

from bench.crowd import Crowd
from tests.child import Daemon


def resident_kib(pid: int) -> int:
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmRSS"))


def main(count: int = 15_000, seconds: float = 120) -> None:
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    crowd = Crowd()
    with Daemon() as daemon:
        crowd.join(daemon.port, 100)
        crowd.attend(1)
        before = resident_kib(daemon.process.pid)
        crowd.join(daemon.port, count - 100)
        crowd.attend(seconds)
        after = resident_kib(daemon.process.pid)
        pings = sum(client.pings for client in crowd.clients.values())
        print(f"{count} connections held {seconds:g} s: {crowd.lost} dropped, {pings} pings answered")
        print(f"{(after - before) / (count - 100):.1f} KiB each ({before} KiB before, {after} KiB after)")
        crowd.leave()


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
