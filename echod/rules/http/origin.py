"""Origins, compared exactly: scheme, host, and port with its default (RFC 6454). Pure; no patterns."""

from __future__ import annotations

import re
from collections.abc import Collection
from ipaddress import ip_address
from urllib.parse import urlsplit

from echod.rules.http.uri import DEFAULT_PORTS, HOST

NULL = "null"
"""What a page from a `file:` URL, a sandboxed frame or a redirect sends."""

ORIGIN = re.compile(rf"([a-z][a-z0-9+.-]*)://({HOST})(?::([0-9]*))?")


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


def is_readable(origin: str) -> bool:
    """Whether the value of an Origin header is `null` or names a host; `is_allowed` compares it."""
    try:
        parts = urlsplit(origin)
        # To read the port is to check it.
        host, _ = parts.hostname, parts.port
    except ValueError:
        return False
    return bool(host) or origin.lower() == NULL or parts.scheme == "file"


def is_allowed(origin: str, allowed: Collection[str]) -> bool:
    """Whether the value of an Origin header is one of `allowed`, which are normalized origins."""
    try:
        return normalize_origin(origin) in allowed
    except ValueError:
        return False
