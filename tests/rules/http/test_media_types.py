"""Which form a client wants."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from echod.rules.http.response import prefers_json


@pytest.mark.parametrize(
    "accept",
    [
        ["application/json"],
        ["Application/JSON; charset=utf-8"],
        ["application/json, text/html;q=0.9"],
        ["text/html;q=0.5", "application/*"],
        ["application/json;q=0.2"],
        ["text/html;q=x, */*;q=0.1"],
    ],
)
def test_json_is_preferred(accept: list[str]) -> None:
    assert prefers_json(accept)


@pytest.mark.parametrize(
    "accept",
    [
        [],
        [""],
        ["*/*"],
        ["text/html"],
        ["text/html, application/json"],
        ["application/json;q=0"],
        ["text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"],
        ["image/png"],
    ],
)
def test_html_is_preferred_or_good_enough(accept: list[str]) -> None:
    assert not prefers_json(accept)


@given(st.lists(st.text()))
def test_nothing_makes_it_raise(accept: list[str]) -> None:
    assert prefers_json(accept) in (True, False)
