"""What may be used: a budget that many share, and a rate that one may not outrun."""

from __future__ import annotations

import pytest
from twisted.internet.task import Clock

from echod.flow.quotas import Quota, RateLimit


def test_a_budget_is_there_until_it_is_used_up() -> None:
    quota = Quota(10)

    assert [quota.reserve(count) for count in (4, 6, 1)] == [True, True, False]


def test_what_is_given_back_may_be_taken_again() -> None:
    quota = Quota(10)
    quota.reserve(10)
    assert not quota.reserve(1)

    quota.release(11)

    assert quota.reserved == 0
    assert quota.reserve(10)


def test_a_budget_of_zero_is_no_limit() -> None:
    assert Quota(0).reserve(2**60)


@pytest.mark.parametrize(
    ("spent", "passed_s", "wait_s"),
    [
        ([], 0, 0),
        ([100], 0, 0),
        ([101], 0, 0.01),
        ([200], 0, 1),
        ([300], 0, 2),
        ([300], 1, 1),
        ([300], 2, 0),
        ([300], 99, 0),
        ([150, 150], 0, 2),
    ],
)
def test_a_rate_lets_one_second_pass_at_once_and_then_makes_wait(
    spent: list[int], passed_s: float, wait_s: float
) -> None:
    clock = Clock()
    clock.advance(1000)
    rate = RateLimit(clock, 100)

    for count in spent:
        rate.spend(count)
    clock.advance(passed_s)

    assert rate.wait_s() == pytest.approx(wait_s)


def test_who_has_used_nothing_for_long_has_saved_nothing() -> None:
    clock = Clock()
    rate = RateLimit(clock, 100)
    clock.advance(1000)

    rate.spend(300)

    assert rate.wait_s() == 2


def test_a_rate_of_zero_is_no_limit() -> None:
    rate = RateLimit(Clock(), 0)

    rate.spend(2**60)

    assert rate.wait_s() == 0
