"""Conditional requests (RFC 9110, 13): dates in three forms, and tags as they are compared."""

from __future__ import annotations

from email.utils import formatdate
from http import HTTPStatus

import pytest
from hypothesis import given
from hypothesis import strategies as st

from echod.rules.http.conditions import Validators, evaluate, read_http_date

NOW_S = 784_111_777
STATE = Validators('"a,b"', NOW_S)


def outcome(state: Validators, *headers: tuple[str, str]) -> HTTPStatus | None:
    """What these headers make of a page in this state."""
    return evaluate(lambda name: [value for each, value in headers if each == name], state)


@pytest.mark.parametrize(
    ("text", "second"),
    [
        ("Sun, 06 Nov 1994 08:49:37 GMT", NOW_S),
        ("Sunday, 06-Nov-94 08:49:37 GMT", NOW_S),
        ("Sun Nov  6 08:49:37 1994", NOW_S),
        ("Sun Nov 06 08:49:37 1994", NOW_S),
        ("Thursday, 01-Jan-70 00:00:00 GMT", 0),
        ("Sunday, 06-Nov-68 08:49:37 GMT", 3_119_417_377),
        ("Sat, 31 Dec 2016 23:59:60 GMT", 1_483_228_799),
        ("Thu, 29 Feb 2024 00:00:00 GMT", 1_709_164_800),
    ],
)
def test_a_date_has_three_forms(text: str, second: int) -> None:
    assert read_http_date(text) == second


@pytest.mark.parametrize(
    "text",
    [
        "",
        "yesterday",
        "784111777",
        "Sun, 06 Nov 1994 08:49:37",
        "Sun, 06 Nov 1994 08:49:37 CET",
        "Sun, 6 Nov 1994 08:49:37 GMT",
        "sun, 06 nov 1994 08:49:37 gmt",
        "Sun, 06 Nov 94 08:49:37 GMT",
        "Sun, 06 Nov 1994 08:49 GMT",
        "Sun, 06 Nov 1994 24:00:00 GMT",
        "Sun, 06 Nov 1994 08:60:00 GMT",
        "Sun, 31 Feb 1994 08:49:37 GMT",
        "Sun, 00 Nov 1994 08:49:37 GMT",
        "Sun, 06 Nov 0000 08:49:37 GMT",
        "Sun, 06 Nov 1994 08:49:37 GMT, Sun, 06 Nov 1994 08:49:37 GMT",
        "Sunday, 06-Nov-1994 08:49:37 GMT",
        "Sunday, 06-XYZ-94 08:49:37 GMT",
        "1994-11-06T08:49:37Z",
    ],
)
def test_anything_else_is_no_date(text: str) -> None:
    assert read_http_date(text) is None


@given(st.integers(0, 4_000_000_000))
def test_every_date_that_is_sent_is_read(second: int) -> None:
    assert read_http_date(formatdate(second, usegmt=True)) == second


@given(st.text(), st.text(), st.text())
def test_nothing_makes_it_raise(match: str, none_match: str, since: str) -> None:
    headers = (("if-match", match), ("if-none-match", none_match), ("if-modified-since", since))
    assert outcome(STATE, *headers) in (None, 304, 412)


@pytest.mark.parametrize(
    ("value", "is_had"),
    [
        ('"a,b"', True),
        ('W/"a,b"', True),
        ('"x" , W/"a,b"', True),
        (',, "a,b",', True),
        ("*", True),
        ('"a', False),
        ("a,b", False),
        ('"a","b"', False),
        ('*, "x"', False),
        ('"A,B"', False),
        ("", False),
    ],
)
def test_a_tag_is_compared_whole(value: str, is_had: bool) -> None:
    assert outcome(STATE, ("if-none-match", value)) == (304 if is_had else None)
    assert outcome(STATE, ("if-match", value)) == (None if is_had and "W/" not in value else 412)


@pytest.mark.parametrize("name", ["if-modified-since", "if-unmodified-since"])
def test_a_page_without_a_date_has_no_condition_of_it(name: str) -> None:
    """RFC 9110, 13.1.3 and 13.1.4."""
    assert outcome(Validators('"a"'), (name, "Sun, 06 Nov 1994 08:49:37 GMT")) is None


@pytest.mark.parametrize(("offset_s", "status"), [(-1, 412), (0, 304), (1, 304)])
def test_a_date_is_compared_by_the_second(offset_s: int, status: int) -> None:
    date = formatdate(NOW_S + offset_s, usegmt=True)
    assert outcome(STATE, ("if-modified-since", date)) == (304 if status == 304 else None)
    assert outcome(STATE, ("if-unmodified-since", date)) == (412 if status == 412 else None)
