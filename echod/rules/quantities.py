"""Sizes, times and counts: one grammar for options, variables and queries of clients.

A count is plain digits.
A size is a count of bytes, of KiB (`64K`), MiB (`16M`) or GiB (`1G`).
A time is `250ms`, `2s`, `1.5s`, `1m` or `1h`, in whole milliseconds; a plain number is seconds, as its value is.
All digits are ASCII; there is no sign, no exponent and no space. What is shown is read as the same value again. Pure.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Generic, TypeVar

from echod.settings import KIB, MIB

N = TypeVar("N", int, float)

COUNT = re.compile(r"([0-9]{1,19})")
SIZE = re.compile(r"([0-9]{1,19})([KMG]?)")
SIZE_UNITS = {"G": KIB * MIB, "M": MIB, "K": KIB, "": 1}
TIME = re.compile(r"([0-9]{1,10})(?:\.([0-9]{1,9}))?(ms|s|m|h)")
TIME_FORM = "a time such as 250ms, 2s or 1m,"
PLAIN_FORM = f"{TIME_FORM} or plain seconds,"
HOUR_MS, MINUTE_MS, SECOND_MS = 3_600_000, 60_000, 1000
TIME_UNITS_MS = {"h": HOUR_MS, "m": MINUTE_MS, "s": SECOND_MS, "ms": 1}


@dataclass(frozen=True, slots=True)
class Quantity(Generic[N]):
    """A number between two bounds, both allowed; `form` is what is expected without them, after the words "is not"."""

    form: str
    read: Callable[[str], N]
    show: Callable[[N], str]
    least: N
    most: N

    @property
    def expected(self) -> str:
        """What a complaint says after "is not"."""
        return f"{self.form} from {self.show(self.least)} to {self.show(self.most)}"

    def parse(self, text: str) -> N:
        """The value of this text; a ValueError says `expected` if it has another form or is out of bounds."""
        with suppress(ValueError):
            value = self.read(text)
            if self.least <= value <= self.most:
                return value
        raise ValueError(self.expected)


def count(least: int, most: int, form: str = "a number") -> Quantity[int]:
    """A plain number; `form` says of what."""
    return Quantity(form, read_count, str, least, most)


def size(most_bytes: int) -> Quantity[int]:
    """A size of at least one byte."""
    return Quantity("a size such as 1, 64K or 1M,", read_size, show_size, 1, most_bytes)


def time(least_s: float, most_s: float) -> Quantity[float]:
    """A time with its unit, or a plain number of seconds."""
    return Quantity(PLAIN_FORM, read_time, show_time, least_s, most_s)


def time_with_unit(least_s: float, most_s: float) -> Quantity[float]:
    """A time where a plain number would be something else."""
    return Quantity(TIME_FORM, read_time_with_unit, show_time, least_s, most_s)


def whole_seconds(least_s: int, most_s: int) -> Quantity[int]:
    """A time for a protocol that knows no parts of a second."""
    return Quantity("a time in whole seconds such as 5, 30s or 1m,", read_whole_seconds, show_time, least_s, most_s)


def split(pattern: re.Pattern[str], text: str) -> tuple[str, ...]:
    """The groups of the whole text, or ValueError."""
    if found := pattern.fullmatch(text):
        return found.groups("")
    raise ValueError(text)


def read_count(text: str) -> int:
    return int(*split(COUNT, text))


def read_size(text: str) -> int:
    count, unit = split(SIZE, text)
    return int(count) * SIZE_UNITS[unit]


def show_size(count_bytes: int) -> str:
    """In the largest unit of which it is a whole number."""
    unit = next(unit for unit, factor in SIZE_UNITS.items() if count_bytes % factor == 0)
    return f"{count_bytes // SIZE_UNITS[unit]}{unit}"


def read_time(text: str) -> float:
    return read_time_with_unit(text if text[-1:] in ("s", "m", "h") else f"{text}s")


def read_time_with_unit(text: str) -> float:
    """Seconds; less than a millisecond is no time that a timer could keep."""
    whole, fraction, unit = split(TIME, text)
    scale = int("1" + "0" * len(fraction))
    milliseconds, rest = divmod(int(whole + fraction) * TIME_UNITS_MS[unit], scale)
    if rest:
        raise ValueError(text)
    return milliseconds / 1000


def read_whole_seconds(text: str) -> int:
    seconds = read_time(text)
    if not seconds.is_integer():
        raise ValueError(text)
    return int(seconds)


def show_time(seconds: float) -> str:
    """Whole hours or minutes, whole milliseconds below a second, or seconds."""
    milliseconds = round(seconds * 1000)
    for unit, factor in (("h", HOUR_MS), ("m", MINUTE_MS)):
        if milliseconds and milliseconds % factor == 0:
            return f"{milliseconds // factor}{unit}"
    if 0 < milliseconds < SECOND_MS:
        return f"{milliseconds}ms"
    return f"{milliseconds // 1000}.{milliseconds % 1000:03}".rstrip("0").rstrip(".") + "s"
