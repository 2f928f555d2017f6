"""Origins, compared exactly: scheme, host, and port with its default (RFC 6454).

Pure. No patterns: `*.example.com` is not an origin.
"""

from __future__ import annotations

from collections.abc import Collection
from urllib.parse import urlsplit

NULL = "null"
"""What a page from a `file:` URL, a sandboxed frame or a redirect sends."""

DEFAULT_PORTS = {"http": 80, "https": 443, "ws": 80, "wss": 443}


def normalize_origin(origin: str) -> str:
    """`scheme://host:port` in lower case with the port always written, or `null`.

    Raises:
        ValueError: it is not an origin: no scheme or host, or a path, query or user behind it.
    """
    if origin.lower() == NULL:
        return NULL
    parts = urlsplit(origin)
    extra = parts.path or parts.query or parts.fragment or "@" in parts.netloc
    if not parts.scheme or not parts.hostname or extra or "*" in origin or not origin.isascii():
        raise ValueError("not an origin")
    port = parts.port or DEFAULT_PORTS.get(parts.scheme)
    return f"{parts.scheme}://{parts.hostname}:{port or ''}"


def is_allowed(origin: str, allowed: Collection[str]) -> bool:
    """Whether the value of an Origin header is one of `allowed`, which are normalized origins."""
    try:
        return normalize_origin(origin) in allowed
    except ValueError:
        return False
