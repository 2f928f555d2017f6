"""What supervisors are told: live while the process serves, ready until a drain begins."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import pytest
from pytest_twisted import ensureDeferred
from twisted.internet.protocol import Factory
from twisted.internet.testing import MemoryReactorClock
from twisted.logger import LogEvent

from echod.site.generated import answer_live, answer_ready
from echod.site.pages import make_pages
from echod.site.response import Response
from echod.websocket.context import make_context
from tests.site.visitor import Site


class Supervised(Site):
    """A site that is ready as long as it is told so."""

    def __init__(self, folder: Path, *, debug: bool = False) -> None:
        clock = MemoryReactorClock()
        super().__init__(make_pages(folder, clock), clock)
        for path, make in (
            ("/health/live", answer_live),
            ("/health/ready", partial(answer_ready, lambda: self.is_ready)),
        ):
            self.endpoints.pages[path] = Factory.forProtocol(
                partial(Response, make, make_context(clock, debug=debug), is_routine=True)
            )
        self.is_ready = True


@pytest.fixture
def supervised(folder: Path) -> Supervised:
    return Supervised(folder)


@ensureDeferred
@pytest.mark.parametrize(
    ("target", "is_ready", "status", "body"),
    [
        ("/health/live", True, 200, b"live\n"),
        ("/health/live", False, 200, b"live\n"),
        ("/health/ready", True, 200, b"ready\n"),
        ("/health/ready", False, 503, b"leaving\n"),
        ("/health/ready?who=balancer", True, 200, b"ready\n"),
        ("http://localhost:9001/health/ready", True, 200, b"ready\n"),
    ],
)
async def test_health_is_told_in_a_word(
    supervised: Supervised, target: str, is_ready: bool, status: int, body: bytes
) -> None:
    supervised.is_ready = is_ready

    answer = await supervised.get(target)

    assert (answer.status, answer.body) == (status, body)
    assert answer.values("Cache-Control") == ["no-store"]
    assert answer.values("X-Content-Type-Options") == ["nosniff"]
    assert answer.values("Content-Type") == ["text/plain; charset=utf-8"]
    assert answer.values("Connection") == ["close"]


@ensureDeferred
async def test_head_is_answered_without_the_word(supervised: Supervised) -> None:
    answer = await supervised.get("/health/ready", method="HEAD")

    assert (answer.status, answer.body, answer.values("Content-Length")) == (200, b"", ["6"])


@ensureDeferred
async def test_health_is_not_changed_by_asking(supervised: Supervised) -> None:
    answer = await supervised.get("/health/ready", method="DELETE")

    assert (answer.status, answer.values("Allow")) == (405, ["GET, HEAD"])
    assert answer.values("Cache-Control") == ["no-store"]
    assert answer.values("X-Content-Type-Options") == ["nosniff"]


@ensureDeferred
@pytest.mark.parametrize(
    ("target", "status"), [("/", 200), ("/health", 404), ("/health/", 404), ("/health/other", 404)]
)
async def test_everything_else_is_a_page(supervised: Supervised, target: str, status: int) -> None:
    assert (await supervised.get(target)).status == status


@ensureDeferred
@pytest.mark.parametrize("target", ["/health/live", "/health/ready"])
@pytest.mark.parametrize("method", ["GET", "HEAD", "DELETE"])
async def test_who_asks_every_second_fills_no_log(
    supervised: Supervised, events: list[LogEvent], target: str, method: str
) -> None:
    await supervised.get(target, method=method)

    assert events == []


@ensureDeferred
async def test_under_debug_each_question_is_logged(folder: Path, events: list[LogEvent]) -> None:
    await Supervised(folder, debug=True).get("/health/live")

    assert [event["request"] for event in events] == ["GET /health/live"]


@ensureDeferred
async def test_health_is_dated(supervised: Supervised) -> None:
    answer = await supervised.get("/health/live")

    assert answer.values("Date") == ["Thu, 01 Jan 1970 00:00:00 GMT"]
