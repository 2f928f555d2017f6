"""The address of a WebSocket (RFC 6455, 3), and its host and port, as in an origin or a Host header. Pure.

`urlsplit` would drop tabs, and take `evil[::1]` for `::1`.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from ipaddress import IPv6Address

from echod.errors import BadSetting

HOST = r"(?:\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._~%!$&'()*+,;=-]+)"
"""A name, an IPv4 address, or an IPv6 address in brackets."""

DEFAULT_PORTS = {"http": 80, "https": 443, "ws": 80, "wss": 443}

PRINTABLE = re.compile(r"[!-~]+")
"""Visible ASCII, of which request targets, URIs and origins consist."""

UNRESERVED = re.compile(r"[A-Za-z0-9._~-]")
"""Characters that mean the same when they are encoded (RFC 3986, 2.3)."""
ENCODED = re.compile(r"%([0-9A-Fa-f]{2})")

AUTHORITY = rf"{HOST}(?::[0-9]*)?"
PATTERN = re.compile(AUTHORITY)

LABEL = r"(?!-)[A-Za-z0-9_-]{1,63}(?<!-)"
NAME = re.compile(rf"{LABEL}(?:\.{LABEL})*\.?")
MOST_NAME_LETTERS = 253
"""Without the dot at the end (RFC 1035, 2.3.4)."""

URI = re.compile(
    r"(?P<scheme>wss?)://(?P<authority>(?P<host>\[[^]]*\]|[^:/?#]*)(?::(?P<port>[^/?#]*))?[^/?#]*)(?P<resource>.*)",
    re.ASCII | re.DOTALL | re.IGNORECASE,
)
"""Whatever stands in its parts."""

PORT = re.compile(r"0*[0-9]{1,5}")
MOST_PORT = 65535

WANTED = "a WebSocket URI such as ws://localhost:9001/simple-echo or wss://host/path"
WANTED_HOST = "whose host is an address or a name: labels of 1 to 63 letters, digits, - and _ between dots"
WANTED_AUTHORITY = "with a host and at most a port from 1 to 65535"


@dataclass(frozen=True, slots=True)
class Address:
    """Where a WebSocket is: `resource` is the path with its query, as sent in the request line."""

    uri: str
    secure: bool
    host: str
    port: int
    resource: str

    @property
    def host_header(self) -> str:
        """What Host says: an IPv6 address in brackets, and the port where it is not the default (RFC 6455, 4.1)."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == DEFAULT_PORTS[self.scheme] else f"{host}:{self.port}"

    @property
    def scheme(self) -> str:
        return "wss" if self.secure else "ws"

    @property
    def path(self) -> str:
        return self.resource.partition("?")[0]


def parse_uri(uri: str) -> Address:
    """Take a WebSocket URI (RFC 6455, 3) apart; BadSetting says what in it is wrong."""
    parts = URI.fullmatch(uri) if isinstance(uri, str) else None
    if parts is None:
        raise BadSetting("uri", uri, WANTED)
    for is_wrong, wanted in FAULTS:
        if is_wrong(parts):
            raise BadSetting("uri", uri, f"{WANTED}, {wanted}")
    scheme, host, port = parts["scheme"].lower(), parts["host"].lower(), int(parts["port"] or 0)
    host = host.removeprefix("[").removesuffix("]")
    return Address(uri, scheme == "wss", host, port or DEFAULT_PORTS[scheme], make_resource(parts["resource"]))


def make_resource(text: str) -> str:
    """What the request line says for what follows the authority: a path and a query, which is left out when empty."""
    path, _, query = text.partition("?")
    return (path or "/") + (f"?{query}" if query else "")


def has_bad_authority(parts: re.Match[str]) -> bool:
    """Whether there is no host, more than a host and a port, or a port that cannot be."""
    if not is_authority(parts["authority"]):
        return True
    return bool(parts["port"]) and not (PORT.fullmatch(parts["port"]) and 0 < int(parts["port"]) <= MOST_PORT)


def has_bad_host(parts: re.Match[str]) -> bool:
    """Whether the host cannot be looked up."""
    host = parts["host"]
    return not (_is_ipv6(host[1:-1]) if host.startswith("[") else is_host(host))


FAULTS: tuple[tuple[Callable[[re.Match[str]], bool], str], ...] = (
    (lambda parts: not PRINTABLE.fullmatch(parts.string), "of visible ASCII, everything else percent-encoded"),
    (lambda parts: "#" in parts.string, "without a fragment"),
    (lambda parts: "@" in parts["authority"], "without user and password, which the header Authorization can carry"),
    (lambda parts: "%" in parts["host"] and parts["host"].startswith("["), "without an IPv6 zone"),
    (has_bad_authority, WANTED_AUTHORITY),
    (has_bad_host, WANTED_HOST),
)
"""What can be wrong with a URI, and what it would be without."""


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


def normalize_path(path: str) -> str:
    """The form that all paths have which mean the same by RFC 3986, 6.2.2.1 and 6.2.2.2; dot segments stay.

    An unreserved character equals its percent-encoded form, and the digits of those that stay are in upper case.
    """
    return ENCODED.sub(_normalize_octet, path) if "%" in path else path


def _normalize_octet(found: re.Match[str]) -> str:
    character = chr(int(found[1], 16))
    return character if UNRESERVED.fullmatch(character) else found[0].upper()


def is_path(path: str) -> bool:
    """Whether this can be the path of an endpoint: printable ASCII from a slash on, no query, no fragment."""
    return path.startswith("/") and PRINTABLE.fullmatch(path) is not None and not set("?#") & set(path)
