"""What a query asks for: read, refused with one sentence, and printed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from echod.rules.behaviours import grammar
from echod.rules.behaviours.grammar import After, Deflate, LatePong, Pong, Subprotocol
from echod.rules.behaviours.parameter import GROUPS, HANDSHAKE, Parameter, read_table
from echod.rules.behaviours.query import read_behaviour
from echod.rules.behaviours.table import BY_NAME, NOTHING, PARAMETERS, Behaviour
from echod.rules.http.head import Refusal
from echod.rules.http.response import render

GOOD = {
    "status": {"300": 300, "403": 403, "599": 599},
    "hold": {"3s": 3.0, "3": 3.0, "forever": None, "250ms": 0.25},
    "header": {"X-A:1": (("X-A", "1"),), "X-A:%20a%20b:c": (("X-A", "a b:c"),), "X-A:": (("X-A", ""),)},
    "accept": {"wrong": "wrong"},
    "subprotocol": {
        "chat": Subprotocol("chat"),
        "none": Subprotocol(None),
        "force:none": Subprotocol("none", is_forced=True),
    },
    "deflate": {
        "off": Deflate(is_declined=True),
        "bits:9": Deflate(9),
        "bits:15": Deflate(15),
        "no-context-takeover": Deflate(),
    },
    "delay": {"200ms": 0.2, "1.5s": 1.5, "0ms": 0.0, "600s": 600.0, "1m": 60.0, "0.5m": 30.0, "5": 5.0, "1.5": 1.5},
    "jitter": {"50ms": 0.05, "1": 1.0},
    "fragment": {"1024": 1024, "1K": 1024, "16M": 16 * 1024 * 1024},
    "chop": {"1": 1, "1M": 1024 * 1024},
    "rate": {"10K": 10240, "1G": 1024**3},
    "times": {"1": 1, "1000": 1000},
    "reply": {"none": "none", "size": "size", "sha256": "sha256"},
    "drop": {"0.1": 0.1, "0": 0.0, "1": 1.0},
    "greet": {"hello": "hello", "": "", "a+b%2B": "a b+", "%C3%A9%00": "é\0"},
    "push": {"tick": "tick"},
    "flood": {"64M": 64 * 1024 * 1024},
    "ping": {"1s": 1.0, "10ms": 0.01, "5": 5.0},
    "pong": {
        "none": Pong.NONE,
        "wrong": Pong.WRONG,
        "unasked": Pong.UNASKED,
        "delay:2s": LatePong(2.0),
        "delay:2": LatePong(2.0),
    },
    "stall": {"5": After(messages=5), "2s": After(seconds=2.0), "2m": After(seconds=120), "0": After(), "0s": After()},
    "close": {"1000": 1000, "1014": 1014, "4999": 4999},
    "end": {"abort": "abort", "fin": "fin", "vanish": "vanish"},
    "close-reply": {"none": "none"},
    "bad": {"utf8": "utf8", "close-utf8": "close-utf8"},
}
NEEDY = {
    "location": ("status=301", {"ws://h/": "ws://h/", "/a%20b": "/a b"}),
    "retry-after": ("status=503", {"0": 0, "86400": 86400, "1m": 60, "24h": 86400}),
    "seed": ("drop=0.5", {"42": 42, "9223372036854775807": 2**63 - 1}),
    "every": ("push=x", {"10ms": 0.01, "1": 1.0}),
    "count": ("push=x", {"1000000": 10**6}),
    "ping-payload": ("ping=1s", {"a" * 125: "a" * 125}),
    "stall-for": ("stall=1", {"10s": 10.0, "10": 10.0}),
    "reason": ("close=4001", {"bye": "bye", "": ""}),
    "after": ("close=4001", {"3": After(messages=3), "2s": After(seconds=2.0)}),
}
BAD = {
    "status": ["", "200", "299", "600", "abc", "4031", "-403", "%D9%A4%D9%A0%D9%A3"],
    "location": ["", "%0d%0aX:1", "%C3%A9", "%20/"],
    "retry-after": ["", "-1", "86401", "1.5s", "soon"],
    "hold": ["", "601", "601s", "never", "11m", "-1s"],
    "header": [
        "",
        "X-A",
        ":1",
        "X A:1",
        "X-A:%0d%0aB:1",
        "X-A:%C3%A9",
        "content-length:5",
        "Transfer-Encoding:chunked",
    ],
    "accept": ["", "right", "WRONG"],
    "subprotocol": ["", "a,b", "a%20b", "force:", "%C3%A9"],
    "deflate": ["", "on", "bits:8", "bits:16", "bits:"],
    "delay": ["", "601", "1h", "600001ms", "1.0001s", "1e3s", "%D9%A1s"],
    "jitter": ["", "x"],
    "fragment": ["", "0", "17M", "1G", "1.5K", "-1"],
    "chop": ["", "0", "2M"],
    "rate": ["", "0", "10KB", "2048M"],
    "times": ["", "0", "1001", "x"],
    "reply": ["", "md5"],
    "drop": ["", "1.1", "2", ".5", "0.1234567", "nan"],
    "seed": ["", "-1", "9223372036854775808", "x"],
    "greet": ["%ff", "%zz", "%", "a" * 8193],
    "push": ["%C3"],
    "every": ["", "9ms", "0.001"],
    "count": ["", "0", "1000001"],
    "flood": ["", "0", "2048M"],
    "ping": ["", "0s", "9ms"],
    "ping-payload": ["a" * 126, "%C3%A9" * 63],
    "pong": ["", "late", "delay:", "delay:x"],
    "stall": ["", "x", "-1", "1.5", "601s", "1048577", "%D9%A3"],
    "stall-for": ["", "601"],
    "close": ["", "999", "1004", "1005", "1006", "1015", "2000", "5000", "x"],
    "reason": ["a" * 124],
    "after": ["", "x", "1048577", "601s"],
    "end": ["", "reset"],
    "close-reply": ["", "late"],
    "bad": ["", "utf-8"],
}
CONTRADICTIONS = [
    *(("status=403", other) for other in ("accept=wrong", "subprotocol=a", "deflate=off", "delay=1s", "greet=a")),
    *(("status=403", other) for other in ("flood=1", "ping=1s", "pong=none", "stall=1", "close=1000", "end=fin")),
    *(("status=403", other) for other in ("close-reply=none", "bad=utf8", "chop=1", "rate=1", "reply=size", "push=a")),
    *(("hold=forever", other) for other in ("status=403", "header=A:1", "accept=wrong", "delay=1s", "bad=utf8")),
    *(("reply=none", other) for other in ("delay=1s", "jitter=1s", "times=2", "drop=0.5")),
    *(("close=4001", other) for other in ("end=fin", "close-reply=none", "bad=close-code", "bad=close-utf8")),
    ("end=abort", "close-reply=none"),
]

FOREIGN = [
    *("a=b", "a=b&token=x", "a=b&c=%20d", "xyzzy=1", "%C3%A9=1", "=1", "=", "a", "a==b=", "a=1&a=2", "_=1700000000"),
    *("%zz", "a=%zz", "a=%ff", "%ff=%", "a=%00", "%00=1", "%", "a=%", "+", "a=+", "a;delay=1s", "a=1;times=3"),
    *("a=b?delay=1s", "?", "??", "a[]=1", "DELAYED-FOR-A-WHILE" * 20, "a=" + "x" * 4096, "x" * 8192, "a%26delay=1s"),
    *("&".join(f"p{number}=1" for number in range(2000)), "a&" * 4000, "EIO=4&transport=websocket&sid=abc&t=Px1"),
    "X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=A%2F20300101%2Feu&X-Amz-Date=20300101T000000Z&X-Amz-Signature=f",
]
"""Queries that are the client's own business, right or wrong."""


def ask(query: str) -> Behaviour:
    """What this query asks for."""
    behaviour = read_behaviour(query)
    assert isinstance(behaviour, Behaviour), behaviour.why
    return behaviour


def refuse(query: str) -> str:
    """Why this query is refused."""
    refusal = read_behaviour(query)
    assert isinstance(refusal, Refusal), refusal
    assert refusal.status == 400
    assert render(refusal).startswith(b"HTTP/1.1 400 Bad Request\r\n")
    return refusal.why


def cases(table: dict[str, Any]) -> list[tuple[str, Any]]:
    return [
        (name, case)
        for name, values in table.items()
        for case in (values.items() if hasattr(values, "items") else values)
    ]


@pytest.mark.parametrize(("name", "case"), cases(GOOD))
def test_a_good_value_is_read(name: str, case: tuple[str, Any]) -> None:
    assert getattr(ask(f"{name}={case[0]}"), BY_NAME[name].field) == case[1]


@pytest.mark.parametrize(("name", "company", "case"), [(n, c, v) for n, (c, vs) in NEEDY.items() for v in vs.items()])
def test_a_good_value_is_read_beside_what_it_needs(name: str, company: str, case: tuple[str, Any]) -> None:
    assert getattr(ask(f"{company}&{name}={case[0]}"), BY_NAME[name].field) == case[1]


@pytest.mark.parametrize("name", NEEDY)
def test_what_requires_another_is_refused_alone(name: str) -> None:
    why = refuse(f"{name}={quote(BY_NAME[name].grammar.example)}")
    assert why.startswith(f"{name}=")
    assert why.endswith(f" requires {' or '.join(BY_NAME[name].needs)}")


@pytest.mark.parametrize(("name", "value"), cases(BAD))
def test_a_bad_value_is_refused_with_its_name_and_what_would_be_right(name: str, value: str) -> None:
    why = refuse(f"{name}={value}")
    assert (why.startswith(f"{name}=") and f": expected {BY_NAME[name].grammar.wanted}, as in {name}=" in why) or (
        "is not valid percent-encoding" in why
    )


@pytest.mark.parametrize(("first", "second"), CONTRADICTIONS)
@pytest.mark.parametrize("order", [1, -1])
def test_a_contradiction_is_refused_with_both_its_sides(first: str, second: str, order: int) -> None:
    why = refuse("&".join((first, second)[::order]))
    assert first.partition("=")[0] in why
    assert second.partition("=")[0] in why
    assert " cannot be combined with " in why


def test_every_parameter_has_good_and_bad_values() -> None:
    assert {*GOOD, *NEEDY} == BAD.keys() == BY_NAME.keys()


def test_every_parameter_is_in_a_group_and_the_groups_are_in_order() -> None:
    assert list(dict.fromkeys(parameter.group for parameter in PARAMETERS)) == list(GROUPS)


@pytest.mark.parametrize("parameter", PARAMETERS, ids=lambda parameter: parameter.name)
def test_an_example_is_a_good_value(parameter: Any) -> None:
    grammar = parameter.grammar
    assert grammar.parse(grammar.show(grammar.parse(grammar.example))) == grammar.parse(grammar.example)


@pytest.mark.parametrize("parameter", PARAMETERS, ids=lambda parameter: parameter.name)
def test_the_table_names_what_there_is(parameter: Any) -> None:
    assert {*parameter.needs, *parameter.excludes} <= BY_NAME.keys()
    assert parameter.purpose.isascii()
    assert parameter.grammar.wanted.isascii()
    assert all(
        parameter.grammar.show(parameter.grammar.parse(choice)) == choice for choice in parameter.grammar.choices
    )


@dataclass(frozen=True)
class Wider(Behaviour):
    """The table with one parameter more."""

    new: str | None = Parameter("pings", grammar.text("", 1), "For this test.").otherwise(None)


@pytest.mark.parametrize("name", ["status", "hold"])
def test_without_a_connection_a_new_parameter_is_excluded_without_being_named(name: str) -> None:
    wider = {parameter.name: parameter for parameter in read_table(Wider)}
    assert wider[name].excludes == (*BY_NAME[name].excludes, "new")
    assert {other.name for other in wider.values() if other.group != HANDSHAKE} <= {*wider[name].excludes}


@pytest.mark.parametrize("query", ["", "&", "&&"])
def test_an_empty_query_asks_for_nothing(query: str) -> None:
    assert ask(query) == NOTHING


def test_parameters_combine() -> None:
    asked = ask("delay=200ms&times=3&&close=4001&after=2&reason=bye+now")
    assert asked == Behaviour(delay=0.2, times=3, close=4001, after=After(messages=2), reason="bye now")


def test_a_repeatable_one_keeps_its_order() -> None:
    assert ask("header=A:1&header=B:2&header=A:3").header == (("A", "1"), ("B", "2"), ("A", "3"))


def test_another_may_stand_once() -> None:
    assert refuse("delay=1s&delay=2s") == "delay is given more than once, again as '2s'"


@pytest.mark.parametrize("query", ["dela=1s", "token=x&dela=1s", "times=2&dela=1s", "dela", "d%65la=%zz"])
def test_a_misspelt_name_is_answered_with_the_one_that_was_meant_whatever_is_beside_it(query: str) -> None:
    why = "there is no parameter 'dela', did you mean delay?; /behaviours lists all of them"
    assert refuse(query) == why


@pytest.mark.parametrize("query", FOREIGN)
def test_a_query_without_a_name_of_ours_asks_for_nothing(query: str) -> None:
    assert ask(query) == NOTHING


@pytest.mark.parametrize(
    ("query", "name"),
    [
        ("delay=1s&token=x", "'token'"),
        ("token=x&delay=1s", "'token'"),
        ("EIO=4&transport=websocket&delay=1s", "'EIO'"),
        ("=1&delay=1s", "''"),
        ("%C3%A9=1&d%65lay=1s", r"'\xe9'"),
        ("DELAYED-FOR-A-WHILE=1&delay=1s", "'DELAYED-FOR-A-WHILE'"),
    ],
)
def test_beside_a_behaviour_there_is_no_name_of_others(query: str, name: str) -> None:
    """What is unknown there may be a fault that a test relies on."""
    why = refuse(query)
    assert why.startswith(f"there is no parameter {name}")
    assert why.endswith("; a query that asks for delay has no names but those that /behaviours lists")


def test_an_unknown_name_beside_a_behaviour_is_answered_with_the_nearest() -> None:
    assert refuse("delay=1s&framgnets=2").startswith("there is no parameter 'framgnets', did you mean fragment?; ")


@pytest.mark.parametrize("query", ["%zz=1&delay=1s", "delay=1s&a=%ff", "delay=%zz", "%&times=2"])
def test_beside_a_behaviour_everything_can_be_decoded(query: str) -> None:
    assert "is not valid percent-encoding of UTF-8" in refuse(query)


def test_a_name_without_a_value_has_an_empty_one() -> None:
    assert refuse("delay").startswith("delay='': expected a time such as 250ms, ")


def test_what_was_sent_is_shown_escaped_and_bounded() -> None:
    why = refuse("status=%0d%0a%C3%A9" + "a" * 1000)
    assert r"status='\r\n\xe9aaa" in why
    assert "a" * 61 not in why


def render_behaviour(behaviour: Behaviour) -> str:
    """A query that asks for exactly this."""
    return "&".join(
        f"{parameter.name}={quote(parameter.grammar.show(value), safe=':/,')}"
        for parameter in PARAMETERS
        if (given := getattr(behaviour, parameter.field)) != getattr(NOTHING, parameter.field)
        for value in (given if parameter.is_repeatable else (given,))
    )


def piece(name: str) -> st.SearchStrategy[str]:
    """One parameter with a value that is probably good."""
    values = [*(GOOD.get(name) or NEEDY[name][1]), *map(quote, BY_NAME[name].grammar.choices)]
    return st.sampled_from([f"{name}={value}" for value in values])


PIECES = st.lists(st.sampled_from(sorted(BY_NAME)).flatmap(piece), max_size=6)


@given(PIECES)
def test_what_is_printed_is_read_as_the_same(pieces: list[str]) -> None:
    behaviour = read_behaviour("&".join(pieces))
    if isinstance(behaviour, Behaviour):
        assert ask(render_behaviour(behaviour)) == behaviour


@given(st.builds(quote, st.text()))
def test_every_text_goes_through_a_greeting(text: str) -> None:
    if len(text.encode()) <= 8192:
        behaviour = ask(f"greet={text}")
        assert ask(render_behaviour(behaviour)) == behaviour


@given(st.one_of(st.text(), st.lists(st.sampled_from([*BY_NAME, "=", "&", "%", "1", "s", "+", "%C3"])).map("".join)))
def test_nothing_makes_the_parser_raise(query: str) -> None:
    result = read_behaviour(query)
    if isinstance(result, Refusal):
        render(result)
