"""The manual of behaviours and the guide to testing clients: their commands print what they say.

They are run as they stand, but for port and patience.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

import pytest

from echod.rules.behaviours.query import read_behaviour
from echod.rules.behaviours.table import PARAMETERS, Behaviour
from echod.rules.behaviours.violations import VIOLATIONS
from tests.child import ROOT, Daemon, clean_environment

TEXT = (ROOT / "docs" / "behaviours.md").read_text()
[FUNCTIONS] = re.findall(r"```sh\n(.*?)```", TEXT, re.S)
SECTIONS = dict(re.findall(r"^### `([a-z-]+)`\n\n(.*?)(?=^#|\Z)", TEXT, re.S | re.M))
COMMAND = re.compile(r"```console\n\$ (.*?)\n(.*?)```", re.S)
COMMANDS = {name: COMMAND.search(text).groups() for name, text in SECTIONS.items()}
[IN_PYTHON] = re.findall(r"```python\n(.*?)```", TEXT, re.S)
GUIDE = (ROOT / "docs" / "testing-clients.md").read_text()
[GUIDE_FUNCTIONS] = re.findall(r"```sh\n(.*?)```", GUIDE, re.S)
GUIDE_COMMANDS = dict(COMMAND.findall(GUIDE))
PYTHON_FIRST = {"PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"}
TIMEOUT_S = 60
PROGRAMS = ("curl", "xxd")
"""Each is in Debian's package of the same name."""


def run(functions: str, command: str, port: int) -> str:
    """What the command prints after these functions, on a daemon on this port."""
    script = (functions + command).replace(":9001", f":{port}").replace("--max-time 2", "--max-time 5")
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
        manual = {name: pool.submit(run, FUNCTIONS, command, daemon.port) for name, (command, _) in COMMANDS.items()}
        guide = {command: pool.submit(run, GUIDE_FUNCTIONS, command, daemon.port) for command in GUIDE_COMMANDS}
        return manual | guide


@pytest.mark.parametrize("name", COMMANDS)
def test_a_command_prints_what_the_manual_says(printed: dict[str, Future[str]], name: str) -> None:
    assert printed[name].result() == COMMANDS[name][1]


@pytest.mark.parametrize("command", GUIDE_COMMANDS)
def test_a_command_prints_what_the_guide_says(printed: dict[str, Future[str]], command: str) -> None:
    assert printed[command].result() == GUIDE_COMMANDS[command]


def test_the_guide_has_eighty_lines_at_most() -> None:
    assert len(GUIDE.splitlines()) <= 80


def test_what_starts_the_manual_in_python_fails_as_it_says(daemon: Daemon) -> None:
    code = IN_PYTHON.replace(":9001", f":{daemon.port}")
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=TIMEOUT_S)
    assert "ConnectionClosedError: " in done.stderr
    assert "1007" in done.stderr


def test_what_the_manual_starts_with_can_be_asked_for_and_has_a_section() -> None:
    rows = re.findall(r"^\| (\[.*?) \|", TEXT.partition("## Start here")[2].partition("\n## ")[0], re.M)
    linked = [link for row in rows for link in re.findall(r"\[(.*?)\]\(#(.*?)\)", row)]
    queries = [(query, section) for asked, section in linked for query in re.findall(r"`(.*?)`", asked)]
    assert queries
    for query, section in queries:
        assert isinstance(read_behaviour(with_what_it_needs(query)), Behaviour)
        assert section in SECTIONS
        assert query.startswith(f"{section}=")


def with_what_it_needs(query: str) -> str:
    return f"ping=1s&{query}" if query.startswith("ping-payload") else query


@pytest.mark.parametrize("parameter", PARAMETERS, ids=lambda parameter: parameter.name)
def test_a_parameter_is_said_to_be_for_the_same(parameter: object) -> None:
    section = SECTIONS[parameter.name]
    assert section.startswith(f"{parameter.purpose}\nValue: {parameter.grammar.wanted}.")
    assert f"{parameter.name}=" in COMMANDS[parameter.name][0]
    assert all(f"`{name}`" in section for name in parameter.needs)


def test_every_fault_is_in_the_table_with_its_first_bytes() -> None:
    rows = dict(re.findall(r"^\| `([a-z0-9-]+)` \| `([0-9a-f ]+?)(?: …)?` \|", TEXT, re.M))
    assert list(rows) == list(VIOLATIONS)
    assert all(VIOLATIONS[fault].startswith(bytes.fromhex(first)) for fault, first in rows.items())
