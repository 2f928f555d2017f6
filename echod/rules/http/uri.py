"""The address of a WebSocket (RFC 6455, 3), and its host and port, as in an origin or a Host header. Pure.

Stricter than `urlsplit`, which drops tabs and takes `evil[::1]` for `::1`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from ipaddress import IPv6Address
from urllib.parse import SplitResult, urlsplit

from echod.errors import BadSetting

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

WANTED = "a WebSocket URI such as ws://localhost:9001/simple-echo or wss://host/path"
WANTED_HOST = "whose host is an address or a name: labels of 1 to 63 letters, digits, - and _ between dots"


@dataclass(frozen=True, slots=True)
class Address:
    """Where a WebSocket is: `resource` is the path with its query, as sent in the request line."""

    uri: str
    secure: bool
    host: str
    port: int
    resource: str

    @property
    def bracketed_host(self) -> str:
        """The host as the Host header wants it: an IPv6 address in brackets."""
        return f"[{self.host}]" if ":" in self.host else self.host

    @property
    def path(self) -> str:
        return self.resource.partition("?")[0]


def parse_uri(uri: str) -> Address:
    """Take a WebSocket URI apart; BadSetting also for a fragment (RFC 6455, 3), and for a user and password."""
    parts = _split(uri)
    if parts is None or "#" in uri:
        raise BadSetting("uri", uri, f"{WANTED}, without fragment, user or password")
    assert parts.hostname is not None
    if not is_host(parts.hostname):
        raise BadSetting("uri", uri, f"{WANTED}, {WANTED_HOST}")
    resource = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    port = parts.port or DEFAULT_PORTS[parts.scheme]
    return Address(uri, parts.scheme == "wss", parts.hostname, port, resource)


def _split(uri: str) -> SplitResult | None:
    try:
        parts = urlsplit(uri)
        usable = parts.scheme in ("ws", "wss") and is_authority(parts.netloc) and parts.port != 0
    except ValueError:
        return None
    return parts if usable and PRINTABLE.fullmatch(uri) else None


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


def is_path(path: str) -> bool:
    """Whether this can be the path of an endpoint: printable ASCII from a slash on, no query, no fragment."""
    return path.startswith("/") and PRINTABLE.fullmatch(path) is not None and not set("?#") & set(path)
