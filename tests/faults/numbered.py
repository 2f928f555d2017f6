"""Messages of which every one that is lost, doubled or out of order is seen, and clients that take their time."""

from __future__ import annotations

import time

from tests.faults.attacker import TEXT, Attacker, frame

NUMBERED = [f"numbered message {number} ".encode() * 60 for number in range(100)]
SLOW_BYTES = 1000
SLOW_PAUSE_S = 0.3


def send_numbered(client: Attacker) -> None:
    client.send(*(frame(TEXT, each) for each in NUMBERED))


def read_numbered(client: Attacker) -> bool:
    """Whether every message comes back once, in order."""
    return all(client.read_payload() == each for each in NUMBERED)


def read_slowly(client: Attacker, seconds: float) -> None:
    """Take a little now and then, for so long; it is read again afterwards."""
    received, end = b"", time.monotonic() + seconds
    while time.monotonic() < end:
        received += client.read_some(SLOW_BYTES)
        time.sleep(SLOW_PAUSE_S)
    client.put_back(received)
