"""The address of a WebSocket: `ws:` and `wss:` URIs (RFC 6455, 3). Pure."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import SplitResult, urlsplit

from echod.errors import BadSetting
from echod.rules.http.authority import DEFAULT_PORTS, PRINTABLE, is_authority, is_host

WANTED = "a WebSocket URI such as ws://localhost:9001/simple-echo or wss://host/path"
WANTED_HOST = "whose host is an address or a name: labels of 1 to 63 letters, digits, - and _ between dots"
SCHEMES = ("ws", "wss")


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
    """Take a WebSocket URI apart.

    Raises:
        BadSetting: it is not a WebSocket URI, or one with a fragment (RFC 6455, 3) or with user and password,
            which would be dropped silently, or its host cannot be one.
    """
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
        usable = parts.scheme in SCHEMES and is_authority(parts.netloc) and parts.port != 0
    except ValueError:
        return None
    return parts if usable and PRINTABLE.fullmatch(uri) else None


def is_path(path: str) -> bool:
    """Whether this can be the path of an endpoint: printable ASCII from a slash on, no query, no fragment."""
    return path.startswith("/") and PRINTABLE.fullmatch(path) is not None and not set("?#") & set(path)
