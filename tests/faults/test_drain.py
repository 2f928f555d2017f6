"""SIGTERM while everybody talks: who reads gets everything and 1001, who does not is cut, and the exit code is 0."""

from __future__ import annotations

import os
import signal
import threading
import time
from contextlib import ExitStack

import pytest

from tests.faults.attacker import BINARY, CONTINUATION, TEXT, Attacker, close_frame, compressed_frame, frame, request
from tests.faults.measure import KIB, MIB, wait_until
from tests.faults.numbered import NUMBERED, read_numbered, read_slowly, send_numbered
from tests.faults.scene import CLOSE_TIMEOUT_S, SLOW_S, Scene, assert_no_traceback, flood_until_held, note, set_up

PATIENT = ("--close-timeout=20s", "--stall-timeout=20s", "--handshake-timeout=20s")
"""No connection ends because its client is slow."""

QUICK = ("--drain-spread=500ms", "--drain-timeout=10s", *PATIENT)


def leave(client: Attacker) -> int:
    """Read the server's Close and answer it; its code."""
    close = client.read_message()
    client.send(frame(close.opcode, close.payload))
    part(client)
    return close.code


def part(client: Attacker) -> None:
    """Wait for the end, which is no reset, and close this side: the server waits for that."""
    assert client.wait_for_end() == "fin"
    client.socket.close()


def terminate(scene: Scene) -> None:
    """Send SIGTERM, and wait until the daemon knows."""
    os.kill(scene.pid, signal.SIGTERM)
    scene.daemon.wait_for_line("echod is shutting down")


def assert_clean_end(scene: Scene, cut: int = 0) -> None:
    """Exit code 0, one line with the number of those that were cut, and no traceback."""
    assert scene.daemon.wait(30) == 0
    assert scene.daemon.text.count("echod drained: ") == 1
    assert f"drained: aborted {cut} connections" in scene.daemon.text
    assert_no_traceback(scene.daemon.text)


def test_five_hundred_readers_get_all_they_are_owed_and_1001() -> None:
    with set_up(*QUICK, "--drain-timeout=25s") as scene, ExitStack() as stack:
        clients = [stack.enter_context(scene.open(receive_buffer=4 * KIB)) for _ in range(500)]
        for client in clients:
            client.send(*(frame(TEXT, each) for each in NUMBERED[:20]))
        scene.wait_until_read()
        start = time.monotonic()
        terminate(scene)
        for client in clients:
            assert [client.read_payload() for _ in range(20)] == NUMBERED[:20]
            assert leave(client) == 1001
        assert_clean_end(scene)
        note(f"drain of 500 readers and the sentinel: {time.monotonic() - start:.1f} s")


def test_those_who_talk_on_lose_nothing_before_the_close() -> None:
    with set_up(*QUICK) as scene:
        terminate(scene)
        assert_clean_end(scene)
        wait_until(lambda: scene.sentinel.report().codes == {"1001": 50}, 20, "everybody has got 1001 and nothing else")
        assert not scene.sentinel.report().wrong


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_close_that_crosses_ours_takes_no_echo_away(number: signal.Signals) -> None:
    with set_up(*QUICK, clients=0) as scene, scene.open(receive_buffer=4 * KIB) as client:
        send_numbered(client)
        scene.wait_until_read()
        os.kill(scene.pid, number)
        client.send(close_frame())
        assert read_numbered(client)
        assert client.read_message().code in (1000, 1001)
        part(client)
        assert_clean_end(scene)


def test_a_message_in_flight_behind_our_close_is_met_with_silence() -> None:
    with set_up(*QUICK, clients=0) as scene, scene.open() as client:
        terminate(scene)
        close = client.read_message()
        client.send(frame(TEXT, b"in flight") * 100, frame(close.opcode, close.payload))
        assert close.code == 1001
        assert client.read_rest() == b""
        client.socket.close()
        assert_clean_end(scene)


def test_messages_that_wait_in_the_queue_are_a_whole_beginning_of_what_was_sent() -> None:
    with set_up(*QUICK, clients=0) as scene, scene.open(receive_buffer=4 * KIB) as client:
        sent = client.send_until_stuck(frame(BINARY, bytes(10_000)), 64 * MIB)
        terminate(scene)
        client.hurry()
        messages, close = client.read_until_close()
        assert all(each.payload == bytes(10_000) for each in messages)
        assert 0 < len(messages) <= sent // 10_000
        client.send(frame(close.opcode, close.payload))
        part(client)
        assert_clean_end(scene)


def test_a_reader_slower_than_the_close_timeout_still_gets_everything() -> None:
    options = (*QUICK, "--drain-timeout=25s", f"--stall-timeout={2 * SLOW_S}s", f"--close-timeout={SLOW_S}s")
    with set_up(*options, clients=0) as scene, scene.open(receive_buffer=4 * KIB) as client:
        send_numbered(client)
        scene.wait_until_read()
        terminate(scene)
        read_slowly(client, 3 * SLOW_S)
        assert read_numbered(client)
        assert leave(client) == 1001
        assert_clean_end(scene)


def test_a_train_that_is_being_worked_on_is_finished_first() -> None:
    # Seven are read at one go; of more the rest would stay unread, since nobody takes the replies yet.
    with set_up(*QUICK, "--inflate-rate=2M", clients=0) as scene, scene.open(deflate=True) as client:
        client.send(compressed_frame(bytes(MIB)) * 7)
        scene.wait_until_read()
        terminate(scene)
        assert all(len(client.read_payload()) == MIB for _ in range(7))
        assert leave(client) == 1001
        assert_clean_end(scene)


def test_a_client_in_the_middle_of_a_message_gets_1001_too() -> None:
    with set_up(*QUICK, clients=0) as scene, scene.open() as client:
        client.send(frame(TEXT, b"half", fin=False))
        scene.wait_until_read()
        terminate(scene)
        client.send(frame(CONTINUATION, b"whole"))
        messages, close = client.read_until_close()
        assert [each.payload for each in messages] in ([], [b"halfwhole"])
        client.send(frame(close.opcode, close.payload))
        part(client)
        assert close.code == 1001
        assert_clean_end(scene)


def test_handshakes_in_progress_get_503() -> None:
    with set_up(*QUICK, clients=0) as scene, scene.connect() as half:
        half.send(request()[:40])
        scene.wait_until_accepted()
        scene.wait_until_read()
        terminate(scene)
        head = half.read_head()
        assert head.startswith(b"HTTP/1.1 503 ")
        assert b"\r\nRetry-After: " in head
        part(half)
        assert_clean_end(scene)


def test_who_has_said_nothing_yet_is_let_go_without_a_reset() -> None:
    with set_up(*QUICK, clients=0) as scene, scene.connect() as silent:
        scene.wait_until_accepted()
        terminate(scene)
        part(silent)
        assert_clean_end(scene)


def test_nobody_is_accepted_while_others_leave() -> None:
    with set_up(*QUICK, clients=0) as scene, scene.open() as slow:
        terminate(scene)
        wait_until(lambda: is_refused(scene), 5, "the port is closed")
        assert leave(slow) == 1001
        assert_clean_end(scene)


def is_refused(scene: Scene) -> bool:
    try:
        with scene.connect():
            return False
    except ConnectionRefusedError:
        return True


def test_a_client_that_does_not_answer_our_close_does_not_hold_the_end() -> None:
    with set_up("--drain-spread=0", "--drain-timeout=10s", clients=0) as scene, scene.open() as mute:
        start = time.monotonic()
        terminate(scene)
        assert mute.read_message().code == 1001
        assert scene.daemon.wait(10) == 0
        seconds = time.monotonic() - start
        note(f"drain with a client that never answers, close timeout 1 s: {seconds:.1f} s")
        assert seconds <= 2 * CLOSE_TIMEOUT_S + 4


def test_stuck_clients_are_cut_at_the_deadline_and_counted_in_one_line() -> None:
    options = ("--drain-spread=0", "--drain-timeout=3s", "--stall-timeout=30s", "--close-timeout=20s")
    with set_up(*options, clients=5) as scene, ExitStack() as stack:
        for _ in range(3):
            stuck = stack.enter_context(scene.open(receive_buffer=4 * KIB, send_buffer=16 * KIB))
            stuck.send_until_stuck(frame(BINARY, bytes(64 * KIB)), 64 * MIB, stuck_s=0.2)
        start = time.monotonic()
        terminate(scene)
        assert_clean_end(scene, cut=3)
        assert time.monotonic() - start <= 10


def test_the_closes_are_spread() -> None:
    with set_up("--drain-spread=4s", *PATIENT, clients=0) as scene, ExitStack() as stack:
        clients = [stack.enter_context(scene.open()) for _ in range(60)]
        terminate(scene)
        start = time.monotonic()
        moments = [(leave(each), time.monotonic() - start)[1] for each in clients]
        note(f"Closes of 60 clients with a spread of 4 s: {min(moments):.1f} to {max(moments):.1f} s")
        assert max(moments) - min(moments) >= 0.5
        assert max(moments) <= 8
        assert_clean_end(scene)


def test_a_second_signal_ends_at_once() -> None:
    options = ("--drain-timeout=25s", "--stall-timeout=30s", "--close-timeout=20s")
    with set_up(*options, clients=0) as scene, scene.open(receive_buffer=4 * KIB, send_buffer=16 * KIB) as stuck:
        flood_until_held(stuck, frame(BINARY, bytes(64 * KIB)), 64 * MIB, stuck_s=0.2)
        terminate(scene)
        start = time.monotonic()
        os.kill(scene.pid, signal.SIGTERM)
        assert scene.daemon.wait() == 0
        assert time.monotonic() - start <= 10
        assert_no_traceback(scene.daemon.text)


def test_a_signal_during_a_storm_of_handshakes_ends_cleanly() -> None:
    with set_up("--drain-spread=0", clients=0) as scene:
        storming = threading.Event()
        storms = [threading.Thread(target=storm, args=(scene, storming)) for _ in range(4)]
        for each in storms:
            each.start()
        time.sleep(0.3)
        terminate(scene)
        assert scene.daemon.wait(10) == 0
        storming.set()
        for each in storms:
            each.join()
        assert_no_traceback(scene.daemon.text)


def storm(scene: Scene, stop: threading.Event) -> None:
    """Connect, shake hands and leave, again and again, whatever becomes of it."""
    end = time.monotonic() + 10
    while not stop.is_set() and time.monotonic() < end:
        try:
            with scene.connect(timeout=2.0) as client:
                client.send(request(), frame(TEXT, b"x"))
                client.read_some()
        except OSError:
            time.sleep(0.001)


def test_from_the_signal_on_a_health_check_is_told_503_or_finds_nobody() -> None:
    with set_up("--drain-spread=0", *PATIENT, clients=0) as scene, scene.open() as held, scene.connect() as early:
        early.send(b"GET /health/ready HTTP/1.1\r\n")
        scene.wait_until_read()
        terminate(scene)
        assert early.read_head().startswith(b"HTTP/1.1 503 ")
        part(early)
        with pytest.raises(ConnectionRefusedError):
            scene.connect()
        assert leave(held) == 1001
        assert_clean_end(scene)


def test_the_end_of_a_drain_shows_who_was_refused_or_cut_before() -> None:
    with set_up("--drain-spread=0", clients=0) as scene:
        for sent in (b"\0", request("/nowhere"), request("/nowhere"), request("/echo") + frame(0x3)):
            with scene.connect() as client:
                client.send(sent)
                client.wait_for_end()
        scene.wait_until_freed()
        terminate(scene)
        assert scene.daemon.wait(10) == 0
        assert (
            "aborted 0 connections; refused or closed since start: 400 ×1, 404 ×2, protocol error ×1"
            in scene.daemon.text
        )
