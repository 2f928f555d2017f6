"""The manual of behaviours: its commands, run as they stand but for port and patience, print what it says."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

import pytest

from echod.rules.behaviours.malformed import MALFORMED
from echod.rules.behaviours.table import PARAMETERS
from tests.child import ROOT, Daemon, clean_environment

TEXT = (ROOT / "docs" / "behaviours.md").read_text()
[FUNCTIONS] = re.findall(r"```sh\n(.*?)```", TEXT, re.S)
SECTIONS = dict(re.findall(r"^### `([a-z-]+)`\n\n(.*?)(?=^#|\Z)", TEXT, re.S | re.M))
COMMANDS = {name: re.search(r"```console\n\$ (.*?)\n(.*?)```", text, re.S).groups() for name, text in SECTIONS.items()}
PYTHON_FIRST = {"PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"}
TIMEOUT_S = 60
PROGRAMS = ("curl", "xxd")
"""Each is in Debian's package of the same name."""


def run(command: str, port: int) -> str:
    """What the command prints, on a daemon on this port."""
    script = (FUNCTIONS + command).replace(":9001", f":{port}").replace("--max-time 2", "--max-time 5")
    environment = clean_environment(PYTHON_FIRST)
    done = subprocess.run(["bash", "-c", script], capture_output=True, text=True, env=environment, timeout=TIMEOUT_S)
    assert done.stderr == ""
    return "".join(f"{line.rstrip()}\n" for line in done.stdout.replace(f":{port}", ":9001").splitlines())


def require_programs() -> None:
    """Without them: a skip on a desk, a failure where CI=true, as for the browser."""
    missing = [program for program in PROGRAMS if shutil.which(program) is None]
    if missing:
        give_up = pytest.fail if os.environ.get("CI") == "true" else pytest.skip
        give_up(f"missing Debian packages: {', '.join(missing)}")


@pytest.fixture(scope="module")
def printed(daemon: Daemon) -> dict[str, Future[str]]:
    """All commands, some of them at the same time: most wait for `curl` to give up."""
    require_programs()
    with ThreadPoolExecutor(4) as pool:
        return {name: pool.submit(run, command, daemon.port) for name, (command, _) in COMMANDS.items()}


@pytest.mark.parametrize("name", COMMANDS)
def test_a_command_prints_what_the_manual_says(printed: dict[str, Future[str]], name: str) -> None:
    assert printed[name].result() == COMMANDS[name][1]


@pytest.mark.parametrize("parameter", PARAMETERS, ids=lambda parameter: parameter.name)
def test_a_parameter_is_said_to_be_for_the_same(parameter: object) -> None:
    section = SECTIONS[parameter.name]
    assert section.startswith(f"{parameter.purpose}\nValue: {parameter.grammar.wanted}.")
    assert f"{parameter.name}=" in COMMANDS[parameter.name][0]
    assert all(f"`{name}`" in section for name in parameter.needs)


def test_every_fault_is_in_the_table_with_its_first_bytes() -> None:
    rows = dict(re.findall(r"^\| `([a-z0-9-]+)` \| `([0-9a-f ]+?)(?: …)?` \|", TEXT, re.M))
    assert list(rows) == list(MALFORMED)
    assert all(MALFORMED[fault].startswith(bytes.fromhex(first)) for fault, first in rows.items())
