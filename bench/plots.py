"""Bars in SVG, readable on light and on dark ground. Pure: text out of numbers, no dependency."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from xml.sax.saxutils import escape

from bench.markdown import number

WIDTH, HEIGHT = 960, 420
LEFT, RIGHT, TOP, BOTTOM = 72, 14, 76, 34
ROW = 34
NAMES = 170
"""Room for the names of horizontal bars."""

STYLE = """\
svg { --ground: #ffffff; --ink: #1f2328; --faint: #59636e; --line: #d1d9e0;
  --echod: #d1480b; --picows: #2f6fd0; --aiohttp: #1a8f6d; --ws: #9a4fc4; --websockets: #b98a00; --stock: #7d8590; }
@media (prefers-color-scheme: dark) { svg { --ground: #0d1117; --ink: #e6edf3; --faint: #9198a1; --line: #30363d;
  --echod: #ff7b39; --picows: #5b9bf5; --aiohttp: #34c297; --ws: #c07ff0; --websockets: #dcb13c; --stock: #8b949e; } }
text { font: 13px system-ui, sans-serif; fill: var(--ink); }
.title { font-size: 15px; font-weight: 600; }
.faint { fill: var(--faint); font-size: 12px; }
.value { font-size: 10.5px; fill: var(--faint); }
line { stroke: var(--line); }"""


@dataclass(frozen=True)
class Series:
    """One server: `key` is its colour, `values` has one for each group; None leaves a gap."""

    key: str
    title: str
    values: Sequence[float | None]


def text(x: float, y: float, words: str, kind: str = "", anchor: str = "start") -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" class="{kind}" text-anchor="{anchor}">{escape(words)}</text>'


def upright(x: float, y: float, words: str) -> str:
    """Text that reads from below; as wide as a bar, so that neighbours do not touch."""
    return f'<text class="value" transform="translate({x:.1f} {y:.1f}) rotate(-90)">{escape(words)}</text>'


def box(x: float, y: float, width: float, height: float, key: str) -> str:
    return f'<rect x="{x:.1f}" y="{y:.1f}" width="{width:.1f}" height="{height:.1f}" rx="1.5" fill="var(--{key})"/>'


def picture(height: int, title: str, parts: Sequence[str]) -> str:
    head = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" width="{WIDTH}" height="{height}">'
    ground = f'<rect width="{WIDTH}" height="{height}" fill="var(--ground)"/>'
    lines = [head, f"<title>{escape(title)}</title>", f"<style>{STYLE}</style>", ground]
    return "\n".join([*lines, text(LEFT, 26, title, "title"), *parts, "</svg>"]) + "\n"


@dataclass(frozen=True)
class LogScale:
    """From values to heights: `low` and `high` are exponents of ten at the foot and at the top."""

    low: int
    high: float

    @classmethod
    def around(cls, values: Sequence[float]) -> LogScale:
        """From a power of ten to twice the largest value: room for bars, and for what stands above them."""
        low = math.floor(math.log10(min(values) * 0.9))
        return cls(low, max(low + 1, math.log10(max(values) * 2)))

    def y(self, value: float) -> float:
        part = (math.log10(value) - self.low) / (self.high - self.low)
        return HEIGHT - BOTTOM - part * (HEIGHT - BOTTOM - TOP)

    def lines(self) -> Iterator[str]:
        for power in range(self.low, math.floor(self.high) + 1):
            y = self.y(10.0**power)
            yield f'<line x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{y:.1f}" y2="{y:.1f}"/>'
            yield text(LEFT - 8, y + 4, f"{10**power:,}", "faint", "end")


def legend(series: Sequence[Series]) -> Iterator[str]:
    x = float(LEFT)
    for one in series:
        yield box(x, 41, 12, 12, one.key)
        yield text(x + 18, 52, one.title)
        x += 44 + 7.2 * len(one.title)


def group(x: float, width: float, scale: LogScale, at: int, series: Sequence[Series]) -> Iterator[str]:
    """The bars of one group, each with its value above it."""
    bar = width * 0.86 / len(series)
    for place, one in enumerate(series):
        value = one.values[at]
        if value:
            left, top = x + width * 0.07 + place * bar, scale.y(value)
            yield box(left, top, bar - 2, HEIGHT - BOTTOM - top, one.key)
            yield upright(left + bar / 2 + 2.5, top - 4, number(value))


def grouped_bars(title: str, groups: Sequence[str], series: Sequence[Series]) -> str:
    """A group of upright bars for each name, one bar for each server, on a log scale."""
    scale = LogScale.around([value for one in series for value in one.values if value])
    width = (WIDTH - LEFT - RIGHT) / len(groups)
    parts = [*legend(series), *scale.lines()]
    for at, name in enumerate(groups):
        x = LEFT + at * width
        parts += [*group(x, width, scale, at, series), text(x + width / 2, HEIGHT - 12, name, "", "middle")]
    return picture(HEIGHT, title, parts)


def bars(title: str, rows: Sequence[tuple[str, str, float | None]]) -> str:
    """Level bars from zero: the colour's key, the name and the value of each."""
    longest = max(value or 0 for _, _, value in rows)
    scale = (WIDTH - NAMES - RIGHT - 60) / longest
    parts = []
    for at, (key, name, value) in enumerate(rows):
        y = 44 + at * ROW
        parts.append(text(NAMES - 10, y + 17, name, "", "end"))
        if value is not None:
            parts += [
                box(NAMES, y, value * scale, ROW - 10, key),
                text(NAMES + value * scale + 8, y + 17, number(value)),
            ]
    return picture(44 + len(rows) * ROW + 10, title, parts)
