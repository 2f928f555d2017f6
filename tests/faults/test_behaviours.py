"""Clients that ask for behaviours under which little that is sent makes much that waits."""

from __future__ import annotations

import pytest

from tests.faults.attacker import BINARY, frame
from tests.faults.measure import MIB
from tests.faults.scene import Scene, note

MOST = 8 * MIB
ONE_REPLY = MIB // 4
"""What one message of the second attack makes besides, with a head of 15 KiB."""


@pytest.mark.parametrize(
    ("path", "header"), [("/echo?times=1000&delay=600s", "X-A: a"), ("/info?delay=600s", f"X-A: {'a' * 15_000}")]
)
def test_empty_messages_whose_replies_are_not_due_cost_a_mib_at_most(scene: Scene, path: str, header: str) -> None:
    with scene.connect(send_buffer=64 * 1024) as attacker:
        attacker.open(path, header)
        attacker.send_until_stuck(frame(BINARY) * 10_000, MOST)
        growth = scene.growth()
        note(f"empty messages to {path}: growth {growth / MIB:.2f} MiB")
        assert growth <= MIB + ONE_REPLY
