"""Answers to plain requests: the bytes of a refusal or a generated page, and which media type is preferred. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from email.utils import formatdate
from functools import lru_cache
from hashlib import sha256
from http import HTTPStatus
from http.client import responses
from typing import TypeVar

from echod.rules.http.conditions import Validators
from echod.rules.http.head import Headers, Refusal

JSON, HTML, PLAIN = "application/json", "text/html", "text/plain; charset=utf-8"

SERVER = "echod"
"""Names the product and no version: a version tells an attacker what to try."""

NOSNIFF = ("X-Content-Type-Options", "nosniff")

READING = ("GET", "HEAD")
READ_HEADERS = (("Allow", ", ".join(READING)), ("Cache-Control", "no-store"), NOSNIFF)
READ_ONLY = Refusal(405, "pages are read with GET or HEAD", READ_HEADERS)
"""The answer of a page to any other method."""

NOTHING_HERE = Refusal(404, "nothing is published on this path")
PRECONDITION_FAILED = Refusal(412, "a precondition of the request does not hold")
FAILED = Refusal(500, "the server failed to make this page")

BODILESS = (HTTPStatus.NO_CONTENT, HTTPStatus.NOT_MODIFIED)
"""Answers that end with their head (RFC 9110, 15.3.5 and 15.4.5)."""


VALIDATED = (HTTPStatus.OK, HTTPStatus.NOT_MODIFIED)
"""Answers that say which state of a page the client has."""

ETAG_DIGITS = 32


@dataclass(frozen=True, slots=True)
class Page:
    """A generated document; by default a cache has to ask whether it is still the same."""

    content_type: str
    body: bytes
    headers: Headers = ()
    status: int = 200
    cache_control: str = "no-cache"


def validators_of(page: Page) -> Validators:
    """What tells this page from another state of it; it is made anew for each request, and so has no date."""
    return Validators(f'"{sha256(page.body).hexdigest()[:ETAG_DIGITS]}"')


Answer = TypeVar("Answer", Refusal, Page)


def stamp(answer: Answer, now_s: float) -> Answer:
    """The answer with the Date of this Unix time (RFC 9110, 6.6.1), unless it has one of its own."""
    has_date = any(name.lower() == "date" for name, _ in answer.headers)
    return answer if has_date else replace(answer, headers=(*answer.headers, ("Date", http_date(int(now_s)))))


@lru_cache(maxsize=16)
def http_date(second: int) -> str:
    """The date of this Unix time (RFC 9110, 5.6.7). A busy server asks for the same many times a second."""
    return formatdate(second, usegmt=True)


def render(refusal: Refusal, *, with_body: bool = True) -> bytes:
    """The whole answer to a refused request: the sentence as plain text, without it in answer to HEAD."""
    status, text = refusal.status, text_of(refusal)
    of_body = (("Content-Type", PLAIN), ("Content-Length", str(len(text)))) if text else ()
    connection = ("Connection", "Upgrade, close" if status == HTTPStatus.UPGRADE_REQUIRED else "close")
    return assemble(status, (*refusal.headers, *of_body, connection), text if with_body else b"")


def text_of(refusal: Refusal) -> bytes:
    """The sentence behind its status; nothing where an answer has no body."""
    line = f"{refusal.status} {responses.get(refusal.status, '')}".rstrip()
    return b"" if refusal.status in BODILESS else f"{line}: {refusal.why}\n".encode("ascii")


def render_page(page: Page, *, with_body: bool = True) -> bytes:
    """The whole answer with a page, without its body in answer to HEAD."""
    is_bodiless = page.status in BODILESS
    of_body = (("Content-Type", page.content_type), ("Content-Length", str(len(page.body))))
    of_state = (("ETag", validators_of(page).etag),) if page.status in VALIDATED else ()
    more = (*of_state, ("Cache-Control", page.cache_control), NOSNIFF, ("Connection", "close"))
    headers = (*page.headers, *(() if is_bodiless else of_body), *more)
    return assemble(page.status, headers, page.body if with_body and not is_bodiless else b"")


def assemble(status: int, headers: Headers, body: bytes) -> bytes:
    """Status line, headers with the server's name first, and body."""
    lines = "".join(f"{name}: {value}\r\n" for name, value in (("Server", SERVER), *headers))
    return f"HTTP/1.1 {status} {responses.get(status, '')}\r\n{lines}\r\n".encode("ascii") + body


def prefers_json(accept: Iterable[str]) -> bool:
    """Whether these Accept values prefer JSON to HTML (RFC 9110, 12.5.1); without a preference it is HTML."""
    ranges = dict(read_range(element) for value in accept for element in value.split(","))
    return weigh(ranges, JSON) > weigh(ranges, HTML)


def read_range(element: str) -> tuple[str, float]:
    """A media range and its weight; an invalid weight is 0."""
    media, *parameters = (part.strip().lower() for part in element.split(";"))
    weights = [part.removeprefix("q=") for part in parameters if part.startswith("q=")]
    try:
        return media, float(weights[0]) if weights else 1.0
    except ValueError:
        return media, 0.0


def weigh(ranges: dict[str, float], media: str) -> float:
    """The weight of this type: its own, that of its family, or that of all."""
    family = media.partition("/")[0] + "/*"
    return next((ranges[name] for name in (media, family, "*/*") if name in ranges), 0.0)
