"""The corpora: inputs that reach different parts of the product, kept as text, one literal a line."""

from __future__ import annotations

import ast
from collections.abc import Iterable
from pathlib import Path

FOLDER = Path(__file__).with_name("corpus")
TARGETS = tuple(
    sorted(path.stem for path in Path(__file__).with_name("targets").glob("*.py") if path.stem != "__init__")
)


def read(target: str) -> list[bytes]:
    """The inputs of a target."""
    return [parse(line) for line in (FOLDER / f"{target}.txt").read_text().splitlines()]


def write(target: str, inputs: Iterable[bytes]) -> None:
    """Replace the inputs of a target; the shortest come first."""
    lines = [f"{data!r}\n" for data in sorted(set(inputs), key=lambda data: (len(data), data))]
    (FOLDER / f"{target}.txt").write_text("".join(lines))


def parse(line: str) -> bytes:
    """The input that a line is the literal of."""
    value = ast.literal_eval(line)
    assert isinstance(value, bytes)
    return value
