"""With the timeouts as they are shipped: an abusive descriptor is free six seconds after its end has begun."""

from __future__ import annotations

from contextlib import ExitStack

from tests.child import Daemon
from tests.faults.attacker import BINARY, TEXT, Attacker, close_frame, connect, frame, request
from tests.faults.measure import KIB, MIB, descriptors, wait_until
from tests.faults.scene import note

PROMISED_S = 6.0


def leave_echoes_unread(client: Attacker) -> None:
    """A3."""
    client.open().send(frame(BINARY, bytes(20 * KIB)) * 10, close_frame())


def go_on_after_a_violation(client: Attacker) -> None:
    """A5: the answer is not read either."""
    client.open().send(frame(TEXT, b"x", masked=False))


def stay_after_a_refusal(client: Attacker) -> None:
    client.send(request("/nothing-here"))


def stay_after_the_answer_to_a_close(client: Attacker) -> None:
    client.open().send(close_frame())


def announce_much(client: Attacker) -> None:
    client.open().send(frame(BINARY, length=64 * MIB))


def say_nothing(client: Attacker) -> None:
    """Five seconds are for the head, which is when its end begins; the answer is not waited for as long again."""


def say_half_a_head(client: Attacker) -> None:
    client.send(request("/echo")[:-2])


WAYS = (
    say_nothing,
    say_half_a_head,
    leave_echoes_unread,
    go_on_after_a_violation,
    stay_after_a_refusal,
    stay_after_the_answer_to_a_close,
    announce_much,
)


def test_an_abusive_descriptor_is_free_six_seconds_after_its_end_has_begun() -> None:
    with Daemon() as daemon, ExitStack() as stack:
        pid = daemon.process.pid
        before = descriptors(pid)
        for way in WAYS:
            way(stack.enter_context(connect(("127.0.0.1", daemon.port), receive_buffer=4 * KIB)))
        seconds = wait_until(lambda: descriptors(pid) <= before, 20, "all descriptors are free", pid)
        note(f"{len(WAYS)} abusive connections with the default timeouts: freed after {seconds:.1f} s")
        assert seconds <= PROMISED_S
