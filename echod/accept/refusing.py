"""The one place that refuses: answer once, count, then close."""

from __future__ import annotations

from collections.abc import Callable

from twisted.internet.interfaces import IReactorTime

from echod.counters import Counters
from echod.rules.http.head import Refusal
from echod.rules.http.response import render, stamp
from echod.transport.interfaces import Transport
from echod.transport.steady import wall_s

Close = Callable[[], object]
"""Begins the lingering close (`LingeringClose.start_half_close`), or finishes it when the client is not waited for."""


def refuse(
    transport: Transport,
    refusal: Refusal,
    clock: IReactorTime,
    counters: Counters,
    close: Close,
    *,
    with_body: bool = True,
) -> None:
    """Write the answer, which to HEAD has no body, count it, and close. The caller drops what still comes."""
    counters.count(refusal.kind or refusal.status)
    transport.write(render(stamp(refusal, wall_s(clock)), with_body=with_body))
    close()
