"""Options that cannot be, as a user meets them: one line, exit code 1, nothing left behind. Real `twistd` children."""

from __future__ import annotations

import re
import socket
import subprocess
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from echod.daemon.command_line import Options
from echod.daemon.options import GROUPS, OPTIONS
from tests.child import ROOT, TWIST, TWISTD, Child, clean_environment

PORT = "a port number from 0 to 65535"
ENDPOINT = "a Twisted endpoint such as tcp:9001, unix:/run/echod.sock or ssl:443:privateKey=KEY"
ORIGIN = "an origin such as https://example.com or http://localhost:8080, or null"
SIZE = "a size such as 1, 64K or 1M, from 1 to 1024G"
OWN = "whose endpoints have a port, a host and a backlog of their own"
AT_ONCE = 3
"""Children that start side by side."""

BAD_OPTIONS = {
    "--port x": f"--port: 'x' is not {PORT}",
    "--port 70000": f"--port: '70000' is not {PORT}",
    "--port -1": f"--port: '-1' is not {PORT}",
    "--listen garbage": f"--listen: 'garbage' is not {ENDPOINT} (Unknown endpoint type: 'garbage')",
    "--listen ssl:0:privateKey=/no/key.pem": (
        f"--listen: 'ssl:0:privateKey=/no/key.pem' is not {ENDPOINT} (/no/key.pem: No such file or directory)"
    ),
    "--listen tcp:0 --listen garbage": f"--listen: 'garbage' is not {ENDPOINT} (Unknown endpoint type: 'garbage')",
    "--host ::g": "--host: '::g' is not an IPv4 or IPv6 address, or a name such as localhost",
    "--listen tcp:0 --port 9001": f"--port: '9001' is not allowed with --listen, {OWN}",
    "--web nowhere": "--web: 'nowhere' is not a folder",
    "--origin https://*.example.com": f"--origin: 'https://*.example.com' is not {ORIGIN}",
    "--max-message 0": f"--max-message: '0' is not {SIZE}",
    "--max-message 12X": f"--max-message: '12X' is not {SIZE}",
    "--compression maybe": "--compression: 'maybe' is not on or off",
    "stray words": "'stray' is not an option; options begin with --",
    "--prot 9001": "option --prot not recognized, did you mean --port?; --help lists the options",
    "--head-lines 5": (
        "option --head-lines not recognized, did you mean --max-header-count?; --help lists the options"
    ),
    "--nonsense": "option --nonsense not recognized; --help lists the options",
    "--port": "option --port requires argument",
    "--debug=1": "option --debug must not have an argument",
}
BAD_VARIABLES = {
    ("ECHOD_PORT", "x"): f"ECHOD_PORT: 'x' is not {PORT}",
    ("PORT", "x"): f"PORT: 'x' is not {PORT}",
    ("ECHOD_PROT", "x"): "variable: 'ECHOD_PROT' is not known, did you mean ECHOD_PORT?; --help lists the options",
    ("ECHOD_LISTEN", "garbage"): f"ECHOD_LISTEN: 'garbage' is not {ENDPOINT} (Unknown endpoint type: 'garbage')",
    ("ECHOD_DEBUG", "maybe"): "ECHOD_DEBUG: 'maybe' is not on or off",
}


Key = str | tuple[str, str]


def ended(*words: str | Path, env: Mapping[str, str] = {}) -> Child:
    """A child that is over, or that had half a minute for it."""
    # Should it start after all, then not on the port of somebody else.
    with Child(words, {"ECHOD_LISTEN": "tcp:0:interface=127.0.0.1", **env}) as child:
        child.wait()
    return child


def twistd(*words: str | Path, env: Mapping[str, str] = {}, pidfile: str | Path = "") -> Child:
    return ended(TWISTD, "--nodaemon", "--logfile=-", f"--pidfile={pidfile}", *words, env=env)


@pytest.fixture(scope="module")
def refused() -> dict[Key, Child]:
    """All children that cannot start, by their options or their variable."""
    with ThreadPoolExecutor(AT_ONCE) as pool:
        ends = {key: pool.submit(twistd, "echod", *key.split()) for key in BAD_OPTIONS}
        ends |= {key: pool.submit(twistd, "echod", env=dict([key])) for key in BAD_VARIABLES}
    return {key: end.result() for key, end in ends.items()}


@pytest.fixture
def taken() -> Iterator[int]:
    """A port that somebody else listens on, on every interface."""
    with socket.create_server(("::", 0), family=socket.AF_INET6, dualstack_ipv6=True) as listener:
        yield listener.getsockname()[1]


@pytest.mark.parametrize("words", BAD_OPTIONS)
def test_a_bad_option_is_one_line_and_exit_code_1(refused: dict[Key, Child], words: str) -> None:
    child = refused[words]
    assert child.text == f"echod: {BAD_OPTIONS[words]}\n"
    assert child.process.returncode == 1


@pytest.mark.parametrize("pair", BAD_VARIABLES, ids="=".join)
def test_a_bad_variable_is_one_line_that_names_it_and_exit_code_1(
    refused: dict[Key, Child], pair: tuple[str, str]
) -> None:
    child = refused[pair]
    assert child.text == f"echod: {BAD_VARIABLES[pair]}\n"
    assert child.process.returncode == 1


@pytest.mark.parametrize("words", ["--port x", "--listen garbage"])
def test_twist_says_the_same(words: str) -> None:
    child = ended(TWIST, "--log-format=text", "echod", *words.split())
    assert child.text == f"echod: {BAD_OPTIONS[words]}\n"
    assert child.process.returncode == 1


@pytest.mark.parametrize(
    "words",
    ["--port {0}", "--listen tcp:{0}:interface=127.0.0.1", "--listen tcp:0:interface=127.0.0.1 --listen tcp:{0}"],
)
def test_a_taken_port_is_one_line_and_leaves_no_pidfile(taken: int, words: str, tmp_path: Path) -> None:
    child = twistd("echod", *words.format(taken).split(), pidfile=tmp_path / "pid")
    complaints = [line for line in child.out if "echod: " in line]
    assert len(complaints) == 1
    assert re.search(rf"echod: --(port|listen) .*\b{taken}\b.*: cannot listen: .*Address already in use", complaints[0])
    assert "Traceback" not in child.text
    assert "echod ready" not in child.text
    assert child.process.returncode == 1
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("with_file", [False, True], ids=["log on standard output", "log in a file"])
def test_a_taken_port_is_one_line_on_standard_error_and_in_the_log(taken: int, with_file: bool, tmp_path: Path) -> None:
    log = tmp_path / "log"
    logging = [f"--logfile={log}"] if with_file else []
    done = subprocess.run(
        [TWISTD, "-n", "--pidfile=", *logging, "echod", "--port", str(taken)],
        env=clean_environment({}),
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=30,
    )
    assert re.fullmatch(rf"echod: --port {taken}: cannot listen: .*Address already in use.*\n", done.stderr)
    assert done.returncode == 1
    assert done.stderr in (log.read_text() if with_file else done.stdout)


def test_with_the_log_in_a_file_both_outputs_may_be_one(taken: int, tmp_path: Path) -> None:
    child = ended(TWISTD, "-n", "--pidfile=", f"--logfile={tmp_path}/log", "echod", "--port", str(taken))
    assert len(child.out) == 1
    assert child.text.startswith(f"echod: --port {taken}: cannot listen: ")


def test_a_taken_port_is_told_by_twist_in_one_line(taken: int) -> None:
    child = ended(TWIST, "--log-format=text", "echod", "--port", str(taken))
    assert len(child.out) == 1
    assert re.match(r"echod: --port \d+: cannot listen: ", child.text)
    assert child.process.returncode == 1


def test_a_daemon_that_cannot_listen_tells_its_parent_and_its_log(taken: int, tmp_path: Path) -> None:
    log, pidfile = tmp_path / "log", tmp_path / "pid"
    child = ended(TWISTD, f"--logfile={log}", f"--pidfile={pidfile}", "echod", "--port", str(taken))
    assert "cannot listen" in child.text
    assert "Traceback" not in child.text
    assert child.process.returncode == 1
    assert "Address already in use" in log.read_text()
    assert not pidfile.exists()


def test_a_folder_that_does_not_exist_for_a_unix_socket_is_one_line(tmp_path: Path) -> None:
    child = twistd("echod", "--listen", f"unix:{tmp_path}/none/echod.sock")
    assert f" echod: --listen unix:{tmp_path}/none/echod.sock: cannot listen: " in child.out[-1]
    assert "No such file or directory" in child.out[-1]
    assert "Traceback" not in child.text
    assert child.process.returncode == 1


def test_help_shows_every_option_in_its_group_with_its_default() -> None:
    child = twistd("echod", "--help")
    assert child.process.returncode == 0
    groups = dict(re.findall(r"^([A-Z][a-z]+)(?: \(.*\))?:\n(.*?)\n\n", child.text, re.M | re.S))
    assert list(groups) == ["Listening", "Serving", "Limits", "Timeouts", "Behaviours", "Logging", "Other", "Examples"]
    for title, options in GROUPS.items():
        rows = re.split(r"(?m)^  (?=--)", groups[title.split()[0]])[1:]
        assert [row.split()[0].partition("=")[0] for row in rows] == [f"--{option.name}" for option in options]
        for row, option in zip(rows, options, strict=True):
            assert " ".join(row.split()[1:]) == option.help


@pytest.mark.parametrize("width", [80, 120])
def test_help_fits_into_the_terminal(width: int) -> None:
    child = twistd("echod", "--help", env={"COLUMNS": str(width)})
    assert width - 5 < max(len(line.rstrip("\n")) for line in child.out) <= width


def test_the_examples_of_the_help_name_options_that_exist() -> None:
    text = Options().getUsage()
    used = re.findall(r" --([a-z-]+)", text.partition("Examples:")[2])
    assert len(used) == 4
    assert {*used} <= {option.name for option in OPTIONS}
    assert [line for line in text.splitlines() if line.startswith("  twistd -n echod ")][1:]


def test_help_keeps_the_lines_that_come_from_twisted() -> None:
    lines = [" ".join(line.split()) for line in twistd("echod", "--help").out]
    assert lines[0] == "Usage: twistd [options] echod [options]"
    assert "--help Display this help and exit." in lines
    assert "--version Display Twisted version and exit." in lines


@pytest.mark.parametrize("host", ["nowhere.invalid", "192.0.2.1"])
def test_a_host_that_cannot_be_listened_on_is_one_line(host: str) -> None:
    child = twistd("echod", "--host", host, "--port", "0")
    [complaint] = [line for line in child.out if "echod: " in line]
    assert f"echod: --host {host} --port 0: cannot listen: " in complaint
    assert "Traceback" not in child.text
    assert child.process.returncode == 1


def test_twistd_lists_the_command() -> None:
    child = ended(TWISTD, "--help")
    assert re.search(r"^    echod +A WebSocket echo and test daemon\.$", child.text, re.MULTILINE)


@pytest.mark.parametrize(
    ("variable", "complaint"),
    [
        ("ECHOD_PORT", f"ECHOD_PORT: 'x' is not {PORT}"),
        ("ECHOD_LISTEN", f"ECHOD_LISTEN: 'x' is not {ENDPOINT} (Unknown endpoint type: 'x')"),
        ("ECHOD_PROT", "'ECHOD_PROT' is not known, did you mean ECHOD_PORT?"),
    ],
)
def test_a_bad_variable_for_the_tac_file_is_named_without_a_traceback(variable: str, complaint: str) -> None:
    child = twistd("--python", "echod.tac", env={variable: "x"})
    assert len([line for line in child.out if complaint in line]) == 1
    assert "Traceback" not in child.text
    assert child.process.returncode == 1
