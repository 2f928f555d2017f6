"""The load generator: built from C, run against a server, its figures read."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from bench import machine

SOURCES = Path(__file__).resolve().parent / "load"
BUILT = SOURCES.parent / ".build" / "load"
FLAGS = ("-std=gnu11", "-O2", "-Wall", "-Wextra", "-Wconversion", "-Werror")
PATH = "/echo"


class LoadFailed(Exception):
    """The load ended early: a wrong byte, a lost connection, a timeout."""


def build(program: Path = BUILT) -> Path:
    """Compile the load generator, where it is older than its source; the program."""
    sources = sorted(SOURCES.glob("*.[ch]"))
    if not program.exists() or program.stat().st_mtime < max(source.stat().st_mtime for source in sources):
        program.parent.mkdir(parents=True, exist_ok=True)
        units = [str(source) for source in sources if source.suffix == ".c"]
        subprocess.run([os.environ.get("CC", "cc"), *FLAGS, "-o", str(program), *units], check=True)
    return program


def run(
    mode: str, port: int, options: Iterable[str], on_line: Callable[[str], None], program: Path = BUILT
) -> dict[str, Any]:
    """Run the load on its core until it ends; what it measured.

    Args:
        on_line: told of `counting` and `counted`, at the borders of what is measured, and of `held` when idle
            connections are open. When it returns from `held`, they are let go.

    Raises:
        LoadFailed: with the sentence that the load generator gave.
    """
    pipe = subprocess.PIPE
    argv = machine.pinned(machine.cores()[1], [str(program), mode, str(port), PATH, *options])
    figures: dict[str, Any] = {}
    with subprocess.Popen(argv, stdin=pipe, stdout=pipe, stderr=pipe, text=True) as load:
        assert load.stdin is not None
        assert load.stdout is not None
        assert load.stderr is not None
        for line in load.stdout:
            if line.startswith("{"):
                figures = json.loads(line)
            else:
                on_line(line.strip())
            if line == "held\n":
                load.stdin.close()
        said = load.stderr.read().strip()
    if load.returncode != 0:
        raise LoadFailed(said or f"exit code {load.returncode}")
    return figures
