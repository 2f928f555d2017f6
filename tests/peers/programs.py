"""Finding, building and running the programs: `.ci/components` and `.ci/peers` install them."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from tests.child import ROOT

HERE = Path(__file__).parent
WS_MODULE = ROOT / ".venv" / "peers" / "node_modules" / "ws"
GOPATH = "/usr/share/gocode"
"""Where Debian's packages of Go libraries are."""
PATIENCE_S = 60
PATH = f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin"
"""Debian puts daemons where only root looks."""


def require(*programs: str) -> None:
    """Give up where one of these is missing."""
    for program in programs:
        find(program)


def find(program: str) -> str:
    """The path of a program. Without it: a skip on a desk, a failure where CI=true."""
    return shutil.which(program, path=PATH) or give_up(f"{program} is not installed: .ci/components installs it")


def give_up(why: str) -> Any:
    raise (pytest.fail if os.environ.get("CI") == "true" else pytest.skip)(why)


def run(*argv: str | Path, env: Mapping[str, str] = {}, check: bool = True) -> subprocess.CompletedProcess[str]:
    """Run a program to its end; what it printed is in the error when it fails and `check` is true."""
    done = subprocess.run(
        list(map(str, argv)), capture_output=True, text=True, timeout=PATIENCE_S, env={**os.environ, **env}, check=False
    )
    assert done.returncode == 0 or not check, done.stdout + done.stderr
    return done


def converse_with_node(url: str, send: Sequence[Sequence[str]] = (), **plan: Any) -> list[Any]:
    """What Node's `ws` makes of a conversation: lists that begin with open, text, hex, error or close."""
    if not WS_MODULE.exists():
        give_up("the package ws is not installed: .ci/peers installs it")
    plan = {"url": url, "options": {}, "send": send, "close": [1000, "bye"], **plan}
    done = run(find("node"), HERE / "node_client.cjs", json.dumps(plan), env={"WS_MODULE": str(WS_MODULE)})
    told: list[Any] = json.loads(done.stdout)
    return told


def build_gorilla(place: Path) -> Path:
    """The client on gorilla/websocket, compiled into this folder."""
    if not Path(GOPATH, "src/github.com/gorilla/websocket").exists():
        give_up("gorilla/websocket is not installed: .ci/components installs golang-github-gorilla-websocket-dev")
    client = place / "gorilla"
    env = {"GOPATH": GOPATH, "GO111MODULE": "off", "GOCACHE": str(place / "cache"), "GOFLAGS": "-p=1"}
    run(find("go"), "build", "-o", client, HERE / "gorilla" / "main.go", env=env)
    return client


def free_port() -> int:
    """A port that is free now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def wait_for_port(port: int) -> None:
    """Wait until something listens there."""
    end = time.monotonic() + PATIENCE_S
    while time.monotonic() < end:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    raise AssertionError(f"nothing listens on port {port}")
