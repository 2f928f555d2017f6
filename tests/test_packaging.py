"""The wheel, installed into an empty environment away from the checkout, is the whole system."""

from __future__ import annotations

import subprocess
import sys
import urllib.request
import venv
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from websockets.sync.client import connect

from tests.child import ROOT, Child


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    subprocess.run(
        [sys.executable, "-m", "build", "--wheel", "--outdir", folder, ROOT],
        check=True,
        capture_output=True,
        timeout=300,
    )
    return next(folder.glob("*.whl"))


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The bin folder of an environment that holds nothing but the wheel and what it needs."""
    folder = tmp_path_factory.mktemp("installed")
    venv.create(folder, with_pip=True)
    subprocess.run(
        [folder / "bin" / "python", "-m", "pip", "install", "--quiet", wheel], check=True, cwd=folder, timeout=300
    )
    return folder / "bin"


@pytest.fixture(scope="module")
def running(installed: Path) -> Iterator[int]:
    argv = [installed / "twistd", "-n", "--pidfile=", "echod", "--port", "0"]
    with Child(argv, cwd=installed) as child:
        yield int(child.wait_for_line(r"ready.*:(\d+)")[1])


def test_the_wheel_holds_code_plugin_pages_and_types_alone(wheel: Path) -> None:
    names = set(zipfile.ZipFile(wheel).namelist())
    assert {"echod/py.typed", "echod/web/index.html", "twisted/plugins/echod_plugin.py"} <= names
    assert {name.split("/")[0] for name in names if ".dist-info" not in name} == {"echod", "twisted"}
    assert not [
        name for name in names if "dropin" in name or name in ("twisted/__init__.py", "twisted/plugins/__init__.py")
    ]


def test_twistd_lists_the_command(installed: Path) -> None:
    done = subprocess.run([installed / "twistd", "--help"], capture_output=True, text=True, cwd=installed, timeout=60)
    assert "echod" in done.stdout


@pytest.mark.parametrize("page", ["/", "/client.html", "/client2.html", "/style.css", "/echo-chamber.js"])
def test_the_installed_daemon_serves_the_pages(running: int, page: str) -> None:
    with urllib.request.urlopen(f"http://localhost:{running}{page}", timeout=10) as answer:
        assert answer.status == 200
        assert answer.read() == (ROOT / "web" / (page[1:] or "index.html")).read_bytes()


@pytest.mark.parametrize("path", ["/simple-echo", "/multi-echo"])
def test_the_installed_daemon_echoes(running: int, path: str) -> None:
    with connect(f"ws://localhost:{running}{path}") as client:
        for text in ("add", "none"):
            client.send(text)
            assert client.recv(10) == {"add": "add...added...", "none": "none"}[text]
