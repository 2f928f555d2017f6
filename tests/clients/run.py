"""`python -m tests.clients.run`: run six clients against ten behaviours, and write docs/clients.md."""

from __future__ import annotations

import json
import os
import re
import subprocess
import time
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Any

from echod.rules.behaviours.table import BY_NAME
from echod.rules.behaviours.violations import VIOLATIONS
from tests.child import ROOT, Daemon
from tests.clients.chromium import Chromium

HERE = Path(__file__).parent
PLACE = ROOT / ".venv-clients"
PYTHON = PLACE / "bin" / "python"
DOCUMENT = ROOT / "docs" / "clients.md"
TIMEOUT_S = 40
AT_A_TIME = 2
ADDRESS = re.compile(r"127\.0\.0\.1:\d+")
CLOSED = re.compile(r" closed (\d+) ")

BEHAVIOURS = {
    "A refused upgrade": ("watch", "/echo?status=403"),
    "A missing pong": ("keep-alive", "/echo?pong=none"),
    "Bad UTF-8": ("watch", "/echo?bad=utf8"),
    "A reserved opcode": ("watch", "/echo?bad=opcode"),
    "An abort": ("echo", "/echo?end=abort&after=1"),
    "A close code": ("watch", "/echo?close=4001&reason=bye"),
    "A stalled reader": ("fill", "/echo?stall=0"),
    "1-byte fragments": ("join", "/echo?fragment=1"),
    "A forced subprotocol": ("watch", "/echo?subprotocol=force:chat"),
    "A slow handshake": ("watch", "/echo?hold=forever"),
}
ABOUT = {
    "A missing pong": "The client's own keepalive, set to a second.",
    "A stalled reader": "64 KiB at a time for three seconds, or 64 MB.",
    "A slow handshake": "With the timeout that the client has by itself, watched for 12 seconds.",
    "A close code": "The reason is `bye`.",
    "An abort": "After one reply.",
}
RULES: dict[str, tuple[str, Callable[[str, str], str]]] = {
    "A refused upgrade": (
        "RFC 6455, 4.1: a response other than 101 does not open the connection.",
        lambda told, _: yes_or_no(not has_opened(told)),
    ),
    "Bad UTF-8": (
        "RFC 6455, 8.1: the client must fail the connection; 7.1.7 recommends a Close with a fitting code,"
        " which 7.4.1 says is 1007.",
        lambda told, code: how_failed(told, code),
    ),
    "A reserved opcode": (
        "RFC 6455, 5.2: the client must fail the connection; the code for a protocol error is 1002 (7.4.1).",
        lambda told, code: how_failed(told, code),
    ),
    "An abort": (
        "RFC 6455, 7.1.5: without a Close frame the code of the connection is 1006;"
        " `yes` is a client whose caller is told of the loss.",
        lambda told, _: yes_or_no(bool(re.search("1006|[Ee]rror", told))),
    ),
    "A close code": (
        "RFC 6455, 5.5.1: a Close must be answered with a Close, typically but not necessarily with the same code.",
        lambda _, code: yes_or_no(code not in ("", "1006")),
    ),
    "1-byte fragments": (
        "RFC 6455, 5.4: a client must support receiving fragmented messages.",
        lambda told, _: yes_or_no("together" in told),
    ),
    "A forced subprotocol": (
        "RFC 6455, 4.1: the client must fail the connection, as it offered no subprotocol.",
        lambda told, _: yes_or_no(not has_opened(told)),
    ),
}
"""What the RFC says of a behaviour, and the verdict on a client by its steps and the close code."""
NO_RULE = "The RFC prescribes no reaction."
PROGRAMS = {
    "python-websockets": [str(PYTHON), "python_websockets.py"],
    "aiohttp": [str(PYTHON), "aiohttp_client.py"],
    "websocket-client": [str(PYTHON), "websocket_client.py"],
    "picows": [str(PYTHON), "picows_client.py"],
    "ws (Node)": ["node", "node_ws.cjs"],
}
CHROMIUM = "Chromium"
CLIENTS = (*PROGRAMS, CHROMIUM)
DISTRIBUTIONS = {
    "python-websockets": "websockets",
    "aiohttp": "aiohttp",
    "websocket-client": "websocket-client",
    "picows": "picows",
}

Perform = Callable[[Daemon, str, str], list[str]]
Outcome = tuple[list[str], str]
"""The steps of a client, and the close code that the server got from it, if any."""


def run_program(argv: list[str]) -> Perform:
    """How to run a program of this folder."""

    def perform(daemon: Daemon, task: str, path: str) -> list[str]:
        done = subprocess.run(
            [*argv, task, daemon.uri(path)],
            cwd=HERE,
            env={**os.environ, "NODE_PATH": str(PLACE / "node_modules")},
            capture_output=True,
            text=True,
            timeout=TIMEOUT_S,
        )
        lines = [line for line in done.stdout.splitlines() if line.startswith("[")]
        assert lines, done.stderr
        steps: list[str] = json.loads(lines[-1])
        return steps

    return perform


def run_client(name: str) -> tuple[str, list[Outcome]]:
    """The version of a client and its outcomes, each on a daemon that no other client talks to."""
    browser: AbstractContextManager[Any] = Chromium() if name == CHROMIUM else nullcontext()
    with Daemon("--debug") as daemon, browser as chromium:
        if chromium is None:
            perform, version = run_program(PROGRAMS[name]), version_of(name)
        else:
            perform, version = drive(chromium), chromium.version
        return version, [observe(perform, daemon, task, path) for task, path in BEHAVIOURS.values()]


def drive(chromium: Chromium) -> Perform:
    return lambda daemon, task, path: chromium.perform(daemon.url(), task, daemon.uri(path))


def observe(perform: Perform, daemon: Daemon, task: str, path: str) -> Outcome:
    """The steps, and what the daemon logs of the end."""
    before = len(daemon.out)
    steps = perform(daemon, task, path)
    deadline = time.monotonic() + 1
    while not (codes := CLOSED.findall("".join(daemon.out[before:]))) and time.monotonic() < deadline:
        time.sleep(0.05)
    return steps, codes[0] if codes and not is_open(steps) else ""


def is_open(steps: list[str]) -> bool:
    """Whether the connection was still open when we stopped looking."""
    return bool(re.match("notices|puts|send|still|has no", steps[-1]))


def version_of(name: str) -> str:
    if name in DISTRIBUTIONS:
        code = f"from importlib.metadata import version; print(version({DISTRIBUTIONS[name]!r}))"
        return subprocess.run([str(PYTHON), "-c", code], capture_output=True, text=True, check=True).stdout.strip()
    package: dict[str, str] = json.loads((PLACE / "node_modules" / "ws" / "package.json").read_text())
    return package["version"]


def write(versions: dict[str, str], outcomes: dict[str, list[Outcome]]) -> str:
    """The document."""
    lines = [
        "# What clients do",
        "",
        "What six WebSocket clients do with ten [behaviours](behaviours.md), as measured by `make clients`.",
        "The programs are in [tests/clients](../tests/clients/).",
        "Each client is as it comes, without options but for those that are named;"
        " to picows, which hands over frames, its program adds messages and the check of UTF-8.",
        "",
        "How to read the tables:",
        "",
        "* *What it does* is what the client's caller sees, in order: `opens` is the end of the opening handshake,"
        " followed by messages, exceptions, or events with their code.",
        "* *Close code* is what the server received: 1006 is a connection that ended without a Close frame."
        "\n  It is empty if the connection was never open, or still open in the end.",
        "* *RFC* is whether the client did what the RFC prescribes in the sentence above the table."
        "\n  `no Close` is a client that reports the fault and leaves the Close to its caller or out."
        "\n  `—`: the RFC leaves it open, and the table shows a limit or a timeout, not right or wrong.",
        "",
        ", ".join(f"{name} {version}" for name, version in versions.items()) + ".",
    ]
    for number, (behaviour, (_, path)) in enumerate(BEHAVIOURS.items()):
        rule, _ = RULES.get(behaviour, (NO_RULE, None))
        lines += ["", f"## {behaviour}", "", f"`{path}`", *filter(None, [ABOUT.get(behaviour)]), "", rule, ""]
        lines += ["| client | what it does | close code | RFC |", "| --- | --- | --- | --- |"]
        lines += [row(behaviour, name, *outcomes[name][number]) for name in CLIENTS]
    lines += ["", "## Not measured", "", f"Behaviours: {name_all(unmeasured(BY_NAME, '{}='))}."]
    lines += ["", f"Faults of `bad`: {name_all(unmeasured(VIOLATIONS, 'bad={}'))}."]
    return "\n".join([*lines, ""])


def unmeasured(names: Iterable[str], form: str) -> list[str]:
    """Those of these names that no path asks for in this form."""
    asked = [piece for _, path in BEHAVIOURS.values() for piece in path.partition("?")[2].split("&")]
    return [name for name in names if not any(piece.startswith(form.format(name)) for piece in asked)]


def name_all(names: list[str]) -> str:
    return ", ".join(f"`{name}`" for name in names)


def row(behaviour: str, name: str, steps: list[str], code: str) -> str:
    told = ADDRESS.sub("localhost:9001", "; ".join(steps))
    cells = (name, told.replace("|", r"\|"), code, verdict(behaviour, told, code))
    return f"| {' | '.join(cells)} |"


def verdict(behaviour: str, told: str, code: str) -> str:
    """Whether a client did what the RFC prescribes."""
    return RULES[behaviour][1](told, code) if behaviour in RULES else "—"


def yes_or_no(holds: bool) -> str:
    return "yes" if holds else "**no**"


def how_failed(told: str, code: str) -> str:
    """Of a client that must fail the connection: without a Close it may have been its program that ended it."""
    return "no Close" if has_opened(told) and code == "1006" else yes_or_no(code not in ("", "1000"))


def has_opened(told: str) -> bool:
    return told.startswith("opens")


def main() -> None:
    with ThreadPoolExecutor(AT_A_TIME) as pool:
        results = dict(zip(CLIENTS, pool.map(run_client, CLIENTS), strict=True))
    versions = {name: version for name, (version, _) in results.items()}
    DOCUMENT.write_text(write(versions, {name: outcomes for name, (_, outcomes) in results.items()}))
    print(f"wrote {DOCUMENT.relative_to(ROOT)}")


if __name__ == "__main__":
    main()
