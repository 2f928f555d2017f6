"""The servers to compare with: installed beside the project, into `.venv-bench` and `bench/.node`."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from bench.servers import Program

HERE = Path(__file__).resolve().parent
VENV = HERE.parent / ".venv-bench"
PYTHON = VENV / "bin" / "python"
NODE = HERE / ".node"
ASK_VERSIONS = "import importlib.metadata as m, sys; print(*(f'{n} {m.version(n)}' for n in sys.argv[1:]), sep=', ')"


class Missing(Exception):
    """A peer that cannot be installed here; the text says why."""


@dataclass(frozen=True)
class PythonPeer:
    """An echo server on Python, and the distributions that it needs; the first gives it its name."""

    key: str
    title: str
    packages: tuple[str, ...]

    def install(self) -> Program:
        """What is to be started, installed if it was not."""
        if interpreter(VENV) != interpreter(Path(sys.prefix)):
            command("python -m venv", sys.executable, "-m", "venv", "--clear", str(VENV))
        try:
            versions = self.versions()
        except Missing:
            command("pip", str(PYTHON), "-m", "pip", "install", "--quiet", *self.packages)
            versions = self.versions()
        return Program(self.key, self.title, (str(PYTHON), self.source), versions)

    @property
    def source(self) -> str:
        return str(HERE / "peers" / f"echo_{self.packages[0]}.py")

    def versions(self) -> str:
        return command("python", str(PYTHON), "-c", ASK_VERSIONS, *self.packages)


@dataclass(frozen=True)
class NodePeer:
    """ws on Node, which has to be there with its npm."""

    key: str = "ws"
    title: str = "node ws"

    def install(self) -> Program:
        """What is to be started, installed if it was not."""
        node = shutil.which("node")
        if node is None:
            raise Missing("node is not installed")
        manifest = NODE / "node_modules" / "ws" / "package.json"
        if not manifest.exists():
            NODE.mkdir(exist_ok=True)
            command("npm", "npm", "install", "--no-audit", "--no-fund", "--prefix", str(NODE), "ws")
        versions = f"ws {json.loads(manifest.read_text())['version']}, node {command('node', node, '--version')}"
        return Program(self.key, self.title, (node, str(HERE / "peers" / "echo_ws.mjs"), str(NODE)), versions)


Peer = PythonPeer | NodePeer
PEERS: tuple[Peer, ...] = (
    PythonPeer("picows", "picows + uvloop", ("picows", "uvloop")),
    PythonPeer("aiohttp", "aiohttp + uvloop", ("aiohttp", "uvloop")),
    NodePeer(),
    PythonPeer("websockets", "websockets + uvloop", ("websockets", "uvloop")),
    PythonPeer("stock", "stock Autobahn", ("autobahn", "twisted")),
)
QUICK = tuple(peer for peer in PEERS if peer.key in ("picows", "websockets", "stock"))


def interpreter(environment: Path) -> list[str]:
    """Which Python an environment was made with; peers on Python run on the one that echod runs on."""
    configuration = environment / "pyvenv.cfg"
    lines = configuration.read_text().splitlines() if configuration.exists() else []
    return [line for line in lines if line.startswith(("home", "version"))]


def command(name: str, *argv: str) -> str:
    """What a command prints, stripped.

    Raises:
        Missing: it is not there, or it failed; its name is told, and no path of this machine.
    """
    try:
        done = subprocess.run(argv, capture_output=True, text=True, timeout=600)
    except OSError:
        raise Missing(f"{name} is not installed") from None
    if done.returncode != 0:
        raise Missing(f"{name} failed with exit code {done.returncode}")
    return done.stdout.strip()


def install(peers: Sequence[Peer]) -> tuple[list[Program], dict[str, str]]:
    """Those that can be started, and why each of the others cannot, by its title."""
    programs: list[Program] = []
    missing: dict[str, str] = {}
    for peer in peers:
        try:
            programs.append(peer.install())
        except Missing as why:
            missing[peer.title] = str(why)
    return programs, missing
