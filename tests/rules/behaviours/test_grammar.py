"""The close codes: which may stand in a Close frame."""

from __future__ import annotations

import pytest

from echod.errors import CLOSE_CODES


@pytest.mark.parametrize("code", [0, 999, 1004, 1005, 1006, 1015, 1016, 2999, 5000])
def test_codes_for_local_use_and_those_of_nobody_are_never_sent(code: int) -> None:
    """RFC 6455, 7.4.1 and 7.4.2."""
    assert code not in CLOSE_CODES


@pytest.mark.parametrize("code", [1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 1012, 1013, 1014, 3000, 4999])
def test_codes_for_the_wire_may_be_sent(code: int) -> None:
    assert code in CLOSE_CODES
