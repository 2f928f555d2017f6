"""The ratios that echod is built to reach, in CPU for a message, and whether a run reaches them."""

from __future__ import annotations

from bench.figures import Run, middle, ratio
from bench.markdown import number

COLUMNS = ("pp64", "pl16", "pl64", "4k", "1m")
GOALS: dict[str, tuple[float, ...]] = {
    "stock": (3.5, 10, 14, 4, 4),
    "websockets": (1.7, 7, 10, 2, 1),
    "aiohttp": (1, 4, 6, 1.1, 1),
    "picows": (0.65, 3, 4, 0.75, 0.7),
}
"""For each peer the least ratio in each column."""
HANDSHAKE_US = 120
IDLE_KIB = 10


def verdict(run: Run, peer: str, scenario: str) -> str:
    """The ratio beside what it should be: `3.61× of 3.5×: yes`."""
    reached = ratio(run, scenario, "echod", peer)
    if reached is None:
        return "not measured"
    wanted = GOALS[peer][COLUMNS.index(scenario)]
    return f"{reached:.2f}× of {wanted:g}×: {yes_or_no(reached >= wanted)}"


def yes_or_no(is_reached: bool) -> str:
    return "yes" if is_reached else "**no**"


def limits(run: Run) -> list[tuple[str, str, str, str]]:
    """What must stay below a bound: its name, what was measured, the bound, whether it holds."""
    opening = middle(run.openings.get("echod", []), "cpu_us")
    each = middle(run.idle.get("echod", []), "each_kib")
    return [
        ("CPU for a handshake", *bounded(opening, HANDSHAKE_US, "µs")),
        ("memory for an idle connection", *bounded(each, IDLE_KIB, "KiB")),
    ]


def bounded(value: float | None, limit: float, unit: str) -> tuple[str, str, str]:
    if value is None:
        return "not measured", f"≤ {limit:g} {unit}", "—"
    return f"{number(value)} {unit}", f"≤ {limit:g} {unit}", yes_or_no(value <= limit)
