"""The values of behaviours: how each kind is read, shown, and said to be wrong. Pure.

A parser raises ValueError and says nothing: `Grammar.wanted` has the words for everybody.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from echod.rules.http.head import TOKEN
from echod.settings import KIB, MIB

LONGEST_S = 600
"""No behaviour may keep a connection waiting for longer."""

MOST_CONTROL_BYTES = 125
"""Of a control frame (RFC 6455, 5.5)."""

MOST_REASON_BYTES = MOST_CONTROL_BYTES - 2
"""Of a Close, behind its code (RFC 6455, 5.5.1)."""

DURATION = re.compile(r"([0-9]{1,6})ms|([0-9]{1,3}(?:\.[0-9]{1,3})?)s")
SIZE = re.compile(r"([0-9]{1,10})([KM]?)")
UNITS = {"": 1, "K": KIB, "M": MIB}
NUMBER = re.compile(r"[0-9]{1,19}")
SHARE = re.compile(r"[01](?:\.[0-9]{1,6})?")
LINE = re.compile(r"[!-~](?:[ -~]*[!-~])?")
BITS = range(9, 16)
MESSAGE_LENGTH = frozenset({"content-length", "transfer-encoding"})
"""Headers that would make a proxy see another answer than the client."""

CLOSE_CODES = frozenset({*range(1000, 1004), *range(1007, 1015), *range(3000, 5000)})
"""What a Close may carry (RFC 6455, 7.4, and the registry); the others are `bad=close-code`."""


@dataclass(frozen=True, slots=True)
class Grammar:
    """One kind of value: `wanted` completes the sentence "this is not …"; `choices` are all values, if they are few."""

    wanted: str
    example: str
    parse: Callable[[str], Any]
    show: Callable[[Any], str] = str
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


def parse_duration(text: str) -> float:
    """Seconds, in whole milliseconds."""
    found = DURATION.fullmatch(text)
    if found is None:
        raise ValueError
    milliseconds = int(found[1]) if found[1] else round(float(found[2]) * 1000)
    fit(milliseconds <= LONGEST_S * 1000)
    return milliseconds / 1000


def show_duration(seconds: float) -> str:
    milliseconds = round(seconds * 1000)
    return f"{milliseconds}ms" if milliseconds % 1000 else f"{milliseconds // 1000}s"


def duration(example: str, least_ms: int = 0) -> Grammar:
    def parse(text: str) -> float:
        seconds = parse_duration(text)
        fit(round(seconds * 1000) >= least_ms)
        return seconds

    return Grammar(f"a time such as 250ms or 2s, from {least_ms}ms to {LONGEST_S}s", example, parse, show_duration)


def size(example: str, most: int) -> Grammar:
    def parse(text: str) -> int:
        found = SIZE.fullmatch(text)
        if found is None:
            raise ValueError
        count = int(found[1]) * UNITS[found[2]]
        fit(1 <= count <= most)
        return count

    return Grammar(f"a size such as 1, 64K or 1M, from 1 to {most // MIB}M", example, parse)


def number(example: str, least: int, most: int) -> Grammar:
    def parse(text: str) -> int:
        fit(NUMBER.fullmatch(text))
        fit(least <= int(text) <= most)
        return int(text)

    return Grammar(f"a number from {least} to {most}", example, parse)


def parse_after(text: str) -> After:
    if text.endswith("s"):
        return After(seconds=parse_duration(text))
    fit(NUMBER.fullmatch(text))
    fit(int(text) <= MIB)
    return After(messages=int(text))


def show_after(after: After) -> str:
    return show_duration(after.seconds) if after.seconds else str(after.messages)


def after(example: str) -> Grammar:
    wanted = f"a count of messages from 0 to {MIB} such as 3, or a time such as 2s, to {LONGEST_S}s"
    return Grammar(wanted, example, parse_after, show_after)


def choice(*words: str) -> Grammar:
    def parse(text: str) -> str:
        fit(text in words)
        return text

    return Grammar(f"one of {', '.join(words)}" if len(words) > 1 else words[0], words[0], parse, choices=words)


def text(example: str, most_bytes: int) -> Grammar:
    def parse(value: str) -> str:
        fit(len(value.encode()) <= most_bytes)
        return value

    return Grammar(f"a text of at most {most_bytes} bytes in UTF-8", example, parse)


def parse_line(value: str) -> str:
    fit(LINE.fullmatch(value))
    return value


def line(wanted: str, example: str) -> Grammar:
    """What may stand in a header: printable ASCII."""
    return Grammar(wanted, example, parse_line)


def parse_header(value: str) -> tuple[str, str]:
    name, colon, rest = value.partition(":")
    fit(colon and TOKEN.fullmatch(name) and name.lower() not in MESSAGE_LENGTH)
    rest = rest.strip(" ")
    fit(not rest or LINE.fullmatch(rest))
    return name, rest


def header(example: str) -> Grammar:
    wanted = "Name:Value in printable ASCII, and neither Content-Length nor Transfer-Encoding"
    return Grammar(wanted, example, parse_header, ":".join)


def parse_share(value: str) -> float:
    fit(SHARE.fullmatch(value))
    fit(float(value) <= 1)
    return float(value)


def share(example: str) -> Grammar:
    wanted = "a share from 0 to 1 such as 0.1, with at most 6 digits behind the point"
    return Grammar(wanted, example, parse_share, "{:.6f}".format)


def parse_hold(value: str) -> float | None:
    """None is forever."""
    return None if value == "forever" else parse_duration(value)


def hold(example: str) -> Grammar:
    wanted = f"a time such as 250ms or 2s, to {LONGEST_S}s, or forever"
    return Grammar(
        wanted, example, parse_hold, lambda seconds: "forever" if seconds is None else show_duration(seconds)
    )


def parse_subprotocol(value: str) -> str:
    fit(TOKEN.fullmatch(value.removeprefix("force:")))
    return value


def subprotocol(example: str) -> Grammar:
    return Grammar("a subprotocol such as chat, force:chat, or none", example, parse_subprotocol)


def deflate() -> Grammar:
    bits = choice("off", "no-context-takeover", *(f"bits:{count}" for count in BITS))
    wanted = f"off, no-context-takeover, or bits:{BITS[0]} to bits:{BITS[-1]}"
    return Grammar(wanted, "bits:9", bits.parse, choices=bits.choices)


def parse_pong(value: str) -> str | float:
    """A word, or the seconds to wait."""
    if value.startswith("delay:"):
        return parse_duration(value.removeprefix("delay:"))
    fit(value in ("none", "wrong", "unasked"))
    return value


def show_pong(value: str | float) -> str:
    return value if isinstance(value, str) else f"delay:{show_duration(value)}"


def pong() -> Grammar:
    return Grammar(f"none, wrong, unasked, or delay: and a time to {LONGEST_S}s", "delay:2s", parse_pong, show_pong)


def parse_close(value: str) -> int:
    fit(NUMBER.fullmatch(value))
    fit(int(value) in CLOSE_CODES)
    return int(value)


def close(example: str) -> Grammar:
    return Grammar("a close code: 1000 to 1003, 1007 to 1014, or 3000 to 4999", example, parse_close)
