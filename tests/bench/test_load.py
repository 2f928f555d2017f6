"""The load generator counts what is right, and ends with an error at the first thing that is not."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from bench import generator, machine
from tests.bench.tiny import Response, TinyServer, text_frame
from tests.child import Daemon

PING = b"\x89\x02hi"
QUICK = ("--warm-up", "0.05", "--measure", "1")


def run(load: Path, mode: str, port: int, *options: str) -> subprocess.CompletedProcess[str]:
    argv = [str(load), mode, str(port), "/echo", *options]
    return subprocess.run(argv, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60)


def figures(done: subprocess.CompletedProcess[str]) -> dict[str, float]:
    assert (done.stderr, done.returncode) == ("", 0)
    parsed: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return parsed


@pytest.mark.parametrize(
    ("connections", "in_flight", "payload"), [(1, 1, 1), (8, 1, 128), (4, 16, 128), (2, 64, 125), (2, 1, 1_048_576)]
)
def test_echod_echoes_every_byte(load: Path, daemon: Daemon, connections: int, in_flight: int, payload: int) -> None:
    shape = ("--connections", str(connections), "--in-flight", str(in_flight), "--payload", str(payload))
    found = figures(run(load, "echo", daemon.port, *QUICK, *shape))
    assert found["messages"] > 0
    assert found["errors"] == 0
    assert 0 < found["p50_us"] <= found["p99_us"] <= found["p999_us"] <= found["max_us"]
    assert found["messages_per_s"] == pytest.approx(found["messages"] / found["seconds"], rel=0.01)


def test_the_borders_of_what_counts_are_told(load: Path, daemon: Daemon) -> None:
    done = run(load, "echo", daemon.port, *QUICK)
    assert done.stdout.splitlines()[:2] == ["counting", "counted"]


def test_connections_are_opened_and_properly_closed(load: Path, daemon: Daemon) -> None:
    found = figures(run(load, "handshakes", daemon.port, "--connections", "50", "--at-once", "7"))
    assert found["handshakes"] == 50


def test_idle_connections_are_held_until_the_input_ends(load: Path) -> None:
    with Daemon() as fresh:
        pid = fresh.process.pid
        open_files = {"before": machine.open_files(pid)}
        generator.run(
            "idle",
            fresh.port,
            ["--connections", "40"],
            lambda line: open_files.update({line: machine.open_files(pid)}),
            load,
        )
    assert open_files["held"] - open_files["before"] == 40


def in_pieces(text: bytes) -> bytes:
    """Three frames, the second of them empty, with a ping between: RFC 6455, 5.4."""
    return text_frame(text[:126], 0x01) + b"\x00\x00" + PING + bytes((0x80, len(text) - 126)) + text[126:]


def test_an_echo_may_come_in_any_frames_and_pings_are_answered(load: Path) -> None:
    with TinyServer(in_pieces) as server:
        found = figures(run(load, "echo", server.port, *QUICK))
    assert len(server.pongs) >= found["messages"] > 0
    assert set(server.pongs) == {b"hi"}


def with_a_wrong_byte(text: bytes) -> bytes:
    return text_frame(text[:-1] + bytes((text[-1] ^ 1,)))


@pytest.mark.parametrize(
    ("answer", "says"),
    [
        (with_a_wrong_byte, "a wrong byte"),
        (lambda _text: None, "the connection was lost"),
        (lambda _text: b"\x88\x02\x03\xe8", "the server closed the connection"),
        (lambda _text: b"", "timeout: nothing was heard"),
        (lambda text: text_frame(text, 0x82), "a data frame of the wrong type"),
        (lambda text: text_frame(text, 0xC1), "a reserved bit"),
        (lambda text: text_frame(text + b"x"), "an echo that is too long"),
        (lambda text: text_frame(text[:-1]), "an echo that is too short"),
        (lambda text: text_frame(text) * 2, "a message that nobody sent"),
    ],
    ids=lambda value: value.replace(" ", "-") if isinstance(value, str) else "",
)
def test_a_server_that_errs_ends_the_load(load: Path, answer: Response, says: str) -> None:
    timeout = "0.5" if says.startswith("timeout") else "30"
    with TinyServer(answer, honest=2) as server:
        done = run(load, "echo", server.port, *QUICK, "--timeout", timeout)
    assert (done.returncode, done.stderr) == (1, f"load: {says}\n")
    assert "{" not in done.stdout


def test_a_refused_upgrade_ends_the_load(load: Path) -> None:
    with TinyServer(lambda _text: None, status="403") as server:
        done = run(load, "echo", server.port, *QUICK)
    assert (done.returncode, done.stderr) == (1, "load: the upgrade was refused\n")


def test_the_runner_raises_what_the_load_says(load: Path) -> None:
    with TinyServer(with_a_wrong_byte) as server, pytest.raises(generator.LoadFailed, match=r"^load: a wrong byte$"):
        generator.run("echo", server.port, QUICK, print, load)
