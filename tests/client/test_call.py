"""One call from another thread: it has one end, whatever comes first."""

from __future__ import annotations

import pytest
from twisted.internet.defer import Deferred

from echod.client.call import Call
from echod.errors import CannotWait


def test_what_is_given_up_is_not_made_any_more() -> None:
    made: list[str] = []
    call = Call(lambda: made.append("made"))
    call.give_up("why")

    call.make()
    call.wait()

    assert made == []
    with pytest.raises(CannotWait, match="why"):
        call.result()


def test_what_is_over_cannot_be_given_up() -> None:
    call = Call(lambda: "result")
    call.make()

    call.give_up("why")

    assert call.result() == "result"


def test_what_is_interrupted_is_cancelled_as_soon_as_it_has_begun_or_never_made() -> None:
    cancelled: list[object] = []
    running: Deferred[None] = Deferred(cancelled.append)
    begun, waiting = Call(lambda: running), Call(lambda: cancelled.append("made"))
    begun.make()

    begun.cancel()
    waiting.cancel()
    waiting.make()

    assert cancelled == [running]
    with pytest.raises(CannotWait, match="what this call waited for was cancelled"):
        begun.result()
