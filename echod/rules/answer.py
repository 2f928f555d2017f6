"""A refusal as the bytes of an HTTP answer: fixed phrases, never the client's own words. Pure."""

from __future__ import annotations

from http import HTTPStatus

from echod.rules.head import Refusal

SERVER = "echod"
"""Names the product and no version: a version tells an attacker what to try."""


def render(refusal: Refusal, *, with_body: bool = True) -> bytes:
    """The whole answer: status line, headers, and the sentence as plain text, which HEAD goes without."""
    status, phrase = refusal.status, phrase_of(refusal.status)
    body = f"{status} {phrase}: {refusal.why}\n"
    headers = (
        ("Server", SERVER),
        *refusal.headers,
        ("Content-Type", "text/plain; charset=utf-8"),
        ("Content-Length", str(len(body))),
        ("Connection", "Upgrade, close" if status == HTTPStatus.UPGRADE_REQUIRED else "close"),
    )
    lines = "".join(f"{name}: {value}\r\n" for name, value in headers)
    head = f"HTTP/1.1 {status} {phrase}\r\n{lines}\r\n"
    return (head + body if with_body else head).encode("ascii")


def phrase_of(status: int) -> str:
    """The standard phrase of a status; `""` for one that has none."""
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return ""
