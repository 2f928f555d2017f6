"""The process: its defaults, its descriptors, its mistakes at the start, and what callbacks do to it."""

from __future__ import annotations

import re
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from echod.settings import KIB, MIB, Limits, Settings
from tests.child import TWISTD, Child, Daemon
from tests.faults.attacker import PING, TEXT, connect, frame, request
from tests.faults.measure import descriptors, wait_until
from tests.faults.scene import SHORT, assert_no_traceback, set_up, staged

DAEMON = (TWISTD, "--nodaemon", "--pidfile=", "--logfile=-", "echod")
LIMITS = Limits(
    max_header_bytes=16 * KIB,
    max_header_count=100,
    handshake_timeout_s=5,
    max_message_bytes=16 * MIB,
    max_fragments=131_072,
    max_unfinished_bytes=256 * MIB,
    inflated_bytes_per_s=64 * MIB,
    write_buffer_bytes=64 * KIB,
    stall_timeout_s=20,
    ping_interval_s=20,
    ping_timeout_s=20,
    close_timeout_s=5,
    drain_timeout_s=25,
)
DEFAULTS = {
    "max-header-size": "16K",
    "max-header-count": "100",
    "handshake-timeout": "5s",
    "max-message": "16M",
    "max-fragments": "131072",
    "max-unfinished": "256M",
    "inflate-rate": "64M",
    "write-buffer": "64K",
    "stall-timeout": "20s",
    "ping-interval": "20s",
    "ping-timeout": "20s",
    "close-timeout": "5s",
    "drain-timeout": "25s",
    "backlog": "4096",
}
MISTAKES = {
    "unknown option": ("--nonsense=1", "nonsense"),
    "size": ("--max-message=lots", "lots"),
    "time": ("--stall-timeout=-1s", "-1s"),
    "count": ("--max-connections=0", "0"),
    "port": ("--port=65536", "65536"),
    "endpoint": ("--listen=nonsense:1", "nonsense:1"),
    "folder": ("--web=/nowhere/at/all", "/nowhere/at/all"),
    "origin": ("--origin=*.example.com", "*.example.com"),
    "TLS file": ("--listen=ssl:0:privateKey=/nowhere.pem", "/nowhere.pem"),
}


def test_the_limits_are_those_that_are_promised() -> None:
    assert Limits() == LIMITS
    assert Settings().backlog == 4096


def test_the_help_states_the_defaults() -> None:
    command = [TWISTD, "echod", "--help"]
    text = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60).stdout
    words = " ".join(text.split())
    for name, value in DEFAULTS.items():
        part = re.split(r" --[a-z-]+=", words.partition(f"--{name}=")[2])[0]
        assert value in part, name


@pytest.mark.parametrize(("option", "value"), MISTAKES.values(), ids=MISTAKES.keys())
def test_a_mistake_is_one_line_and_exit_code_1(option: str, value: str) -> None:
    with Child([*DAEMON, option]) as child:
        assert child.wait() == 1
        assert value in child.out[-1]
        assert sum(line.startswith("echod: ") for line in child.out) == 1
        assert_no_traceback(child.text)


def test_a_taken_port_is_one_line_and_exit_code_1() -> None:
    with Daemon() as first, Child([*DAEMON, f"--port={first.port}"]) as second:
        assert second.wait() == 1
        assert "cannot listen" in second.out[-1]
        assert_no_traceback(second.text)


def limited(count: int) -> list[str | Path]:
    """A daemon that may open so many files."""
    script = f'ulimit -n {count}; exec "$@"'
    return ["sh", "-c", script, "sh", *DAEMON, "--port=0", *SHORT]


def test_more_clients_than_open_files_get_503_and_the_others_live() -> None:
    with staged(clients=5, argv=limited(100)) as scene, ExitStack() as stack:
        for _ in range(31):
            stack.enter_context(scene.open())
        with scene.connect() as late:
            late.send(request())
            assert late.read_head().startswith(b"HTTP/1.1 503 ")
        stack.close()


def test_running_out_of_descriptors_is_survived() -> None:
    with staged(clients=5, argv=limited(100)) as scene:
        with ExitStack() as stack:
            for _ in range(300):
                stack.enter_context(scene.connect())
            wait_until(lambda: descriptors(scene.pid) >= 90, 5, "the descriptors are used up")
        scene.wait_until_freed()
        with scene.open() as client:
            client.send(frame(TEXT, b"alive"))
            assert client.read_payload() == b"alive"


def test_a_client_that_sends_no_pong_is_cut_and_one_that_does_is_not() -> None:
    with staged("--ping-interval=500ms", "--ping-timeout=2s", clients=5) as scene, scene.open() as mute:
        assert mute.read_frame().opcode == PING
        assert mute.wait_for_loss(10, scene.pid) <= 6


LAST_LINE = "RuntimeError: a mistake"
"""Of a traceback: it is all there. A line of source has the word, too."""


@pytest.fixture(scope="module")
def raising() -> Iterator[Daemon]:
    with Daemon(argv=[sys.executable, "-m", "tests.faults.raising"]) as running:
        yield running


@pytest.mark.parametrize("path", ["/open", "/message", "/callback/open", "/callback/message"])
@pytest.mark.parametrize("at_once", [False, True], ids=["later", "in the segment of the handshake"])
def test_what_a_callback_raises_is_logged_once_and_closes_with_1011(raising: Daemon, path: str, at_once: bool) -> None:
    logged = raising.text.count(LAST_LINE)
    with connect(("127.0.0.1", raising.port)) as client:
        client.send(request(path), *([frame(TEXT, b"x")] if at_once else []))
        assert client.read_head().startswith(b"HTTP/1.1 101 ")
        client.send(*([] if at_once else [frame(TEXT, b"x")]))
        assert client.read_message().code == 1011
    wait_until(lambda: raising.text.count(LAST_LINE) > logged, 10, "it is logged")
    assert raising.text.count(LAST_LINE) == raising.text.count("Traceback")


def test_a_raising_callback_harms_nobody_else(raising: Daemon) -> None:
    with connect(("127.0.0.1", raising.port)).open("/multi-echo") as client:
        client.send(frame(TEXT, b"alive"))
        assert client.read_payload() == b"alive"


def test_a_local_socket_has_the_mode_it_is_told(tmp_path: Path) -> None:
    with set_up("--listen", "tcp:0:interface=127.0.0.1", "--listen", f"unix:{tmp_path}/echod:mode=600", clients=0):
        assert (tmp_path / "echod").stat().st_mode & 0o777 == 0o600
        with socket.socket(socket.AF_UNIX) as client:
            client.connect(f"{tmp_path}/echod")
