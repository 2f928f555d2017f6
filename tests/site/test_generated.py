"""The list of behaviours: one table, whoever asks for it."""

from __future__ import annotations

import json
import re
from functools import partial

import pytest
from twisted.internet.protocol import Factory
from twisted.internet.testing import MemoryReactorClock
from twisted.logger import LogEvent

from echod.counters import Counters
from echod.rules.behaviours.table import PARAMETERS
from echod.rules.http.head import Head
from echod.rules.http.response import Page
from echod.site.generated import answer_behaviours
from echod.site.response import Response
from echod.websocket.context import ServerContext, make_context
from tests.child import ROOT
from tests.site.visitor import Response as Answer
from tests.site.visitor import Site

NAMES = [parameter.name for parameter in PARAMETERS]


def make_factory(context: ServerContext) -> Factory[Response]:
    return Factory.forProtocol(partial(Response, answer_behaviours, context))


@pytest.fixture
def listing() -> Site:
    """A site with nothing but the list."""
    clock = MemoryReactorClock()
    site = Site(None, clock)
    site.endpoints.pages["/behaviours"] = make_factory(make_context(clock))
    return site


def body_of(site: Site, target: str, *headers: str) -> tuple[bytes, bytes]:
    """Head and body of the answer."""
    lines = "".join(f"{line}\r\n" for line in (f"GET {target} HTTP/1.1", "Host: h", *headers, ""))
    head, _, body = site.visit(lines.encode()).value().partition(b"\r\n\r\n")
    return head, body


def test_programs_get_json(listing: Site) -> None:
    head, body = body_of(listing, "/behaviours", "Accept: application/json")
    assert b"Content-Type: application/json\r\n" in head
    assert b"Vary: Accept\r\n" in head
    listed = json.loads(body)["groups"]
    assert [parameter["name"] for group in listed for parameter in group["parameters"]] == NAMES


@pytest.mark.parametrize("accept", ["text/html,application/xhtml+xml,*/*;q=0.8", "*/*"])
def test_people_get_html(listing: Site, accept: str) -> None:
    head, body = body_of(listing, "/behaviours", f"Accept: {accept}")
    assert b"Content-Type: text/html; charset=utf-8\r\n" in head
    assert b"Content-Security-Policy: default-src 'none'; " in head
    assert re.findall(r"<dt><code>([a-z-]+)=", body.decode()) == NAMES


def test_people_are_told_what_excludes_what(listing: Site) -> None:
    page = body_of(listing, "/behaviours", "Accept: text/html")[1].decode()
    shown = dict(re.findall(r"(\S+) cannot be combined with ([a-z, -]+)\.", page))
    assert shown == {
        "status": "accept, subprotocol, deflate, or any parameter of another group",
        "hold=forever": "status, location, retry-after, header, accept, subprotocol, deflate,"
        " or any parameter of another group",
        "reply=none": "delay, jitter, times, drop",
        "close": "end, close-reply",
        "end": "close-reply",
        "bad=close-utf8": "close",
    }


def test_programs_are_told_every_name_that_is_excluded(listing: Site) -> None:
    listed = json.loads(body_of(listing, "/behaviours", "Accept: application/json")[1])["groups"]
    shown = {parameter["name"]: parameter["excludes"] for group in listed for parameter in group["parameters"]}
    assert shown == {parameter.name: list(parameter.excludes) for parameter in PARAMETERS}


def test_the_page_has_the_links_of_all_pages(listing: Site) -> None:
    page, other = (
        body_of(listing, "/behaviours", "Accept: text/html")[1].decode(),
        (ROOT / "web" / "index.html").read_text(),
    )
    navs = [text.partition("<nav")[2].partition("</nav>")[0] for text in (page, other)]
    assert navs[0] == navs[1].replace(' aria-current="page"', "")


def test_headings_begin_with_a_capital_letter(listing: Site) -> None:
    titles = re.findall(r"<h2>(.*)</h2>", body_of(listing, "/behaviours", "Accept: text/html")[1].decode())
    assert titles
    assert titles == [title.capitalize() for title in titles]


def test_the_manual_names_the_same() -> None:
    manual = (ROOT / "docs" / "behaviours.md").read_text()
    assert re.findall(r"^### `([a-z-]+)`$", manual, re.M) == NAMES


def test_a_bad_query_is_counted() -> None:
    clock, counters, site = MemoryReactorClock(), Counters(), Site(None, MemoryReactorClock())
    site.endpoints.pages["/behaviours"] = make_factory(make_context(clock, counters=counters))
    body_of(site, "/behaviours?delay=soon")
    assert counters.counts() == {"400": 1}


def test_a_query_is_checked(listing: Site) -> None:
    head, body = body_of(listing, "/behaviours?delay=soon")
    assert head.startswith(b"HTTP/1.1 400 ")
    assert b"delay='soon': expected a time" in body
    assert body_of(listing, "/behaviours?delay=200ms")[0].startswith(b"HTTP/1.1 200 ")


@pytest.mark.parametrize(("query", "ignored"), [("", []), ("?delay=200ms", []), ("?token=x&room=y", ["token", "room"])])
def test_programs_are_told_what_of_a_query_would_be_ignored(listing: Site, query: str, ignored: list[str]) -> None:
    head, body = body_of(listing, f"/behaviours{query}", "Accept: application/json")
    assert head.startswith(b"HTTP/1.1 200 ")
    assert json.loads(body)["ignored"] == ignored


def test_a_websocket_is_not_to_be_had_there(listing: Site) -> None:
    headers = ("Upgrade: websocket", "Connection: Upgrade")
    assert body_of(listing, "/behaviours", *headers)[0].startswith(b"HTTP/1.1 404 ")


def test_a_body_is_not_taken(listing: Site) -> None:
    assert body_of(listing, "/behaviours", "Content-Length: 5")[0].startswith(b"HTTP/1.1 413 ")


def test_what_a_query_says_is_shown_as_text(listing: Site) -> None:
    head, _ = body_of(listing, "/behaviours?delay=%3Cscript%3E")
    assert b"Content-Type: text/plain; charset=utf-8\r\n" in head
    assert b"X-Content-Type-Options: nosniff\r\n" in head


def test_the_answer_is_made_from_the_head_alone() -> None:
    assert answer_behaviours(None, Head("GET", "/behaviours", "HTTP/1.1", ())) is not None


@pytest.mark.parametrize("method", ["GET", "HEAD"])
@pytest.mark.parametrize(
    ("condition", "status"),
    [
        ("If-None-Match: {etag}", 304),
        ("If-None-Match: W/{etag}", 304),
        ('If-None-Match: "x"', 200),
        ("If-Match: {etag}", 200),
        ('If-Match: "x"', 412),
        ("If-Modified-Since: Fri, 31 Dec 2099 23:59:59 GMT", 200),
        ("If-Unmodified-Since: Sun, 06 Nov 1994 08:49:37 GMT", 200),
        ("Range: bytes=-99999", 200),
    ],
)
def test_a_generated_page_has_conditions_too(listing: Site, condition: str, status: int, method: str) -> None:
    """RFC 9110, 13.2.2; made anew each time, it has no date of modification."""
    etag = re.search(rb"ETag: (.*)\r\n", body_of(listing, "/behaviours")[0] + b"\r\n")[1].decode()
    lines = f"{method} /behaviours HTTP/1.1\r\nHost: h\r\n{condition.format(etag=etag)}\r\n\r\n"
    answer = Answer(listing.visit(lines.encode()).value())
    assert answer.status == status
    assert bool(answer.body) is (method == "GET" and status != 304)
    assert (answer.values("Content-Length") == []) is (status == 304)
    assert answer.values("Date") == ["Thu, 01 Jan 1970 00:00:00 GMT"]


def test_each_form_of_a_page_has_its_own_tag(listing: Site) -> None:
    tags = {
        re.search(rb"ETag: (.*)\r\n", body_of(listing, "/behaviours", f"Accept: {accept}")[0])[1]
        for accept in ("text/html", "application/json")
    }
    assert len(tags) == 2


@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_whatever_making_a_page_raises_is_an_answer(events: list[LogEvent], method: str) -> None:
    def fail(*_: object) -> Page:
        raise ZeroDivisionError("secret")

    clock, counters, site = MemoryReactorClock(), Counters(), Site(None, MemoryReactorClock())
    site.endpoints.pages["/p"] = Factory.forProtocol(partial(Response, fail, make_context(clock, counters=counters)))
    answer = Answer(site.visit(f"{method} /p HTTP/1.1\r\nHost: h\r\n\r\n".encode()).value())
    assert (answer.status, answer.values("Content-Length")) == (500, ["63"])
    assert b"secret" not in answer.raw
    assert bool(answer.body) is (method == "GET")
    assert len([event for event in events if "log_failure" in event]) == 1
    assert counters.counts() == {"500": 1}


def test_what_comes_behind_a_request_is_dropped_and_not_for_ever(listing: Site) -> None:
    line = listing.visit(b"GET /behaviours HTTP/1.1\r\nHost: h\r\n\r\n")
    line.disconnecting = False
    line.protocol.dataReceived(bytes(1024 * 1024 + 1))
    assert line.producerState == "paused"
    line.lose()
