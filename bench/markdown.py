"""Tables in Markdown. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

NOTHING = "—"


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table whose first column is text and whose others are numbers."""
    rule = ["---", *["---:"] * (len(head) - 1)]
    return "\n".join("| " + " | ".join(row) + " |" for row in (head, rule, *rows))


def number(value: float | None) -> str:
    """Three digits that count: 0.123, 1.23, 12.3, 123, and 1,234 in whole."""
    if value is None:
        return NOTHING
    if value >= 100:
        return f"{value:,.0f}"
    return f"{value:.{1 if value >= 10 else 2 if value >= 1 else 3}f}"


def span(ends: tuple[float, float] | None) -> str:
    return NOTHING if ends is None else f"{number(ends[0])}–{number(ends[1])}"
