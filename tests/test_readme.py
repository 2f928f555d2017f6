"""The README's blocks of code, run as they stand, but for the ports."""

from __future__ import annotations

import os
import re
import socket
import subprocess
import sys
import urllib.request
from pathlib import Path

import pytest
from websockets.sync.client import connect

from echod.daemon.options import OPTIONS, Option
from tests.child import ROOT, Child, Daemon, clean_environment

TEXT = (ROOT / "README.md").read_text()
SHELL = re.findall(r"```sh\n(.*?)```", TEXT, re.S)
CLIENT, SERVER, RELAY = re.findall(r"```python\n(.*?)```", TEXT, re.S)
WITH_PYTHON_FIRST = {"PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"}


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port: int = probe.getsockname()[1]
        return port


def test_there_are_four_commands_and_each_is_run_here() -> None:
    assert [block.split()[0] for block in SHELL] == ["make", "echo", "twistd", "echo"]


def expect_page(command: str, port: int, folder: Path) -> None:
    """Run the command there, and read the page of the daemon that it starts."""
    with Child(["sh", "-c", f"exec {command}"], {**WITH_PYTHON_FIRST, "PORT": str(port)}, cwd=folder) as child:
        child.wait_for_line(f"ready.*:{port}", timeout=300)
        with urllib.request.urlopen(f"http://localhost:{port}/", timeout=10) as answer:
            assert b"echod" in answer.read()


def test_make_run_serves_the_page() -> None:
    expect_page(SHELL[0].partition("#")[0], free_port(), ROOT)


def test_twistd_serves_the_page(tmp_path: Path) -> None:
    port = free_port()
    expect_page(SHELL[2].replace("9001", str(port)), port, tmp_path)


def run_shell(command: str, daemon: Daemon) -> subprocess.CompletedProcess[str]:
    """Run the command by the Python of these tests, on that daemon."""
    script = command.replace(".venv/bin/python", "python").replace("9001", str(daemon.port))
    environment = clean_environment(WITH_PYTHON_FIRST)
    return subprocess.run(script, shell=True, capture_output=True, text=True, env=environment, timeout=30)


def test_the_shell_client_prints_what_comes_back(daemon: Daemon) -> None:
    done = run_shell(SHELL[3], daemon)
    assert done.stdout == "RECEIVED hello\nCLOSED with code 1000 \n"
    assert done.returncode == 0


def test_the_shell_client_fails_the_connection_as_it_should(daemon: Daemon) -> None:
    done = run_shell(SHELL[1], daemon)
    assert done.stdout.startswith("CLOSED with code 1007 ")
    assert done.returncode == 1


FAULTS = re.findall(r"^\| `ws://localhost:9001(/\S+)` \|(.*)", TEXT, re.M)


def test_the_first_screen_has_three_faults() -> None:
    assert [path for path, _ in FAULTS] == ["/echo?bad=utf8", "/echo?end=abort", "/echo?status=503"]


@pytest.mark.parametrize(("path", "said"), FAULTS)
def test_our_client_reacts_to_a_fault_as_the_readme_asks_of_every_client(daemon: Daemon, path: str, said: str) -> None:
    done = run_shell(SHELL[1].replace("/echo?bad=utf8", path), daemon)
    [code] = re.findall(r"close code (\d+)", said) or ["503"]
    assert f" {code} " in done.stdout + done.stderr
    assert done.returncode == 1


def test_the_client_block_receives_what_it_says(daemon: Daemon) -> None:
    code = CLIENT.replace("9001", str(daemon.port))
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=30)
    promised = re.findall(r"# ((?:RECEIVED|CLOSED) .*)", CLIENT)
    assert [line.rstrip() for line in done.stdout.splitlines()] == promised
    assert done.stderr == ""


def test_the_client_and_server_blocks_are_eight_lines_at_most() -> None:
    assert all(len([line for line in block.splitlines() if line]) <= 8 for block in (CLIENT, SERVER))


def test_the_server_block_shouts() -> None:
    port = free_port()
    code = SERVER.replace("9002", str(port)) + "\nprint('up', flush=True)\nimport time\ntime.sleep(60)"
    with Child([sys.executable, "-c", code]) as child:
        child.wait_for_line("up")
        with connect(f"ws://127.0.0.1:{port}/shout") as client:
            client.send("hello")
            assert client.recv(10) == "HELLO"


def test_the_relay_block_passes_both_ways(daemon: Daemon) -> None:
    port = free_port()
    code = RELAY.replace("9001", str(daemon.port)).replace("9002", str(port))
    code = code.replace("await Deferred()", "print('up', flush=True)\n    await Deferred()")
    with Child([sys.executable, "-c", code]) as child:
        child.wait_for_line("up")
        with connect(f"ws://127.0.0.1:{port}/relay") as client:
            client.send("add")
            assert client.recv(10) == "add...added..."


@pytest.mark.parametrize("option", OPTIONS, ids=lambda option: option.name)
def test_each_option_stands_in_the_manual_with_its_variable_and_default(option: Option) -> None:
    rows = (ROOT / "docs" / "operating.md").read_text().splitlines()
    row = next(line for line in rows if line.startswith(f"| `--{option.name}`"))
    assert f"`{option.variable}`" in row
    assert row.split("|")[-2].strip(" `") == option.default
