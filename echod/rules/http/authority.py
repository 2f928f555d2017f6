"""Host and port as they stand in a Host header, an origin or a URI (RFC 3986, 3.2). Pure.

Stricter than `urlsplit`, which drops tabs and takes `evil[::1]` for `::1`.
"""

from __future__ import annotations

import re
from ipaddress import IPv6Address

HOST = r"(?:\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._~%!$&'()*+,;=-]+)"
"""A name, an IPv4 address, or an IPv6 address in brackets."""

DEFAULT_PORTS = {"http": 80, "https": 443, "ws": 80, "wss": 443}

PRINTABLE = re.compile(r"[!-~]+")
"""Visible ASCII, of which request targets, URIs and origins consist."""

AUTHORITY = rf"{HOST}(?::[0-9]*)?"
PATTERN = re.compile(AUTHORITY)

LABEL = r"(?!-)[A-Za-z0-9_-]{1,63}(?<!-)"
NAME = re.compile(rf"{LABEL}(?:\.{LABEL})*\.?")
MOST_NAME_LETTERS = 253
"""Without the dot at the end (RFC 1035, 2.3.4)."""


def is_authority(text: str) -> bool:
    """Whether this is a host with an optional port, which may be empty; no user."""
    return PATTERN.fullmatch(text) is not None


def is_host(text: str) -> bool:
    """Whether this can be looked up: a name (RFC 1123, 2.1; underscores are in use) or an address, without brackets."""
    if ":" in text:
        return _is_ipv6(text)
    return NAME.fullmatch(text) is not None and len(text.removesuffix(".")) <= MOST_NAME_LETTERS


def _is_ipv6(text: str) -> bool:
    try:
        IPv6Address(text)
    except ValueError:
        return False
    return True
