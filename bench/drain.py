"""`python -m bench.drain [COUNT]`: SIGTERM with many clients that talk; who got 1001, and every echo that was owed."""

from __future__ import annotations

import resource
import signal
import sys
import time

from bench.crowd import Crowd
from tests.child import Daemon

MESSAGES = 20


def main(count: int = 5_000) -> None:
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    crowd = Crowd()
    with Daemon() as daemon:
        crowd.join(daemon.port, count)
        started = time.monotonic()
        while crowd.opened < count and time.monotonic() - started < 40:
            crowd.attend(0.2)
        payloads = [b"%d" % number for number in range(MESSAGES)]
        for client in crowd.clients.values():
            client.send(*payloads)
        daemon.process.send_signal(signal.SIGTERM)
        started = time.monotonic()
        while crowd.lost < count and time.monotonic() - started < 40:
            crowd.attend(0.2)
        seconds = time.monotonic() - started
        code = daemon.wait()
    clients = crowd.clients.values()
    complete = sum(client.echoes == payloads for client in clients)
    going_away = sum(client.close_code == 1001 for client in clients)
    print(f"{count} clients drained in {seconds:.1f} s, exit code {code}: {going_away} got 1001, {complete} every echo")
    print(next(line for line in daemon.out if "drained" in line).strip())
    crowd.leave()


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
