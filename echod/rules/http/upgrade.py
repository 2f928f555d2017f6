"""The opening handshake as a request: whether it is one, and valid by all `CHECKS` (RFC 6455, 4.2.1). Pure."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Callable
from urllib.parse import parse_qs, urlparse

from echod.rules.http.head import BLANKS, TOKEN, Head, Refusal

VERSION = "13"
UPGRADE_HEADERS = (("Upgrade", "websocket"), ("Sec-WebSocket-Version", VERSION))
NOT_GET = Refusal(405, "a WebSocket is opened with GET", (("Allow", "GET"),))
SINGLE = ("sec-websocket-key", "sec-websocket-version", "origin")
"""Headers that may stand once only; a second line could mean one thing to a proxy and another to us."""

BLANK = f"[{BLANKS}]*+"
VALUE = rf'(?:{TOKEN.pattern}|"(?:\\?{TOKEN.pattern})*+")?'
"""One that is empty is a syntax error too, but may decide no more than that its extension is declined."""
PARAMETER = rf"{TOKEN.pattern}{BLANK}(?:={BLANK}{VALUE}{BLANK})?"
EXTENSION = rf"(?:{TOKEN.pattern}{BLANK}(?:;{BLANK}{PARAMETER})*+)?"
EXTENSIONS = re.compile(rf"{BLANK}{EXTENSION}(?:,{BLANK}{EXTENSION})*+")
"""Sec-WebSocket-Extensions; what is none must be refused (RFC 6455, 9.1). Nothing is tried twice: time is linear."""

NOT_PLAIN = frozenset(";?:[]@")
"""Without one of these, and with a single slash in front, a target is a path and nothing else."""


def is_upgrade(head: Head) -> bool:
    """Whether the client asks for a WebSocket, well or badly."""
    return "websocket" in head.tokens("upgrade")


def has_body(head: Head) -> bool:
    """Whether a body is announced behind the head."""
    return bool(head.values("transfer-encoding")) or not {"0"}.issuperset(head.values("content-length"))


def check_length(head: Head) -> Refusal | None:
    """None for at most one Content-Length, and that a number (RFC 9112, 6.3)."""
    lengths = head.values("content-length")
    is_good = len(lengths) < 2 and all(length.isascii() and length.isdigit() for length in lengths)
    return None if is_good else Refusal(400, "the header content-length is not one number")


def check_upgrade(head: Head) -> Refusal | None:
    """None when a WebSocket protocol may get this handshake; else the answer of the first check that fails."""
    for check in CHECKS:
        if (refusal := check(head)) is not None:
            return refusal
    return None


def _check_method(head: Head) -> Refusal | None:
    return None if head.method == "GET" else NOT_GET


def _check_http_version(head: Head) -> Refusal | None:
    return None if head.version == "HTTP/1.1" else Refusal(505, "a WebSocket is opened with HTTP/1.1")


def _check_single(head: Head) -> Refusal | None:
    twice = next((name for name in SINGLE if len(head.values(name)) > 1), None)
    return None if twice is None else Refusal(400, f"the header {twice} stands more than once")


def _check_connection(head: Head) -> Refusal | None:
    is_good = "upgrade" in head.tokens("connection")
    return None if is_good else Refusal(400, "the header connection does not contain 'upgrade'")


def _check_version(head: Head) -> Refusal | None:
    why = f"only version {VERSION} of the WebSocket protocol is spoken here"
    return None if head.values("sec-websocket-version") == [VERSION] else Refusal(426, why, UPGRADE_HEADERS)


def _check_key(head: Head) -> Refusal | None:
    is_good = any(map(is_key, head.values("sec-websocket-key")))
    return None if is_good else Refusal(400, "the header sec-websocket-key is not 16 bytes in base64")


def _check_body(head: Head) -> Refusal | None:
    return Refusal(400, "an opening handshake has no body") if has_body(head) else None


def _check_target(head: Head) -> Refusal | None:
    try:
        split_target(head.target)
    except ValueError:
        return Refusal(400, "the request target cannot be taken apart")
    return None


def _check_subprotocols(head: Head) -> Refusal | None:
    offered = offered_subprotocols(head)
    is_good = len(set(offered)) == len(offered)
    return None if is_good else Refusal(400, "a subprotocol is offered twice")


def _check_extensions(head: Head) -> Refusal | None:
    is_good = all(EXTENSIONS.fullmatch(value) for value in head.values("sec-websocket-extensions"))
    return None if is_good else Refusal(400, "the header sec-websocket-extensions is not a list of extensions")


def offered_subprotocols(head: Head) -> list[str]:
    """The subprotocols that may be selected, in order.

    Empty elements are ignored (RFC 9110, 5.6.1.2), and what is no token cannot be answered (RFC 6455, 4.2.2).
    """
    return [element for element in head.elements("sec-websocket-protocol") if TOKEN.fullmatch(element)]


def split_target(target: str) -> tuple[str, dict[str, list[str]]]:
    """The path without its parameters, and the query; ValueError for an invalid IPv6 address as its host."""
    if not target.startswith("//") and NOT_PLAIN.isdisjoint(target):
        return target, {}
    parts = urlparse(target)
    return parts.path, parse_qs(parts.query)


def is_key(key: str) -> bool:
    """Whether a Sec-WebSocket-Key is the base64 form of 16 bytes (RFC 6455, 4.2.1)."""
    try:
        return len(key) == 24 and len(base64.b64decode(key, validate=True)) == 16
    except (binascii.Error, ValueError):
        return False


CHECKS: tuple[Callable[[Head], Refusal | None], ...] = (
    _check_method,
    _check_http_version,
    _check_single,
    _check_connection,
    _check_version,
    _check_key,
    _check_body,
    _check_target,
    _check_subprotocols,
    _check_extensions,
)
