"""Health for supervisors and load balancers: whether the process serves, and whether to send it new clients."""

from __future__ import annotations

from collections.abc import Callable

from echod.rules.http.head import Head
from echod.rules.http.media_types import PLAIN
from echod.rules.http.response import Page
from echod.site.response import Make
from echod.transport.interfaces import Transport

LIVE, READY = "/health/live", "/health/ready"


def answer_live(_transport: Transport, _head: Head) -> Page:
    """`/health/live`: 200 while the process serves."""
    return Page(PLAIN, b"live\n", cache_control="no-store")


def answer_ready(is_ready: Callable[[], bool]) -> Make:
    """`/health/ready`: 200, or 503 from the moment a graceful shutdown begins."""

    def answer(_transport: Transport, _head: Head) -> Page:
        text, status = (b"ready\n", 200) if is_ready() else (b"leaving\n", 503)
        return Page(PLAIN, text, status=status, cache_control="no-store")

    return answer
