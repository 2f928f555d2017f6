"""The values of behaviours: how each kind is read, shown, and said to be wrong. Pure.

A parser raises ValueError, whose message is not shown: `Grammar.wanted` has the words.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Generic, TypeVar

from echod.errors import CLOSE_CODES
from echod.rules import quantities
from echod.rules.http.head import TOKEN
from echod.rules.quantities import N, Quantity
from echod.settings import MIB

LONGEST_S = 600
"""No behaviour may keep a connection waiting for longer."""

WAIT = quantities.time(0.0, LONGEST_S)
WAIT_WITH_UNIT = quantities.time_with_unit(0.0, LONGEST_S)
"""Where a plain number counts messages."""
INTERVAL = quantities.time(0.01, LONGEST_S)
MESSAGES = quantities.count(0, MIB, "a count of messages")
SHARE_FORM = re.compile(r"0(?:\.[0-9]{1,6})?|1(?:\.0{1,6})?")
LINE = re.compile(r"[!-~](?:[ -~]*[!-~])?")
BITS = range(9, 16)
FORCED, LATE = "force:", "delay:"
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


@dataclass(frozen=True, slots=True)
class Subprotocol:
    """The subprotocol to select: where it is offered, or `is_forced`; without a name none is selected."""

    name: str | None
    is_forced: bool = False


@dataclass(frozen=True, slots=True)
class Deflate:
    """The answer to an offer of permessage-deflate: `window_bits` for both directions, or None: no context takeover."""

    window_bits: int | None = None
    is_declined: bool = False


class Pong(StrEnum):
    """How a Ping is answered, if not at once and with its payload; `UNASKED` is a Pong more, without a Ping."""

    NONE = "none"
    WRONG = "wrong"
    UNASKED = "unasked"


@dataclass(frozen=True, slots=True)
class LatePong:
    """Each Pong comes that much later."""

    delay_s: float


def fit(value: Value, is_fit: object) -> Value:
    """The value; raises ValueError unless it fits."""
    if not is_fit:
        raise ValueError
    return value


def of(quantity: Quantity[N], example: str) -> Grammar[N]:
    """The values of a quantity."""
    return Grammar(quantity.expected, example, quantity.parse, quantity.show)


def choice(*words: str) -> Grammar[str]:
    """One of these words."""
    wanted = f"one of {', '.join(words)}" if len(words) > 1 else words[0]
    return Grammar(wanted, words[0], lambda text: fit(text, text in words), choices=words)


def text(example: str, most_bytes: int) -> Grammar[str]:
    """A text that is not too long."""
    wanted = f"a text of at most {most_bytes} bytes in UTF-8"
    return Grammar(wanted, example, lambda text: fit(text, len(text.encode()) <= most_bytes))


def after(example: str) -> Grammar[After]:
    """A moment, in messages or with the unit of a time."""
    return Grammar(f"{MESSAGES.expected}, or {WAIT_WITH_UNIT.expected}", example, parse_after, show_after)


def parse_after(text: str) -> After:
    return After(messages=MESSAGES.parse(text)) if text.isdigit() else After(seconds=WAIT_WITH_UNIT.parse(text))


def show_after(after: After) -> str:
    return WAIT_WITH_UNIT.show(after.seconds) if after.seconds else str(after.messages)


def parse_header(text: str) -> tuple[str, str]:
    name, colon, value = text.partition(":")
    value = value.strip(" ")
    is_name = colon and TOKEN.fullmatch(name) and name.lower() not in MESSAGE_LENGTH
    return fit((name, value), is_name and (not value or LINE.fullmatch(value)))


def parse_hold(text: str) -> float | None:
    """None is forever."""
    return None if text == "forever" else WAIT.parse(text)


def show_hold(seconds: float | None) -> str:
    return "forever" if seconds is None else WAIT.show(seconds)


def parse_close(text: str) -> int:
    code = quantities.read_count(text)
    return fit(code, code in CLOSE_CODES)


def parse_subprotocol(text: str) -> Subprotocol:
    name = text.removeprefix(FORCED)
    fit(name, TOKEN.fullmatch(name))
    return Subprotocol(None) if text == "none" else Subprotocol(name, is_forced=text != name)


def show_subprotocol(value: Subprotocol) -> str:
    return f"{FORCED if value.is_forced else ''}{value.name or 'none'}"


def parse_pong(text: str) -> Pong | LatePong:
    return LatePong(WAIT.parse(text.removeprefix(LATE))) if text.startswith(LATE) else Pong(text)


def show_pong(value: Pong | LatePong) -> str:
    return f"{LATE}{WAIT.show(value.delay_s)}" if isinstance(value, LatePong) else str(value)


DEFLATES = {"off": Deflate(is_declined=True), "no-context-takeover": Deflate()}
DEFLATES |= {f"bits:{bits}": Deflate(bits) for bits in BITS}

# The kinds of one parameter alone.
LOCATION = Grammar(
    "an address in printable ASCII", "ws://localhost:9001/echo", lambda text: fit(text, LINE.fullmatch(text))
)
HOLD = Grammar(f"{WAIT.expected}, or forever", "3s", parse_hold, show_hold)
HEADER = Grammar(
    "Name:Value in printable ASCII, and neither Content-Length nor Transfer-Encoding",
    "X-Test:1",
    parse_header,
    ":".join,
)
SUBPROTOCOL = Grammar("a subprotocol such as chat, force:chat, or none", "chat", parse_subprotocol, show_subprotocol)
DEFLATE = Grammar(
    f"off, no-context-takeover, or bits:{BITS[0]} to bits:{BITS[-1]}",
    "bits:9",
    lambda text: DEFLATES[fit(text, text in DEFLATES)],
    {answer: name for name, answer in DEFLATES.items()}.__getitem__,
    tuple(DEFLATES),
)
SHARE = Grammar(
    "a share from 0 to 1 such as 0.1, with at most 6 digits behind the point",
    "0.1",
    lambda text: float(fit(text, SHARE_FORM.fullmatch(text))),
    "{:.6f}".format,
)
PONG = Grammar(f"none, wrong, unasked, or delay: and {WAIT.expected}", "delay:2s", parse_pong, show_pong)
CLOSE = Grammar("a close code: 1000 to 1003, 1007 to 1014, or 3000 to 4999", "4001", parse_close)
