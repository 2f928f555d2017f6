"""Answers to plain requests as the bytes of HTTP: a refusal, or a generated page. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from http import HTTPStatus

from echod.rules.http.head import Headers, Refusal
from echod.rules.http.media_types import PLAIN

SERVER = "echod"
"""Names the product and no version: a version tells an attacker what to try."""

NOSNIFF = ("X-Content-Type-Options", "nosniff")

BODILESS = (HTTPStatus.NO_CONTENT, HTTPStatus.NOT_MODIFIED)
"""Answers that end with their head (RFC 9110, 15.3.5 and 15.4.5)."""


@dataclass(frozen=True, slots=True)
class Page:
    """A generated document; by default a cache has to ask whether it is still the same."""

    content_type: str
    body: bytes
    headers: Headers = ()
    status: int = 200
    cache_control: str = "no-cache"


def render(refusal: Refusal, *, with_body: bool = True) -> bytes:
    """The whole answer to a refused request: the sentence as plain text, without it in answer to HEAD."""
    status = refusal.status
    text = "" if status in BODILESS else f"{f'{status} {phrase_of(status)}'.rstrip()}: {refusal.why}\n"
    of_body = (("Content-Type", PLAIN), ("Content-Length", str(len(text)))) if text else ()
    connection = ("Connection", "Upgrade, close" if status == HTTPStatus.UPGRADE_REQUIRED else "close")
    return assemble(status, (*refusal.headers, *of_body, connection), text.encode("ascii") if with_body else b"")


def render_page(page: Page, *, with_body: bool = True) -> bytes:
    """The whole answer with a page, without its body in answer to HEAD."""
    headers = (
        *page.headers,
        ("Content-Type", page.content_type),
        ("Content-Length", str(len(page.body))),
        ("Cache-Control", page.cache_control),
        NOSNIFF,
        ("Connection", "close"),
    )
    return assemble(page.status, headers, page.body if with_body else b"")


def assemble(status: int, headers: Headers, body: bytes) -> bytes:
    """Status line, headers with the server's name first, and body."""
    lines = "".join(f"{name}: {value}\r\n" for name, value in (("Server", SERVER), *headers))
    return f"HTTP/1.1 {status} {phrase_of(status)}\r\n{lines}\r\n".encode("ascii") + body


def phrase_of(status: int) -> str:
    """The standard phrase of a status; `""` for one that has none."""
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return ""
