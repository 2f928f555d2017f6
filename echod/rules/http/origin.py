"""Origins, compared exactly: scheme, host, and port with its default (RFC 6454), or as text. Pure; no patterns."""

from __future__ import annotations

import re
from collections.abc import Collection
from ipaddress import ip_address

from echod.rules.http.uri import DEFAULT_PORTS, HOST, PRINTABLE

NULL = "null"
"""What a page from a `file:` URL, a sandboxed frame or a redirect sends."""

ORIGIN = re.compile(rf"([a-z][a-z0-9+.-]*)://({HOST})(?::([0-9]*))?")
NAMES_A_HOST = re.compile(rf"(?:{'|'.join(DEFAULT_PORTS)}):", re.IGNORECASE)
"""Schemes whose origins have a host: what is none of them is a mistake, and no text that a program may send."""


BARE_HOST = re.compile(r"[a-z0-9-]+(?:\.[a-z0-9-]+)+", re.IGNORECASE)
"""A host without its scheme, which no browser sends; it is given by mistake."""


def normalize_origin(origin: str) -> str:
    """`scheme://host:port` in lower case with the port always written, or `null`; ValueError for anything else."""
    if origin.lower() == NULL:
        return NULL
    found = ORIGIN.fullmatch(origin.lower()) if origin.isascii() else None
    if found is None or "*" in origin:
        raise ValueError("not an origin")
    scheme, host, digits = found.groups()
    port = str(int(digits) if digits else DEFAULT_PORTS.get(scheme, ""))
    if len(port) > 5 or int(port or 0) > 65535:
        raise ValueError("not a port")
    if host.startswith("["):
        ip_address(host[1:-1])
    return f"{scheme}://{host}:{port}"


def comparable(origin: str) -> str:
    """The value of an Origin header as it is compared: its normal form, or the text itself where it has none.

    Programs that are no browsers send `file://`, `app://`, `localhost:21000`, or their name. No text without a normal
    form is that of another origin.
    """
    try:
        return normalize_origin(origin)
    except ValueError:
        return origin


def read_allowed(origin: str) -> str:
    """An origin that is to be allowed, as it is compared; ValueError for what no client sends, or for a pattern."""
    if not PRINTABLE.fullmatch(origin) or "*" in origin or BARE_HOST.fullmatch(origin):
        raise ValueError("not an origin")
    return normalize_origin(origin) if NAMES_A_HOST.match(origin) else comparable(origin)


def is_allowed(origin: str, allowed: Collection[str]) -> bool:
    """Whether the value of an Origin header is one of `allowed`, which `read_allowed` has read."""
    return comparable(origin) in allowed
