"""The oracle of the fast path: whatever a client sends, in whatever segments, is answered as stock Autobahn answers it.

Answers are compared segment by segment, so that what fails must fail at the same byte.
"""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, example, given, settings

from tests.streams import LIMIT, encode, feed, own_echo, segmented, stock_echo

MASK = b"\x37\xfa\x21\x3d"
PATIENT = [HealthCheck.too_slow, HealthCheck.data_too_large]


def assert_no_difference(segments: list[bytes]) -> None:
    expected, found = feed(stock_echo(), segments), feed(own_echo(), segments)
    assert found.answers == expected.answers
    assert found.is_open is expected.is_open
    assert found.sent_code == expected.sent_code
    if found.is_open:
        assert found.received_code == expected.received_code


@settings(max_examples=300, suppress_health_check=PATIENT)
@given(segmented())
@example([encode(0x81, b"\xf4\x90", MASK, 4)])
@example([encode(0x81, b"\xed\xa0\x80", MASK)[:8], encode(0x81, b"\xed\xa0\x80", MASK)[8:]])
@example([encode(0x81, "κόσμε".encode(), MASK)[:9], encode(0x81, "κόσμε".encode(), MASK)[9:] + b"\x81"])
@example([encode(0x82, b"x" * LIMIT, MASK)[:1000], encode(0x82, b"x" * LIMIT, MASK)[1000:] + encode(0x81, b"y", MASK)])
def test_any_stream_is_answered_as_stock_autobahn_answers_it(segments: list[bytes]) -> None:
    assert_no_difference(segments)


@pytest.mark.full
@settings(max_examples=10_000, suppress_health_check=PATIENT)
@given(segmented())
def test_ten_thousand_streams_are_answered_as_stock_autobahn_answers_them(segments: list[bytes]) -> None:
    assert_no_difference(segments)
