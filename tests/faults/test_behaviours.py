"""Clients that ask for behaviours under which little that is sent makes much that waits."""

from __future__ import annotations

import pytest

from tests.faults.attacker import BINARY, frame
from tests.faults.measure import MIB
from tests.faults.scene import flood_until_held, note, staged

MOST = 8 * MIB
ONE_REPLY = MIB // 4
"""What one message of the second attack makes besides, with a head of 15 KiB."""


@pytest.mark.parametrize(
    ("path", "header"),
    [("/echo?greet=a&times=1000&delay=600s", "X-A: a"), ("/info?delay=600s", f"X: {'a' * 15_000}")],
)
def test_empty_messages_whose_replies_are_not_due_cost_a_mib_at_most(path: str, header: str) -> None:
    # Nothing is read meanwhile: the reset that ends this, for the greeting is unread, is noticed by a ping.
    with staged("--ping-interval=1s") as scene, scene.connect(send_buffer=64 * 1024) as attacker:
        attacker.open(path, header)
        flood_until_held(attacker, frame(BINARY) * 10_000, MOST)
        growth = scene.growth()
        note(f"empty messages to {path}: growth {growth / MIB:.2f} MiB")
        assert growth <= MIB + ONE_REPLY
