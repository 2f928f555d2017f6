"""The values of behaviours: how each kind is read, shown, and said to be wrong. Pure.

A parser raises ValueError, whose message is not shown: `Grammar.wanted` has the words.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

from echod.errors import CLOSE_CODES
from echod.rules import quantities
from echod.rules.http.head import TOKEN
from echod.rules.quantities import N, Quantity
from echod.settings import MIB

LONGEST_S = 600
"""No behaviour may keep a connection waiting for longer."""

WAIT = quantities.time(0.0, LONGEST_S)
MESSAGES = quantities.count(0, MIB, "a count of messages")
SHARE = re.compile(r"[01](?:\.[0-9]{1,6})?")
LINE = re.compile(r"[!-~](?:[ -~]*[!-~])?")
BITS = range(9, 16)
MESSAGE_LENGTH = frozenset({"content-length", "transfer-encoding"})
"""Headers that would make a proxy see another answer than the client."""


Value = TypeVar("Value")


@dataclass(frozen=True, slots=True)
class Grammar(Generic[Value]):
    """One kind of value: `wanted` completes the sentence "this is not …"; `choices` are all values, if they are few."""

    wanted: str
    example: str
    parse: Callable[[str], Value]
    show: Callable[[Value], str] = str
    choices: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class After:
    """A moment: so many messages after the connection opened, or so many seconds if there are any."""

    messages: int = 0
    seconds: float = 0.0


AT_ONCE = After()


def fit(condition: object) -> None:
    """Raise ValueError unless the value fits."""
    if not condition:
        raise ValueError


def of(quantity: Quantity[N], example: str) -> Grammar[N]:
    """The values of a quantity."""
    return Grammar(quantity.expected, example, quantity.parse, quantity.show)


def duration(example: str, least_s: float = 0.0) -> Grammar[float]:
    """A time; its unit must be given, because elsewhere in a query a plain number is a count."""
    return of(quantities.time(least_s, LONGEST_S), example)


def size(example: str, most_bytes: int) -> Grammar[int]:
    return of(quantities.size(most_bytes), example)


def number(example: str, least: int, most: int) -> Grammar[int]:
    return of(quantities.count(least, most), example)


def parse_after(text: str) -> After:
    if text.isdigit():
        return After(messages=MESSAGES.parse(text))
    return After(seconds=WAIT.parse(text))


def show_after(after: After) -> str:
    return WAIT.show(after.seconds) if after.seconds else str(after.messages)


def after(example: str) -> Grammar[After]:
    return Grammar(f"{MESSAGES.expected}, or {WAIT.expected}", example, parse_after, show_after)


def choice(*words: str) -> Grammar[str]:
    def parse(text: str) -> str:
        fit(text in words)
        return text

    return Grammar(f"one of {', '.join(words)}" if len(words) > 1 else words[0], words[0], parse, choices=words)


def text(example: str, most_bytes: int) -> Grammar[str]:
    def parse(value: str) -> str:
        fit(len(value.encode()) <= most_bytes)
        return value

    return Grammar(f"a text of at most {most_bytes} bytes in UTF-8", example, parse)


def parse_line(value: str) -> str:
    fit(LINE.fullmatch(value))
    return value


def line(wanted: str, example: str) -> Grammar[str]:
    """What may stand in a header: printable ASCII."""
    return Grammar(wanted, example, parse_line)


def parse_header(value: str) -> tuple[str, str]:
    name, colon, rest = value.partition(":")
    fit(colon and TOKEN.fullmatch(name) and name.lower() not in MESSAGE_LENGTH)
    rest = rest.strip(" ")
    fit(not rest or LINE.fullmatch(rest))
    return name, rest


def header(example: str) -> Grammar[tuple[str, str]]:
    wanted = "Name:Value in printable ASCII, and neither Content-Length nor Transfer-Encoding"
    return Grammar(wanted, example, parse_header, ":".join)


def parse_share(value: str) -> float:
    fit(SHARE.fullmatch(value))
    fit(float(value) <= 1)
    return float(value)


def share(example: str) -> Grammar[float]:
    wanted = "a share from 0 to 1 such as 0.1, with at most 6 digits behind the point"
    return Grammar(wanted, example, parse_share, "{:.6f}".format)


def parse_hold(value: str) -> float | None:
    """None is forever."""
    return None if value == "forever" else WAIT.parse(value)


def show_hold(seconds: float | None) -> str:
    return "forever" if seconds is None else WAIT.show(seconds)


def hold(example: str) -> Grammar[float | None]:
    return Grammar(f"{WAIT.expected}, or forever", example, parse_hold, show_hold)


def parse_close(value: str) -> int:
    code = quantities.read_count(value)
    fit(code in CLOSE_CODES)
    return code


def close(example: str) -> Grammar[int]:
    return Grammar("a close code: 1000 to 1003, 1007 to 1014, or 3000 to 4999", example, parse_close)
