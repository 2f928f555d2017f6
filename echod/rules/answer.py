"""A refusal as the bytes of an HTTP answer: fixed phrases, never the client's own words. Pure."""

from __future__ import annotations

from http import HTTPStatus

from echod.rules.head import Refusal

SERVER = "echod"
"""Names the product and no version: a version tells an attacker what to try."""


def render(refusal: Refusal) -> bytes:
    """The whole answer: status line, headers, and the sentence as plain text."""
    status = HTTPStatus(refusal.status)
    body = f"{status.value} {status.phrase}: {refusal.why}\n"
    headers = (
        ("Server", SERVER),
        *refusal.headers,
        ("Content-Type", "text/plain; charset=utf-8"),
        ("Content-Length", str(len(body))),
        ("Connection", "Upgrade, close" if status is HTTPStatus.UPGRADE_REQUIRED else "close"),
    )
    lines = "".join(f"{name}: {value}\r\n" for name, value in headers)
    return f"HTTP/1.1 {status.value} {status.phrase}\r\n{lines}\r\n{body}".encode("ascii")
