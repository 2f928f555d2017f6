"""An answer as the bytes of HTTP: a refusal in fixed phrases, or a page. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from http import HTTPStatus

from echod.rules.http.head import Refusal

SERVER = "echod"
"""Names the product and no version: a version tells an attacker what to try."""

BODILESS = (HTTPStatus.NO_CONTENT, HTTPStatus.NOT_MODIFIED)
"""Answers that end with their head (RFC 9110, 15.3.5 and 15.4.5)."""


def render(refusal: Refusal, *, with_body: bool = True) -> bytes:
    """The whole answer: status line, headers, and the sentence as plain text, which HEAD goes without."""
    status, phrase = refusal.status, phrase_of(refusal.status)
    body = "" if status in BODILESS else f"{f'{status} {phrase}'.rstrip()}: {refusal.why}\n"
    of_body = (("Content-Type", "text/plain; charset=utf-8"), ("Content-Length", str(len(body))))
    headers = (
        ("Server", SERVER),
        *refusal.headers,
        *(of_body if body else ()),
        ("Connection", "Upgrade, close" if status == HTTPStatus.UPGRADE_REQUIRED else "close"),
    )
    head = f"HTTP/1.1 {status} {phrase}\r\n{render_lines(headers)}\r\n"
    return (head + body if with_body else head).encode("ascii")


@dataclass(frozen=True, slots=True)
class Page:
    """A document that is made and not read from a file."""

    content_type: str
    body: bytes
    headers: tuple[tuple[str, str], ...] = ()


def render_page(page: Page, *, with_body: bool = True) -> bytes:
    """The whole answer, which HEAD gets without the page."""
    headers = (
        ("Server", SERVER),
        *page.headers,
        ("Content-Type", page.content_type),
        ("Content-Length", str(len(page.body))),
        ("Cache-Control", "no-cache"),
        ("X-Content-Type-Options", "nosniff"),
        ("Connection", "close"),
    )
    head = f"HTTP/1.1 200 OK\r\n{render_lines(headers)}\r\n".encode("ascii")
    return head + page.body if with_body else head


def render_lines(headers: Iterable[tuple[str, str]]) -> str:
    return "".join(f"{name}: {value}\r\n" for name, value in headers)


def phrase_of(status: int) -> str:
    """The standard phrase of a status; `""` for one that has none."""
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return ""
