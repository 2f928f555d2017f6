"""Sizes, times and counts: what is read, what is refused and with which words, and that showing loses nothing.

One grammar: the tables hold for every option, variable and behaviour of the kind.
"""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from echod.rules.quantities import Quantity, count, size, time, time_with_unit, whole_seconds

KIB = 1024
SIZES = size(KIB**4)
TIMES = time(0.0, 86_400.0)
WITH_UNIT = time_with_unit(0.0, 86_400.0)
WHOLE = whole_seconds(0, 86_400)
COUNTS = count(0, 2**63 - 1)


@pytest.mark.parametrize(
    ("text", "value"),
    [("1", 1), ("65536", 65536), ("64K", 64 * KIB), ("16M", 16 * KIB**2), ("1G", KIB**3), ("1024G", KIB**4)],
)
def test_a_size_is_bytes_or_has_a_unit(text: str, value: int) -> None:
    assert SIZES.parse(text) == value


@pytest.mark.parametrize(
    ("text", "value"),
    [
        *(("0s", 0.0), ("250ms", 0.25), ("2s", 2.0), ("1.5s", 1.5), ("1.500000s", 1.5), ("1m", 60.0), ("0.25m", 15.0)),
        *(("1h", 3600.0), ("24h", 86_400.0), ("0.5h", 1800.0), ("00001s", 1.0)),
    ],
)
def test_a_time_has_a_unit_and_may_have_a_fraction(text: str, value: float) -> None:
    assert TIMES.parse(text) == WITH_UNIT.parse(text) == value


@pytest.mark.parametrize(("text", "value"), [("0", 0.0), ("2", 2.0), ("1.5", 1.5), ("86400", 86_400.0)])
def test_a_plain_number_is_seconds_where_it_is_nothing_else(text: str, value: float) -> None:
    assert TIMES.parse(text) == value
    with pytest.raises(ValueError, match="a time such as"):
        WITH_UNIT.parse(text)


@pytest.mark.parametrize(("text", "value"), [("0", 0), ("5", 5), ("2000ms", 2), ("1.5m", 90), ("24h", 86_400)])
def test_whole_seconds_are_a_time_too(text: str, value: int) -> None:
    read = WHOLE.parse(text)
    assert (read, type(read)) == (value, int)


NUMBERS = (
    "",
    "-1",
    "+1",
    "1e3",
    "0x10",
    "1_000",
    "1,5",
    " 1",
    "1 ",
    "1\n",
    "nan",
    "inf",
    "-inf",
    "٣",
    "\uff11",
    "9" * 5000,
)
"""What `int` or `float` may take, and we do not."""
NO_TIMES = ("s", "1.s", ".5s", "-1s", "1e3s", "1 s", "1.0001s", "0.5ms", "0.0001s", "1S", "1d", "1min", "1h30m", "٣s")
LATE = ("86400001ms", "86401s", "1441m", "25h", "soon")
REFUSED = {
    SIZES: (*NUMBERS, "0", "0K", "1.5K", "64k", "12X", "10KB", "64KiB", "1M ", "-1K", "1T", "1025G"),
    TIMES: (*NUMBERS, *NO_TIMES, *LATE, ".5", "86401", "0.0001"),
    WITH_UNIT: (*NUMBERS, *NO_TIMES, *LATE, "5", "1.5"),
    WHOLE: (*NUMBERS, *NO_TIMES, *LATE, "1.5", "1.5s", "500ms", "86401"),
    COUNTS: (*NUMBERS, "1.0", "1K", "1s", "9223372036854775808"),
}


@pytest.mark.parametrize(("quantity", "text"), [(kind, text) for kind, texts in REFUSED.items() for text in texts])
def test_what_is_written_otherwise_or_out_of_bounds_is_refused_with_what_is_expected(
    quantity: Quantity[float], text: str
) -> None:
    with pytest.raises(ValueError, match="from") as refused:
        quantity.parse(text)
    assert str(refused.value) == quantity.expected


@pytest.mark.parametrize(
    ("quantity", "expected"),
    [
        (size(16 * KIB**2), "a size such as 1, 64K or 1M, from 1 to 16M"),
        (time(0.01, 600.0), "a time such as 250ms, 2s or 1m, or plain seconds, from 10ms to 10m"),
        (time_with_unit(0.0, 90.0), "a time such as 250ms, 2s or 1m, from 0s to 90s"),
        (whole_seconds(0, 7200), "a time in whole seconds such as 5, 30s or 1m, from 0s to 2h"),
        (count(1, 1000), "a number from 1 to 1000"),
        (count(0, 65535, "a port number"), "a port number from 0 to 65535"),
    ],
)
def test_what_is_expected_names_the_form_and_both_bounds(quantity: Quantity[float], expected: str) -> None:
    assert quantity.expected == expected


@pytest.mark.parametrize("bound", [1, 5])
def test_a_bound_itself_is_allowed(bound: int) -> None:
    assert count(1, 5).parse(str(bound)) == bound


@pytest.mark.parametrize(
    ("show", "value", "text"),
    [
        (SIZES.show, 1000, "1000"),
        (SIZES.show, 16 * KIB, "16K"),
        (SIZES.show, 16 * KIB**2, "16M"),
        (TIMES.show, 0.0, "0s"),
        (TIMES.show, 0.25, "250ms"),
        (TIMES.show, 1.5, "1.5s"),
        (TIMES.show, 10.0, "10s"),
        (TIMES.show, 61.001, "61.001s"),
        (TIMES.show, 20.0, "20s"),
        (TIMES.show, 60.0, "1m"),
        (TIMES.show, 5400.0, "90m"),
        (TIMES.show, 86_400.0, "24h"),
        (WHOLE.show, 5, "5s"),
    ],
)
def test_a_value_is_shown_as_shortly_as_it_can_be_written(
    show: Callable[[float], str], value: float, text: str
) -> None:
    assert show(value) == text


@given(st.integers(1, KIB**4) | st.builds(KIB.__mul__, st.integers(1, KIB**2)))
def test_a_size_that_is_shown_is_read_as_the_same(value: int) -> None:
    assert SIZES.parse(SIZES.show(value)) == value


@given(st.integers(0, 86_400_000))
def test_a_time_that_is_shown_is_read_as_the_same(milliseconds: int) -> None:
    seconds = milliseconds / 1000
    assert TIMES.parse(TIMES.show(seconds)) == WITH_UNIT.parse(WITH_UNIT.show(seconds)) == seconds


@given(st.integers(0, 86_400))
def test_whole_seconds_that_are_shown_are_read_as_the_same(value: int) -> None:
    assert WHOLE.parse(WHOLE.show(value)) == value


@given(st.integers(0, 2**63 - 1))
def test_a_count_that_is_shown_is_read_as_the_same(value: int) -> None:
    assert COUNTS.parse(COUNTS.show(value)) == value


@given(st.text("0123456789.KMGhms-"))
def test_any_text_is_a_value_within_the_bounds_or_refused(text: str) -> None:
    for quantity in (SIZES, TIMES, WITH_UNIT, WHOLE, COUNTS):
        try:
            value = quantity.parse(text)
        except ValueError:
            continue
        assert quantity.least <= value <= quantity.most
