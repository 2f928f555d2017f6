"""Heads that are too large, too slow, wrong, or meant to be read twice; and more clients than there is room for."""

from __future__ import annotations

import time
from contextlib import ExitStack

import pytest

from tests.faults.attacker import KEY, TEXT, Attacker, connect, frame, request
from tests.faults.doors import Door
from tests.faults.measure import KIB, MIB, stopped, wait_until
from tests.faults.scene import CLOSE_TIMEOUT_S, HEAD_TIMEOUT_S, LATE_S, Scene, note, staged, usual_stall

FILLER = "X-Filler: "
LINE_BREAKS = {
    "bare CR": "\r",
    "bare LF": "\n",
    "VT": "\v",
    "FF": "\f",
    "FS": "\x1c",
    "GS": "\x1d",
    "RS": "\x1e",
    "NUL": "\0",
    "DEL": "\x7f",
}
NEEDED = ("Host", "Connection", "Sec-WebSocket-Key", "Sec-WebSocket-Version")
DOUBLED = {"host": "Host: localhost", "key": f"Sec-WebSocket-Key: {KEY}", "version": "Sec-WebSocket-Version: 13"}
WRONG = {
    "old version": (b"Version: 13", b"Version: 8", 426),
    "several versions": (b"Version: 13", b"Version: 13, 8", 426),
    "short key": (KEY.encode(), b"c2hvcnQ=", 400),
    "key that is no base64": (KEY.encode(), b"!" * 24, 400),
    "host that is none": (b"Host: localhost", b"Host: local/host", 400),
    "POST": (b"GET ", b"POST ", 405),
    "HTTP/1.0": (b"HTTP/1.1", b"HTTP/1.0", 505),
    "HTTP/2.0": (b"HTTP/1.1", b"HTTP/2.0", 505),
    "no version": (b" HTTP/1.1", b"", 400),
    "unknown path": (b"/echo", b"/nowhere", 404),
    "fragment": (b"/echo", b"/echo#part", 400),
    "blank before the colon": (b"Host:", b"Host :", 400),
    "folded line": (b"Host: localhost", b"Host:\r\n localhost", 400),
    "body by length": (b"Upgrade: w", b"Content-Length: 5\r\nUpgrade: w", 400),
    "body in chunks": (b"Upgrade: w", b"Transfer-Encoding: chunked\r\nUpgrade: w", 400),
}


def status(attacker: Attacker) -> int:
    """The status of the answer, which must be a polite one."""
    head = attacker.read_head()
    words = head.split(b"\r\n")[0].split(b" ")
    assert words[0] == b"HTTP/1.1"
    if words[1] != b"101":
        assert b"content-length: " in head.lower()
        assert b"close" in head.lower()
    return int(words[1])


def answer(scene: Scene, *pieces: bytes) -> int:
    """The status that these bytes get; afterwards the connection ends without a reset."""
    with scene.connect() as attacker:
        attacker.send(*pieces)
        code = status(attacker)
        assert code == 101 or attacker.wait_for_end() == "fin"
        return code


def test_a_head_of_exactly_the_limit_is_accepted(scene: Scene) -> None:
    room = 16 * KIB - len(request("/echo", FILLER)) + len("\r\n\r\n")
    with scene.connect() as client:
        client.send(request("/echo", FILLER + "x" * room))
        assert status(client) == 101


def test_a_head_of_a_byte_more_is_refused(scene: Scene) -> None:
    room = 16 * KIB - len(request("/echo", FILLER)) + len("\r\n\r\n")
    assert answer(scene, request("/echo", FILLER + "x" * (room + 1))) == 431


@pytest.mark.parametrize(("fields", "code"), [(100, 101), (101, 431)])
def test_a_head_has_100_fields_at_most(scene: Scene, fields: int, code: int) -> None:
    present = len(request().split(b"\r\n")) - 3
    with scene.connect() as client:
        client.send(request("/echo", *["X: y"] * (fields - present)))
        assert status(client) == code


def test_two_megabytes_of_equal_header_lines_are_refused_for_a_few_milliseconds_of_cpu(scene: Scene) -> None:
    flood = request("/echo", *["X-Same: value"] * (2 * MIB // 15))
    idle = idle_cpu(scene)
    start, began = scene.cpu(), time.monotonic()
    with scene.connect() as attacker:
        attacker.send_until_stuck(flood, len(flood))
        assert status(attacker) == 431
        spent = scene.cpu() - start - idle * (time.monotonic() - began)
    note(f"A2: {spent * 1e3:.1f} ms of CPU, growth {scene.growth() / MIB:.2f} MiB")
    assert spent <= 0.020
    assert scene.growth() <= MIB


def idle_cpu(scene: Scene) -> float:
    """Seconds of CPU in a second for the sentinel alone."""
    before, start = scene.cpu(), time.monotonic()
    time.sleep(0.5)
    return (scene.cpu() - before) / (time.monotonic() - start)


def test_a_huge_head_stalls_nobody(scene: Scene) -> None:
    def attack() -> None:
        with scene.connect() as attacker:
            attacker.send_until_stuck(request("/echo", *["X-Same: value"] * 140_000), 2 * MIB, stuck_s=0.2)

    stall = usual_stall(scene.daemon, attack)
    note(f"A2: stall {stall * 1e3:.1f} ms")
    assert stall <= 0.020


def test_a_silent_client_is_let_go_without_a_word(scene: Scene) -> None:
    with scene.connect() as attacker:
        watch, start = scene.stopwatch(), time.monotonic()
        assert attacker.read_rest() == b""
        assert time.monotonic() - start >= HEAD_TIMEOUT_S - 0.2
        assert watch.seconds() <= HEAD_TIMEOUT_S + 1
        scene.wait_until_freed()


def test_a_client_that_begins_and_stops_is_told_408_and_let_go(scene: Scene) -> None:
    with scene.connect() as attacker:
        attacker.send(b"GET")
        watch, start = scene.stopwatch(), time.monotonic()
        assert status(attacker) == 408
        assert time.monotonic() - start >= HEAD_TIMEOUT_S - 0.1
        assert watch.seconds() <= HEAD_TIMEOUT_S + 1
        attacker.read_rest()
        assert scene.wait_until_freed() <= CLOSE_TIMEOUT_S + LATE_S


def test_a_head_that_comes_byte_by_byte_is_not_waited_for_longer(scene: Scene) -> None:
    with scene.connect() as attacker:
        watch = scene.stopwatch()
        attacker.socket.settimeout(0.05)
        for byte in request("/echo", FILLER + "x" * 1000):
            attacker.send(bytes([byte]))
            if is_answered(attacker):
                break
        attacker.socket.settimeout(5)
        assert status(attacker) == 408
        assert watch.seconds() <= HEAD_TIMEOUT_S + 1


def is_answered(attacker: Attacker) -> bool:
    """Whether something has come within a twentieth of a second."""
    try:
        attacker.put_back(attacker.socket.recv(1))
    except TimeoutError:
        return False
    return True


@pytest.mark.parametrize("kind", ["tls", "proxy", "unix"])
def test_silence_is_not_waited_for_at_any_door(door_scene: Scene, doors: dict[str, Door], kind: str) -> None:
    with connect(doors[kind].address) as attacker:
        watch = door_scene.stopwatch()
        attacker.wait_for_end()
        assert watch.seconds() <= HEAD_TIMEOUT_S + CLOSE_TIMEOUT_S + LATE_S
        door_scene.wait_until_freed()
        note(f"silent at {kind}: freed after {watch.seconds():.1f} s")


def test_garbage_behind_a_refusal_does_not_keep_the_connection(scene: Scene) -> None:
    with scene.connect() as attacker:
        attacker.send(b"\0")
        watch = scene.stopwatch()
        attacker.send_until_stuck(bytes(1000), 200 * MIB, stuck_s=2.0)
        scene.wait_until_freed()
        assert watch.seconds() <= CLOSE_TIMEOUT_S + LATE_S + 2
        assert scene.growth() <= MIB


@pytest.mark.parametrize("character", LINE_BREAKS.values(), ids=LINE_BREAKS.keys())
def test_a_header_cannot_be_smuggled_behind_a_control_character(scene: Scene, character: str) -> None:
    assert answer(scene, request("/echo", f"X-Harmless: a{character}Origin: http://evil.example")) == 400


@pytest.mark.parametrize("name", NEEDED)
def test_a_missing_header_is_refused(scene: Scene, name: str) -> None:
    assert answer(scene, request(without=name)) == (426 if name == "Sec-WebSocket-Version" else 400)


@pytest.mark.parametrize("line", DOUBLED.values(), ids=DOUBLED.keys())
def test_a_doubled_header_is_refused(scene: Scene, line: str) -> None:
    assert answer(scene, request("/echo", line)) == 400


@pytest.mark.parametrize("value", ["\xc3\x85lesund", "voil\xc3\xa0", "\x85"])
def test_other_alphabets_may_stand_in_a_header(scene: Scene, value: str) -> None:
    assert answer(scene, request("/echo", f"X-City: {value}")) == 101


@pytest.mark.parametrize("sent", [b"GET / HTTP/1.0\n\n", b"GET / HTTP/1.1\r\nHost: h\n\n", b"\n", b"\r\n\r\n"])
def test_what_ends_its_lines_otherwise_is_told_so_at_once(scene: Scene, sent: bytes) -> None:
    with scene.connect() as attacker:
        attacker.send(sent)
        watch = scene.stopwatch()
        assert status(attacker) == 400
        assert watch.seconds() < 1


def test_a_refused_client_cannot_send_at_full_speed(scene: Scene) -> None:
    with scene.connect() as attacker:
        attacker.send(b"GET / HTTP/1.1\r\n\0")
        sent = attacker.send_until_stuck(bytes(64 * KIB), 64 * MIB, stuck_s=1.0)
        note(f"sent behind a refusal: {sent / MIB:.1f} MiB")
        assert sent < 32 * MIB
        assert scene.wait_until_freed() <= CLOSE_TIMEOUT_S + LATE_S


@pytest.mark.parametrize("line", ["Upgrade: websocket", "Connection: keep-alive"])
def test_a_header_that_is_a_list_may_come_in_two_lines(scene: Scene, line: str) -> None:
    assert answer(scene, request("/echo", line)) == 101


@pytest.mark.parametrize(("old", "new", "code"), WRONG.values(), ids=WRONG.keys())
def test_a_wrong_handshake_gets_its_status(scene: Scene, old: bytes, new: bytes, code: int) -> None:
    assert answer(scene, request().replace(old, new, 1)) == code


def test_a_refusal_does_not_repeat_what_the_client_sent(scene: Scene) -> None:
    with scene.connect() as attacker:
        attacker.send(request("/nowhere<script>", "X-Evil: <script>"))
        assert b"script" not in attacker.read_rest()
    assert "<script>" not in scene.log()


def test_a_head_may_come_in_any_pieces(scene: Scene) -> None:
    with scene.connect() as client:
        for byte in request() + frame(TEXT, b"at once"):
            client.send(bytes([byte]))
        assert status(client) == 101
        assert client.read_payload() == b"at once"


@pytest.mark.parametrize("path", ["/echo", "/"])
def test_refusals_and_acceptances_tell_no_version(scene: Scene, path: str) -> None:
    for sent in (request(path), request(path, "Host: twice"), b"\0", request("/nowhere")):
        with scene.connect() as client:
            client.send(sent)
            head = client.read_head().lower()
            assert not any(word in head for word in (b"autobahn", b"twisted", b"python", b"echod/"))


def test_more_connections_than_allowed_get_503_until_one_is_lost() -> None:
    with staged("--max-connections=8", clients=5) as scene, ExitStack() as stack:
        held = [stack.enter_context(scene.open()) for _ in range(3)]
        with scene.connect() as late:
            head = late.read_head()
            assert head.startswith(b"HTTP/1.1 503 ")
            assert b"\r\nRetry-After: 5\r\n" in head
        held[0].socket.close()
        wait_until(lambda: is_accepted(scene), 5, "a place is free again")


def is_accepted(scene: Scene, source: str = "127.0.0.1") -> bool:
    with connect(scene.address, source=source) as client:
        client.send_until_stuck(request(), len(request()))
        return status(client) == 101


def test_silent_sockets_beyond_the_limit_do_not_pile_up() -> None:
    with staged("--max-connections=20", clients=5) as scene, ExitStack() as stack:
        for _ in range(100):
            stack.enter_context(scene.connect())
        wait_until(lambda: "Traceback" in scene.log() or is_accepted(scene), 10, "places are free again")


def test_more_connections_of_one_address_get_503_and_others_do_not() -> None:
    with staged("--max-per-address=6", clients=5) as scene:
        with scene.open():
            assert not is_accepted(scene)
            assert is_accepted(scene, "127.0.0.2")
        wait_until(lambda: is_accepted(scene), 5, "a place is free again")


def test_behind_a_proxy_the_address_is_that_of_the_client() -> None:
    options = ("--max-per-address=6", "--listen=haproxy:tcp:0:interface=127.0.0.1")
    with staged(*options, clients=0) as scene, ExitStack() as stack:
        for _ in range(6):
            assert greet(stack.enter_context(scene.connect()), "192.0.2.1") == 101
        assert greet(stack.enter_context(scene.connect()), "192.0.2.1") == 503
        assert greet(stack.enter_context(scene.connect()), "192.0.2.2") == 101
        stack.close()


def greet(client: Attacker, address: str) -> int:
    """Shake hands as a proxy would for a client of this address."""
    client.send(f"PROXY TCP4 {address} 127.0.0.1 1234 80\r\n".encode(), request())
    return status(client)


def test_a_burst_of_connects_is_queued_while_the_daemon_is_busy() -> None:
    with staged(clients=0) as scene, ExitStack() as stack, stopped(scene.pid):
        for _ in range(1000):
            stack.enter_context(scene.connect(timeout=1.0))
