"""What can be looked up: names and addresses."""

from __future__ import annotations

import pytest

from echod.rules.http.uri import is_host


@pytest.mark.parametrize("text", ["localhost", "a.b.", "a_b", "127.0.0.1", "::1", "2001:db8::1", "::ffff:192.0.2.1"])
def test_names_and_addresses_are_hosts(text: str) -> None:
    assert is_host(text)


@pytest.mark.parametrize("text", ["", ".", "a..b", "a b", "[::1]", ":", "1:2", "12345::", "a:80"])
def test_anything_else_is_none(text: str) -> None:
    assert not is_host(text)
