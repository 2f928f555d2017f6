"""Clients that ask for behaviours under which little that is sent makes much that waits."""

from __future__ import annotations

import pytest

from tests.faults.attacker import BINARY, PING, frame
from tests.faults.measure import MIB
from tests.faults.scene import LATE_S, flood_until_held, note, staged

MOST = 8 * MIB
ONE_REPLY = MIB // 4
"""What one message of the second attack makes besides, with a head of 15 KiB."""


@pytest.mark.parametrize(
    ("path", "header"), [("/echo?greet=a&times=1000&delay=600s", "X-A: a"), ("/info?delay=600s", f"X: {'a' * 15_000}")]
)
def test_empty_messages_whose_replies_are_not_due_cost_a_mib_at_most(path: str, header: str) -> None:
    # Nothing is read meanwhile: that the client has gone is noticed by a ping.
    with staged("--ping-interval=1s", "--ping-timeout=2s") as scene, scene.connect(send_buffer=64 * 1024) as attacker:
        attacker.open(path, header)
        flood_until_held(attacker, frame(BINARY) * 10_000, MOST)
        growth = scene.growth()
        note(f"empty messages to {path}: growth {growth / MIB:.2f} MiB")
        assert growth <= MIB + ONE_REPLY


@pytest.mark.parametrize("path", ["/echo?stall=0&greet=a", "/echo?delay=600s&greet=a"])
def test_a_client_that_leaves_while_nothing_is_read_is_let_go(path: str) -> None:
    with staged("--ping-interval=1s", "--ping-timeout=1s", clients=5) as scene:
        with scene.connect(send_buffer=64 * 1024) as client:
            client.open(path)
            assert client.read_frame().payload == b"a"
            if "delay" in path:
                flood_until_held(client, frame(BINARY) * 10_000, MOST)
            # With nothing left unread, its end is no reset.
            assert client.read_frame().opcode == PING
        seconds = scene.wait_until_freed()
        note(f"{path}, left: freed after {seconds:.1f} s")
        assert seconds <= 2 + LATE_S
