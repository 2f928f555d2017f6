"""A query string to what it asks of a connection. Pure; the parser never raises.

A query that is the client's own business asks for nothing, whatever it is. In one that asks for a behaviour everything
is checked: a name that is not known there may be a parameter that is misspelt beyond recognition, and a test whose
fault is silently left out proves nothing.
"""

from __future__ import annotations

from dataclasses import replace

from echod.rules.behaviours.names import decoded, is_asking, meant_by, names_in, shown
from echod.rules.behaviours.parameter import Row
from echod.rules.behaviours.table import BY_NAME, NOTHING, Behaviour
from echod.rules.http.head import Refusal
from echod.rules.http.response import NOSNIFF
from echod.rules.suggestion import suggest

Values = dict[str, tuple[object, ...]]
"""Parameter names to values, each good in itself; one value where the name may stand once."""


class Unfit(ValueError):
    """A query cannot be; its text is the sentence for the client."""


def read_behaviour(query: str) -> Behaviour | Refusal:
    """What this query asks for, or the answer 400 that names the parameter, its value, and what would be right."""
    if not is_asking(query):
        return NOTHING
    try:
        check_spelling(query)
        values = read_values(query)
        check_company(values)
    except Unfit as error:
        # The answer shows what was sent; no browser is to take it for more than text.
        return Refusal(400, str(error), (NOSNIFF,))
    asked = [(BY_NAME[name], given) for name, given in values.items()]
    fields = {parameter.field: given if parameter.is_repeatable else given[0] for parameter, given in asked}
    return replace(NOTHING, **fields)  # type: ignore[arg-type]  # that a grammar fits its field is checked in the table


def check_spelling(query: str) -> None:
    """Raise Unfit for the first misspelt name: without it the query may be the client's own business."""
    for name in names_in(query):
        if meant := meant_by(name):
            raise Unfit(f"there is no parameter {shown(name)}, did you mean {meant}?; /behaviours lists all of them")


def read_values(query: str) -> Values:
    """The values of a query; raises Unfit for the first that is wrong."""
    values: Values = {}
    for piece in filter(None, query.split("&")):
        name, text = map(decode, piece.partition("=")[::2])
        if name not in BY_NAME:
            why = f"a query that asks for {first_known(query)} has no names but those that /behaviours lists"
            raise Unfit(f"there is no parameter {shown(name)}{suggest(name, BY_NAME)}; {why}")
        parameter, value = read_value(name, text)
        if parameter.name in values and not parameter.is_repeatable:
            raise Unfit(f"{parameter.name} is given more than once, again as {shown(text)}")
        values[parameter.name] = (*values.get(parameter.name, ()), value)
    return values


def read_value(name: str, text: str) -> tuple[Row, object]:
    """The parameter of this name, and the value that this text is."""
    parameter = BY_NAME[name]
    try:
        return parameter, parameter.grammar.parse(text)
    except ValueError:
        example = f"{name}={parameter.grammar.example}"
        raise Unfit(f"{name}={shown(text)}: expected {parameter.grammar.wanted}, as in {example}") from None


def first_known(query: str) -> str:
    """The first name for which a query is not the client's own."""
    return next(name for name in names_in(query) if name in BY_NAME)


def decode(piece: str) -> str:
    """Percent-decoded; raises Unfit when that is impossible."""
    if (text := decoded(piece)) is not None:
        return text
    raise Unfit(f"{shown(piece)} is not valid percent-encoding of UTF-8: a percent sign is %25, an e with acute %C3%A9")


def check_company(values: Values) -> None:
    """Raise Unfit for the first that requires another, or that another excludes."""
    for name, (value, *_) in values.items():
        parameter = BY_NAME[name]
        if parameter.needs and values.keys().isdisjoint(parameter.needs):
            raise Unfit(f"{say(name, values)} requires {' or '.join(parameter.needs)}")
        against = next((other for other in parameter.excludes if other in values), None)
        if against and (not parameter.excludes_when or parameter.grammar.show(value) in parameter.excludes_when):
            raise Unfit(f"{say(against, values)} cannot be combined with {say(name, values)}")


def say(name: str, values: Values) -> str:
    """A parameter with its value, as it would be asked for."""
    return f"{name}={shown(BY_NAME[name].grammar.show(values[name][0]))}"
