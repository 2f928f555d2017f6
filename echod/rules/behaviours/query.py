"""A query string to what it asks of a connection, and back. Pure; the parser never raises."""

from __future__ import annotations

import difflib
import re
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, unquote_to_bytes

from echod.rules.behaviours.grammar import AT_ONCE, After
from echod.rules.behaviours.parameter import Parameter
from echod.rules.behaviours.table import BY_NAME, PARAMETERS
from echod.rules.http.head import Refusal

NOT_ENCODED = re.compile(r"%(?![0-9A-Fa-f]{2})")
MOST_SHOWN = 60
"""Of what a client sent, in the answer to it."""

NOSNIFF = (("X-Content-Type-Options", "nosniff"),)
"""The answer shows what was sent; no browser is to take it for more than text."""


@dataclass(frozen=True, slots=True)
class Behaviour:
    """What a client asked this connection to do; by default nothing. Times are in seconds, sizes in bytes."""

    status: int | None = None
    location: str | None = None
    retry_after: int | None = None
    hold: float | None = 0.0
    """None is forever."""
    header: tuple[tuple[str, str], ...] = ()
    accept: str | None = None
    subprotocol: str | None = None
    """A name, `force:` and a name, or `none`; None leaves the choice to the endpoint."""
    deflate: str | None = None
    delay: float = 0.0
    jitter: float | None = None
    fragment: int | None = None
    chop: int | None = None
    rate: int | None = None
    times: int = 1
    reply: str | None = None
    drop: float | None = None
    seed: int | None = None
    greet: str | None = None
    push: str | None = None
    every: float = 1.0
    count: int | None = None
    flood: int = 0
    ping: float | None = None
    ping_payload: str = ""
    pong: str | float | None = None
    """A word, or the seconds to wait."""
    stall: After | None = None
    stall_for: float | None = None
    close: int | None = None
    reason: str = ""
    after: After = AT_ONCE
    end: str | None = None
    close_reply: str | None = None
    bad: str | None = None


NOTHING = Behaviour()
"""What a connection does that asks for nothing."""


class Unfit(ValueError):
    """A query cannot be; its text is the sentence for the client."""


def read_behaviour(query: str) -> Behaviour | Refusal:
    """What this query asks for, or the answer 400 that names the parameter, its value, and what would be right."""
    try:
        values = read_values(query)
        check_company(values)
    except Unfit as error:
        return Refusal(400, str(error), NOSNIFF)
    return Behaviour(**{BY_NAME[name].field: value for name, value in values.items()})


def render_behaviour(behaviour: Behaviour) -> str:
    """A query that asks for exactly this."""
    return "&".join(
        f"{parameter.name}={quote(parameter.grammar.show(value), safe=':/,')}"
        for parameter in PARAMETERS
        if (given := getattr(behaviour, parameter.field)) != getattr(NOTHING, parameter.field)
        for value in (given if parameter.is_repeatable else (given,))
    )


def read_values(query: str) -> dict[str, Any]:
    """Parameter names to values, each good in itself.

    Raises:
        Unfit: the first that is not.
    """
    values: dict[str, Any] = {}
    for piece in filter(None, query.split("&")):
        name, _, text = piece.partition("=")
        parameter, value = read_value(decode(name), decode(text))
        if parameter.is_repeatable:
            values[parameter.name] = (*values.get(parameter.name, ()), value)
        elif parameter.name in values:
            raise Unfit(f"{parameter.name}={shown(decode(text))} comes on top of another: give {parameter.name} once")
        else:
            values[parameter.name] = value
    return values


def read_value(name: str, text: str) -> tuple[Parameter, Any]:
    """The parameter of this name, and the value that this text is."""
    parameter = BY_NAME.get(name)
    if parameter is None:
        raise Unfit(f"there is no parameter {shown(name)}{suggest(name)}; /behaviours lists all of them")
    try:
        return parameter, parameter.grammar.parse(text)
    except ValueError:
        wanted = f"{parameter.grammar.wanted}, as in {parameter.name}={parameter.grammar.example}"
        raise Unfit(f"{name}={shown(text)} is wrong: wanted is {wanted}") from None


def decode(piece: str) -> str:
    """Percent-decoded as forms are: a plus is a blank."""
    try:
        if not NOT_ENCODED.search(piece):
            return unquote_to_bytes(piece.replace("+", " ")).decode()
    except UnicodeDecodeError:
        pass
    raise Unfit(f"{shown(piece)} is no percent-encoded UTF-8: write %25 for a percent sign, %C3%A9 for an e with acute")


def shown(text: str) -> str:
    """What a client sent, escaped and bounded."""
    return ascii(text if len(text) <= MOST_SHOWN else text[:MOST_SHOWN] + "...")


def suggest(name: str) -> str:
    """The nearest name that there is."""
    nearest = difflib.get_close_matches(name[:MOST_SHOWN], BY_NAME, n=1)
    return f", did you mean {nearest[0]}?" if nearest else ""


def check_company(values: dict[str, Any]) -> None:
    """Whether they go together.

    Raises:
        Unfit: the first that lacks another, or that another contradicts.
    """
    for name, value in values.items():
        parameter = BY_NAME[name]
        if parameter.needs and not any(other in values for other in parameter.needs):
            raise Unfit(f"{say(name, values)} means nothing alone: add {' or '.join(parameter.needs)}")
        against = next((other for other in parameter.excludes if other in values), None)
        if against is not None and parameter.is_excluding(value):
            raise Unfit(f"{say(against, values)} contradicts {say(name, values)}: leave one of them out")


def say(name: str, values: dict[str, Any]) -> str:
    """A parameter with its value, as it would be asked for."""
    value = values[name]
    show = BY_NAME[name].grammar.show
    return f"{name}={shown(show(value[0] if BY_NAME[name].is_repeatable else value))}"
