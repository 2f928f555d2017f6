"""Every order in which two peers can end a connection: what is owed arrives, and nobody is held for ever."""

from __future__ import annotations

import socket
import struct

import pytest

from tests.daemon.clients import reset
from tests.faults.attacker import BINARY, CLOSE, CONTINUATION, PING, TEXT, Attacker, close_frame, frame
from tests.faults.doors import Door
from tests.faults.measure import KIB, MIB
from tests.faults.numbered import read_numbered, read_slowly, send_numbered
from tests.faults.scene import CLOSE_TIMEOUT_S, LATE_S, SLOW_S, Scene, note, staged

CODES = [1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 1012, 1013, 1014, 3000, 4999]


@pytest.mark.parametrize("code", CODES)
def test_a_close_is_answered_with_its_code_and_reason(scene: Scene, code: int) -> None:
    with scene.open() as client:
        client.send(close_frame(code, b"why"))
        assert client.read_message().payload == struct.pack("!H", code) + b"why"
        assert client.wait_for_end() == "fin"


def test_a_bare_close_is_answered_with_a_bare_close(scene: Scene) -> None:
    with scene.open() as client:
        client.send(close_frame(None))
        close = client.read_message()
        assert (close.opcode, close.payload) == (CLOSE, b"")
        assert client.wait_for_end() == "fin"


def test_all_echoes_come_before_the_answer_to_a_close(scene: Scene) -> None:
    with scene.open(receive_buffer=4 * KIB) as client:
        send_numbered(client)
        client.send(close_frame())
        scene.wait_until_read()
        assert read_numbered(client)
        assert client.read_message().code == 1000
        assert client.wait_for_end() == "fin"


def test_messages_behind_a_close_are_dropped_in_silence(scene: Scene) -> None:
    with scene.open() as client:
        client.send(frame(TEXT, b"before"), close_frame(), frame(TEXT, b"behind") * 1000)
        messages, close = client.read_until_close()
        assert [each.payload for each in messages] == [b"before"]
        assert close.code == 1000
        assert client.read_rest() == b""


def test_garbage_behind_a_close_costs_nothing(scene: Scene) -> None:
    with scene.open() as attacker:
        attacker.send(close_frame())
        assert attacker.read_message().code == 1000
        watch = scene.stopwatch()
        attacker.send_until_stuck(bytes(64 * KIB), 256 * MIB)
        scene.wait_until_freed()
        seconds = watch.seconds()
        note(f"garbage behind a Close: growth {scene.growth() / MIB:.2f} MiB, freed after {seconds:.1f} s")
        assert seconds <= CLOSE_TIMEOUT_S + LATE_S + 0.5
        assert scene.growth() <= MIB


def test_a_client_that_never_closes_its_side_is_freed(scene: Scene) -> None:
    with scene.open() as attacker:
        attacker.send(close_frame())
        assert attacker.read_message().code == 1000
        assert scene.wait_until_freed() <= CLOSE_TIMEOUT_S + LATE_S


def test_a_client_that_is_gone_without_a_word_is_forgotten(scene: Scene) -> None:
    with scene.open() as attacker:
        attacker.send(frame(TEXT, b"x"))
    assert scene.wait_until_freed() <= 1


def test_a_reset_in_the_middle_of_a_message_is_forgotten(scene: Scene) -> None:
    with scene.open() as attacker:
        attacker.send(frame(BINARY, bytes(1000), length=MIB))
        reset(attacker.socket)
    assert scene.wait_until_freed() <= 1


def test_a_reset_with_unread_echoes_is_forgotten(scene: Scene) -> None:
    with scene.open(receive_buffer=4 * KIB) as attacker:
        send_numbered(attacker)
        scene.wait_until_read()
        reset(attacker.socket)
    assert scene.wait_until_freed() <= 1


@pytest.mark.usefixtures("door_scene")
@pytest.mark.parametrize("kind", ["tcp", "unix"])
def test_who_closes_its_direction_gets_all_echoes_and_then_the_end(doors: dict[str, Door], kind: str) -> None:
    with doors[kind].connect(receive_buffer=4 * KIB).open() as client:
        send_numbered(client)
        client.socket.shutdown(socket.SHUT_WR)
        assert read_numbered(client)
        assert all(code in (1000, 1001) for code in codes_of(client.read_rest()))


def codes_of(rest: bytes) -> list[int]:
    """The codes of what may come before the end of a stream: nothing, or a Close."""
    assert rest == b"" or (rest[0] == 0x80 | CLOSE and len(rest) == 2 + rest[1])
    return [struct.unpack("!H", rest[2:4])[0]] if len(rest) > 3 else []


def test_half_a_close_after_a_whole_message_loses_nothing_of_it(scene: Scene) -> None:
    with scene.open(receive_buffer=4 * KIB) as client:
        client.send(frame(BINARY, bytes(4 * MIB)))
        client.socket.shutdown(socket.SHUT_WR)
        assert client.read_payload() == bytes(4 * MIB)
        client.read_rest()


def test_half_a_close_in_the_middle_of_a_message_ends_the_connection(scene: Scene) -> None:
    with scene.open() as client:
        client.send(frame(TEXT, b"half", fin=False))
        client.socket.shutdown(socket.SHUT_WR)
        client.wait_for_end()
        assert scene.wait_until_freed() <= CLOSE_TIMEOUT_S + LATE_S


def test_half_a_close_with_unread_echoes_is_freed(scene: Scene) -> None:
    with scene.open(receive_buffer=4 * KIB) as attacker:
        send_numbered(attacker)
        attacker.socket.shutdown(socket.SHUT_WR)
        assert scene.wait_until_freed() <= CLOSE_TIMEOUT_S + LATE_S


def test_half_a_close_before_the_handshake_is_over_ends_the_connection(scene: Scene) -> None:
    with scene.connect() as attacker:
        attacker.send(b"GET /echo HTTP/1.1\r\n")
        attacker.socket.shutdown(socket.SHUT_WR)
        attacker.wait_for_end()
        assert scene.wait_until_freed() <= CLOSE_TIMEOUT_S + LATE_S


@pytest.mark.parametrize("kind", ["tcp", "tls", "unix"])
def test_a_close_that_is_followed_by_silence_is_freed(door_scene: Scene, doors: dict[str, Door], kind: str) -> None:
    with doors[kind].connect().open() as attacker:
        attacker.send(close_frame())
        assert attacker.read_message().code == 1000
        seconds = door_scene.wait_until_freed()
        note(f"A4: Close over {kind}, then silence: freed after {seconds:.1f} s")
        assert seconds <= CLOSE_TIMEOUT_S + LATE_S


def test_a_tls_connection_that_sends_on_behind_its_close_is_freed(door_scene: Scene, doors: dict[str, Door]) -> None:
    with doors["tls"].connect().open() as attacker:
        attacker.send(close_frame())
        watch, before = door_scene.stopwatch(), door_scene.cpu()
        attacker.send_until_stuck(bytes(16 * KIB), 256 * MIB)
        door_scene.wait_until_freed()
        seconds = watch.seconds()
        note(f"A4: TLS records behind a Close: freed after {seconds:.1f} s, {door_scene.cpu() - before:.2f} s of CPU")
        assert seconds <= CLOSE_TIMEOUT_S + LATE_S + 0.5
        assert door_scene.growth() <= 2 * MIB


def test_garbage_below_tls_behind_a_close_is_freed(door_scene: Scene, doors: dict[str, Door]) -> None:
    with doors["tls"].connect().open() as attacker, attacker.wire() as below:
        attacker.send(close_frame())
        before = door_scene.cpu()
        wire = Attacker(below)
        wire.send_until_stuck(b"\xff" * 64 * KIB, 64 * MIB)
        assert door_scene.wait_until_freed() <= CLOSE_TIMEOUT_S + LATE_S
        assert door_scene.cpu() - before <= 1
        assert door_scene.growth() <= 2 * MIB


def test_an_end_of_tls_without_close_notify_is_no_error_in_the_log(door_scene: Scene, doors: dict[str, Door]) -> None:
    with doors["tls"].connect().open() as attacker, attacker.wire() as below:
        send_numbered(attacker)
        below.shutdown(socket.SHUT_RDWR)
    assert door_scene.wait_until_freed() <= CLOSE_TIMEOUT_S + LATE_S
    assert "rror" not in door_scene.log()


def test_pings_do_not_keep_a_closing_connection(scene: Scene) -> None:
    with scene.open(receive_buffer=4 * KIB) as attacker:
        send_numbered(attacker)
        attacker.send(close_frame())
        attacker.send_until_stuck(frame(PING, b"still here"), 1000, stuck_s=0.1)
        assert scene.wait_until_freed() <= CLOSE_TIMEOUT_S + LATE_S


def test_a_close_in_the_middle_of_a_message_is_answered(scene: Scene) -> None:
    with scene.open() as client:
        client.send(frame(TEXT, b"a", fin=False), close_frame(), frame(CONTINUATION, b"b"))
        assert client.read_message().code == 1000
        assert client.wait_for_end() == "fin"


def test_a_violation_that_is_not_left_is_freed(scene: Scene) -> None:
    with scene.open() as attacker:
        attacker.send(frame(TEXT, b"x", masked=False))
        assert attacker.read_message().code == 1002
        assert scene.wait_until_freed() <= CLOSE_TIMEOUT_S + LATE_S


def test_a_slow_reader_gets_all_echoes_after_its_close() -> None:
    options = (f"--stall-timeout={2 * SLOW_S}s", f"--close-timeout={SLOW_S}s")
    with staged(*options) as scene, scene.open(receive_buffer=4 * KIB) as client:
        send_numbered(client)
        client.send(close_frame())
        read_slowly(client, 3 * SLOW_S)
        assert read_numbered(client)
        assert client.read_message().code == 1000
