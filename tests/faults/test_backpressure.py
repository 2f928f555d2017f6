"""Peers that send and do not read: reading pauses, memory stays flat, the stuck are cut and the slow are served."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.faults.attacker import BINARY, PING, TEXT, Attacker, close_frame, compressed_frame, connect, flood, frame
from tests.faults.doors import KINDS, Door, set_up_doors
from tests.faults.measure import KIB, MIB
from tests.faults.scene import CLOSE_TIMEOUT_S, LATE_S, STALL_TIMEOUT_S, Scene, flood_until_held, note, staged
from tests.faults.sentinel import Report

BLOCK = frame(BINARY, os.urandom(64 * KIB))
MOST = 64 * MIB
"""What is offered to a daemon that should stop reading long before; the kernel keeps some MiB on either side."""

CHECKED_S = 1.0
"""How often the daemon looks for progress."""

READERS_STALL_S = 3 * STALL_TIMEOUT_S
"""For clients that must read in time: long enough that a busy machine does not keep them from it."""

SLOW_BYTES = 1000
SLOW_PAUSE_S = 0.3
"""With three tenths of the default stall timeout, ten thirds of the 1 KB/s that a slow reader is promised."""

SLOW_FOR_S = 4 * READERS_STALL_S
USUAL_MIB = 12
"""More than the kernel keeps of a connection whose buffers nobody has made small."""


@pytest.mark.parametrize("deflate", [False, True], ids=["plain", "deflate"])
@pytest.mark.parametrize("kind", KINDS)
def test_a_client_that_never_reads_costs_one_mib_at_most(
    door_scene: Scene, doors: dict[str, Door], kind: str, deflate: bool
) -> None:
    with doors[kind].connect(receive_buffer=4 * KIB, send_buffer=64 * KIB).open(deflate=deflate) as attacker:
        flood_until_held(attacker, BLOCK, MOST)
        growth = door_scene.growth()
        note(f"A1 over {kind}, {deflate=}: growth {growth / MIB:.2f} MiB")
        assert growth <= MIB + 64 * KIB


@pytest.mark.parametrize("kind", KINDS)
def test_a_client_that_never_reads_is_cut_after_the_stall_timeout(
    door_scene: Scene, doors: dict[str, Door], kind: str
) -> None:
    with doors[kind].connect(receive_buffer=4 * KIB, send_buffer=64 * KIB).open() as attacker:
        start = time.monotonic()
        attacker.send_until_stuck(BLOCK, MOST)
        attacker.wait_for_loss(STALL_TIMEOUT_S + CHECKED_S, door_scene.pid)
        assert time.monotonic() - start >= STALL_TIMEOUT_S
        assert door_scene.wait_until_freed() <= 1.0


@pytest.mark.parametrize("kind", KINDS)
def test_reading_pauses_with_the_write_buffer(door_scene: Scene, doors: dict[str, Door], kind: str) -> None:
    with doors[kind].connect(receive_buffer=4 * KIB, send_buffer=64 * KIB).open() as attacker:
        flood_until_held(attacker, BLOCK, MOST)
        before, start = door_scene.cpu(), time.monotonic()
        time.sleep(0.3)
        assert door_scene.cpu() - before < (time.monotonic() - start) * 2 / 3


def test_a_compressed_flood_that_is_never_read_costs_no_more(scene: Scene) -> None:
    bomb = compressed_frame(os.urandom(20) * 5000)
    with scene.open(deflate=True, receive_buffer=4 * KIB, send_buffer=64 * KIB) as attacker:
        flood_until_held(attacker, bomb, 2 * MIB)
        note(f"A1 compressed flood: growth {scene.growth() / MIB:.2f} MiB")
        assert scene.growth() <= 2 * MIB


def test_slow_readers_live_and_get_every_byte(tmp_path: Path) -> None:
    options = ("--ping-interval=0", f"--stall-timeout={READERS_STALL_S}s")
    with set_up_doors(tmp_path, *options) as (scene, doors), ExitStack() as stack:
        readers = {name: SlowReader(*way) for name, way in ways_of(doors).items()}
        for reader in readers.values():
            stack.enter_context(reader)
        for reader in readers.values():
            reader.join()
        assert {name: reader.outcome for name, reader in readers.items()} == dict.fromkeys(readers, "all")
        stack.close()
        scene.check()


def ways_of(doors: dict[str, Door]) -> dict[str, tuple[Door, bool, int, int]]:
    """Many small messages through every door, with deflate, and large ones, also with the kernel's usual buffers."""
    many = {kind: (doors[kind], False, 1000, 1) for kind in KINDS}
    large = {f"{kind}, large": (doors[kind], False, MIB, 1) for kind in KINDS}
    usual = {f"{kind}, large buffers": (doors[kind], False, MIB, USUAL_MIB) for kind in KINDS}
    return {**many, **large, **usual, "tcp, deflate": (doors["tcp"], True, 1000, 1)}


class SlowReader(threading.Thread):
    """Sends numbered messages, reads a little now and then, and in the end everything; `outcome` is `all`."""

    outcome = "nothing"

    def __init__(self, door: Door, deflate: bool, size: int, mib: int) -> None:
        super().__init__()
        small = {} if mib == USUAL_MIB else {"receive_buffer": 4 * KIB, "send_buffer": 16 * KIB}
        self._client = door.connect(**small).open(deflate=deflate)
        self._client.socket.settimeout(2 * SLOW_FOR_S)
        self._messages = [os.urandom(size) for _ in range(mib * MIB // size)]
        self._sender = threading.Thread(target=self._send)

    def __enter__(self) -> None:
        self._sender.start()
        self.start()

    def __exit__(self, *_: object) -> None:
        self._client.socket.close()
        self._sender.join()

    def _send(self) -> None:
        try:
            self._client.send(*(frame(BINARY, each) for each in self._messages))
        except OSError as error:
            self.outcome = f"cut while sending: {error}"

    def run(self) -> None:
        read = bytearray()
        try:
            end = time.monotonic() + SLOW_FOR_S
            while time.monotonic() < end:
                read += self._client.read_some(SLOW_BYTES)
                time.sleep(SLOW_PAUSE_S)
            self._client.put_back(bytes(read))
            self._client.hurry()
            self.outcome = "all" if self._is_all() else "wrong bytes"
        except (OSError, EOFError) as error:
            self.outcome = f"cut after {len(read)} bytes: {error!r}"

    def _is_all(self) -> bool:
        return all(self._client.read_payload() == each for each in self._messages)


CROWD = 500
ROUNDS = 16
"""Of `BLOCK`: a MiB for each client, several times what the kernel takes of it."""


@pytest.mark.parametrize("kind", ["tcp", "unix"])
def test_five_hundred_clients_that_flood_at_once_and_never_read_cost_150_mib_together(
    tmp_path: Path, kind: str
) -> None:
    with set_up_doors(tmp_path, "--stall-timeout=30s") as (scene, doors), ExitStack() as stack:
        attackers = [stack.enter_context(arrive(doors[kind])) for _ in range(CROWD)]
        usual = behave(scene, attackers)
        sent = flood(attackers, BLOCK * ROUNDS)
        seen = scene.sentinel.report()
        note(f"{CROWD} floods over {kind}: {sent / MIB:.0f} MiB sent, growth {scene.growth() / MIB:.0f} MiB")
        note(f"{CROWD} floods over {kind}: sentinel p99 {seen.p99_s * 1e3:.1f} ms, worst {seen.worst_s * 1e3:.1f} ms")
        note(f"{CROWD} clients that read, over {kind}: sentinel worst {usual.worst_s * 1e3:.1f} ms")
        assert sent < CROWD * ROUNDS * len(BLOCK)
        assert scene.growth() <= 150 * MIB
        later = scene.sentinel.watch(1.0)
        stack.close()
        scene.check()
        scene.check_latency(seen, usual)
        scene.check_latency(later)


def behave(scene: Scene, clients: Sequence[Attacker]) -> Report:
    """All of them send the same at the same instant, and read: what that costs others, on this machine and now."""
    scene.sentinel.report()
    for client in clients:
        client.send(BLOCK)
    for client in clients:
        client.read_frame()
    return scene.sentinel.report()


def arrive(door: Door) -> Attacker:
    """A client for whom the kernel keeps as little as may be."""
    small = {"receive_buffer": 4 * KIB, "send_buffer": 64 * KIB}
    return (door.connect() if isinstance(door.address, str) else connect(door.address, **small, segment=1448)).open()


def test_unread_replies_and_a_close_are_freed_in_time(scene: Scene) -> None:
    with scene.open(receive_buffer=4 * KIB) as attacker:
        attacker.send(frame(BINARY, bytes(10_000)) * 20, close_frame())
        scene.wait_until_read()
        seconds = scene.wait_until_freed()
        note(f"A3: freed {seconds:.1f} s after the Close")
        assert seconds <= CLOSE_TIMEOUT_S + LATE_S


def test_unread_replies_above_the_buffer_and_a_close_are_freed_in_time(scene: Scene) -> None:
    with scene.open(receive_buffer=4 * KIB) as attacker:
        attacker.send(frame(BINARY, bytes(MIB)) * 4, close_frame())
        assert scene.wait_until_freed() <= STALL_TIMEOUT_S + CLOSE_TIMEOUT_S + LATE_S


def test_a_reader_that_comes_back_in_time_gets_everything() -> None:
    with staged(f"--stall-timeout={READERS_STALL_S}s") as scene, scene.open(receive_buffer=4 * KIB) as client:
        sender = threading.Thread(target=client.send, args=[frame(TEXT, b"x" * 1000)] * 3000)
        sender.start()
        time.sleep(READERS_STALL_S / 2)
        assert all(client.read_payload() == b"x" * 1000 for _ in range(3000))
        sender.join()


def test_pongs_that_nobody_reads_hold_reading_too(scene: Scene) -> None:
    with scene.open(receive_buffer=4 * KIB, send_buffer=64 * KIB) as attacker:
        flood_until_held(attacker, frame(PING, bytes(125)), MOST)
        assert scene.growth() <= MIB + 64 * KIB


def test_the_write_buffer_is_an_option() -> None:
    with staged("--write-buffer=1M", clients=5) as scene:
        with scene.open(receive_buffer=4 * KIB, send_buffer=64 * KIB) as attacker:
            flood_until_held(attacker, BLOCK, MOST)
        assert MIB <= scene.growth() <= 3 * MIB


def test_bombs_whose_replies_are_never_read_are_not_inflated(scene: Scene) -> None:
    with scene.open(deflate=True, receive_buffer=4 * KIB, send_buffer=64 * KIB) as attacker:
        flood_until_held(attacker, compressed_frame(bytes(MIB)) * 60, 4 * MIB)
        note(f"A1 60 MiB in 64 KiB, never read: growth {scene.growth() / MIB:.2f} MiB")
        assert scene.growth() <= 5 * MIB
