"""Arguments of the API, checked before they go onto a wire: limits, headers, subprotocols, origins."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from echod.errors import BadSetting
from echod.rules.http.authority import PRINTABLE
from echod.rules.http.head import TOKEN
from echod.settings import Limits

Headers = Mapping[str, str]

RESERVED = frozenset(
    {
        "connection",
        "host",
        "origin",
        "sec-websocket-accept",
        "sec-websocket-extensions",
        "sec-websocket-key",
        "sec-websocket-protocol",
        "sec-websocket-version",
        "upgrade",
    }
)
"""Headers that the handshake makes itself; a second one would break it."""


def adjust(limits: Limits, **given: float | None) -> Limits:
    """The limits with those values, given by the keywords of the API, that are not None.

    Raises:
        BadSetting: a value that is no number or below zero, or zero for another limit than ping_interval.
    """
    for keyword, value in given.items():
        if value is None:
            continue
        # Written so that nan is refused too.
        if not isinstance(value, (int, float)) or not (value > 0 or (value == 0 and keyword == "ping_interval")):
            expected = "a number from zero (no pings)" if keyword == "ping_interval" else "a number above zero"
            raise BadSetting(keyword, value, expected)
        field = "max_message_bytes" if keyword == "max_message_size" else f"{keyword}_s"
        change: dict[str, Any] = {field: value}
        limits = replace(limits, **change)
    return limits


def check_headers(headers: Headers | None) -> dict[str, str]:
    """The headers as a dict of its own; none may contain a line end or repeat a header of the handshake.

    Raises:
        BadSetting: a name that is no token or one of the handshake's own, or a value with a control character.
    """
    checked = dict(headers or {})
    for name, value in checked.items():
        if not TOKEN.fullmatch(name) or not isinstance(value, str) or not (value.isprintable() and value.isascii()):
            raise BadSetting(f"header {name!r}", value, "a name and a value without control characters")
        if name.lower() in RESERVED:
            raise BadSetting(f"header {name!r}", value, "free to set: the handshake has its own")
    return checked


def check_subprotocols(names: Iterable[str]) -> tuple[str, ...]:
    """The subprotocols as they may stand in a header (RFC 6455, 11.3.4).

    Raises:
        BadSetting: one of them is no token.
    """
    if isinstance(names, str):
        raise BadSetting("subprotocols", names, "a list of names")
    checked = tuple(names)
    for name in checked:
        if not TOKEN.fullmatch(name):
            raise BadSetting("subprotocols", name, "a token: letters, digits and a few signs, without spaces")
    return checked


def check_sent_origin(origin: str | None) -> str | None:
    """The origin as it may stand in a header: any word, so that a server can be tried with a bad one.

    Raises:
        BadSetting: it has spaces or control characters.
    """
    if origin is not None and not PRINTABLE.fullmatch(origin):
        raise BadSetting("origin", origin, "one word of printable ASCII such as https://example.com")
    return origin
