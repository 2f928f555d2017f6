"""Whether the programs are there that tests talk to."""

from __future__ import annotations

import os
import shutil

import pytest


def require(*programs: str) -> None:
    """Without them: a skip on a desk, a failure where CI=true."""
    missing = [program for program in programs if shutil.which(program, path=PATH) is None]
    if missing:
        give_up = pytest.fail if os.environ.get("CI") == "true" else pytest.skip
        give_up(f"missing programs: {', '.join(missing)}")


def find(program: str) -> str:
    """The path of one that is there."""
    found = shutil.which(program, path=PATH)
    assert found is not None
    return found


PATH = f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin"
"""Debian puts daemons where only root looks."""
