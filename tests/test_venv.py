"""`make` mends a virtual environment that was interrupted while it was made, or whose checkout has been moved."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from tests.child import ROOT
from tests.daemon.clients import wait_until

WHEEL = "tiny-1-py3-none-any.whl"
METADATA = "tiny-1.dist-info"


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A checkout whose environment was made, after it had been interrupted once."""
    place = make_checkout(tmp_path_factory.mktemp("made") / "a check out")
    first = install(place)
    assert wait_until((place / ".venv/bin/python").exists)
    os.killpg(first.pid, signal.SIGKILL)
    first.wait()
    assert is_made_anew(place)
    assert install(place).wait() == 0
    return place


@pytest.fixture
def copied(made: Path, tmp_path: Path) -> Path:
    return shutil.copytree(made, tmp_path / "there", symlinks=True)


def make_checkout(place: Path) -> Path:
    """A folder with our Makefile and its scripts, and a package that can be installed without a network."""
    place.mkdir()
    shutil.copytree(ROOT / ".ci", place / ".ci")
    for file in ("Makefile", "pyproject.toml"):
        shutil.copy(ROOT / file, place)
    with zipfile.ZipFile(place / WHEEL, "w") as wheel:
        wheel.writestr("tiny.py", "def main(): print('tiny')\n")
        wheel.writestr(f"{METADATA}/METADATA", "Metadata-Version: 2.1\nName: tiny\nVersion: 1\n")
        wheel.writestr(f"{METADATA}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        wheel.writestr(f"{METADATA}/entry_points.txt", "[console_scripts]\ntiny = tiny:main\n")
        wheel.writestr(f"{METADATA}/RECORD", "")
    return place


def install(checkout: Path) -> subprocess.Popen[bytes]:
    """`.ci/venv`, running in a group of its own."""
    return subprocess.Popen(
        [".ci/venv", sys.executable, ".venv", "--no-index", f"./{WHEEL}"], cwd=checkout, start_new_session=True
    )


def run_tiny(checkout: Path) -> str:
    return subprocess.run([checkout / ".venv/bin/tiny"], check=True, capture_output=True, text=True).stdout


def is_made_anew(checkout: Path) -> bool:
    """Whether `make run` would do so, although its stamp is newer than everything."""
    (checkout / ".venv").mkdir(exist_ok=True)
    (checkout / ".venv/run.stamp").touch()
    # As a shell, which sets PWD to the way it took.
    environment = {**os.environ, "PWD": str(checkout)}
    told = subprocess.run(
        ["make", "-n", "run"], cwd=checkout, check=True, capture_output=True, text=True, env=environment
    )
    return ".ci/venv python3 .venv" in told.stdout


def test_what_was_interrupted_is_mended_and_then_kept(made: Path) -> None:
    assert run_tiny(made) == "tiny\n"
    assert not is_made_anew(made)
    (made / ".venv/kept").touch()
    assert install(made).wait() == 0
    assert (made / ".venv/kept").exists()


def test_an_installation_that_was_interrupted_begins_anew(made: Path) -> None:
    (made / ".venv/unfinished").touch()
    try:
        assert is_made_anew(made)
    finally:
        (made / ".venv/unfinished").unlink()


def test_a_checkout_that_was_moved_or_copied_gets_its_own(copied: Path) -> None:
    assert is_made_anew(copied)
    assert install(copied).wait() == 0
    assert run_tiny(copied) == "tiny\n"
    assert not is_made_anew(copied)


def test_a_checkout_that_is_reached_by_a_symbolic_link_keeps_its_own(made: Path, tmp_path: Path) -> None:
    link = tmp_path / "link"
    link.symlink_to(made)
    assert not is_made_anew(link)


@pytest.mark.parametrize("leftover", [[], ["python"], ["python", "pip"]])
def test_an_environment_without_pip_or_python_is_made_anew(tmp_path: Path, leftover: list[str]) -> None:
    place = make_checkout(tmp_path / "checkout")
    (place / ".venv/bin").mkdir(parents=True)
    for name in leftover:
        (place / ".venv/bin" / name).symlink_to("/nowhere/python")
    assert is_made_anew(place)
