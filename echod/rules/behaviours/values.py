"""The values that have parts, each read once: a subprotocol, an answer to permessage-deflate, a Pong. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from echod.rules.behaviours.grammar import BITS, WAIT, Grammar, fit
from echod.rules.http.head import TOKEN

FORCE = "force:"
WINDOW_BITS = "bits:"
DELAY = "delay:"


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


DEFLATES = {"off": Deflate(is_declined=True), "no-context-takeover": Deflate()} | {
    f"{WINDOW_BITS}{bits}": Deflate(bits) for bits in BITS
}
DEFLATE_NAMES = {answer: name for name, answer in DEFLATES.items()}


def parse_subprotocol(text: str) -> Subprotocol:
    name = text.removeprefix(FORCE)
    fit(TOKEN.fullmatch(name))
    return Subprotocol(None) if text == "none" else Subprotocol(name, is_forced=text != name)


def show_subprotocol(value: Subprotocol) -> str:
    return f"{FORCE if value.is_forced else ''}{value.name or 'none'}"


def subprotocol(example: str) -> Grammar[Subprotocol]:
    return Grammar("a subprotocol such as chat, force:chat, or none", example, parse_subprotocol, show_subprotocol)


def parse_deflate(text: str) -> Deflate:
    fit(text in DEFLATES)
    return DEFLATES[text]


def deflate(example: str) -> Grammar[Deflate]:
    wanted = f"off, no-context-takeover, or {WINDOW_BITS}{BITS[0]} to {WINDOW_BITS}{BITS[-1]}"
    return Grammar(wanted, example, parse_deflate, DEFLATE_NAMES.__getitem__, tuple(DEFLATES))


def parse_pong(text: str) -> Pong | LatePong:
    return LatePong(WAIT.parse(text.removeprefix(DELAY))) if text.startswith(DELAY) else Pong(text)


def show_pong(value: Pong | LatePong) -> str:
    return f"{DELAY}{WAIT.show(value.delay_s)}" if isinstance(value, LatePong) else str(value)


def pong(example: str) -> Grammar[Pong | LatePong]:
    return Grammar(f"none, wrong, unasked, or delay: and {WAIT.expected}", example, parse_pong, show_pong)
