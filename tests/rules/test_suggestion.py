"""The known name that a misspelt one is nearest to."""

from __future__ import annotations

import pytest

from echod.rules.suggestion import suggest

NAMES = ("port", "listen", "max-message")


@pytest.mark.parametrize(("name", "nearest"), [("prot", "port"), ("listne", "listen"), ("max-mesage", "max-message")])
def test_a_misspelt_name_is_answered_with_the_nearest(name: str, nearest: str) -> None:
    assert suggest(name, NAMES, "--{}".format) == f", did you mean --{nearest}?"


@pytest.mark.parametrize("name", ["", "xyzzy", "max-message" * 100])
def test_a_name_that_is_near_to_none_is_answered_with_nothing(name: str) -> None:
    assert suggest(name, NAMES) == ""
