"""The load generator, compiled once."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from bench import generator


@pytest.fixture(scope="session")
def load(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Without a compiler: a skip on a desk, a failure where CI=true, as for the browser."""
    if shutil.which(os.environ.get("CC", "cc")) is None:
        give_up = pytest.fail if os.environ.get("CI") == "true" else pytest.skip
        give_up("missing Debian package: gcc")
    return generator.build(tmp_path_factory.mktemp("load") / "load")
