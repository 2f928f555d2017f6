"""`python -m tests.fuzz.one TARGET [libFuzzer's options]`: fuzz one target in this process; ends at the first find."""

from __future__ import annotations

import importlib
import sys

import atheris

INSTRUMENTED = ["echod"]
"""Only our own branches guide the search."""


def main(target: str, options: list[str]) -> None:
    """Let atheris look for bytes with which the target's check raises."""
    with atheris.instrument_imports(include=INSTRUMENTED, enable_loader_override=False):
        module = importlib.import_module(f"tests.fuzz.targets.{target}")
    atheris.Setup([target, *options], module.check)
    atheris.Fuzz()


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2:])
