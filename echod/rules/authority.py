"""Host and port as they stand in a Host header, an origin or a URI (RFC 3986, 3.2). Pure.

Stricter than `urlsplit`, which drops tabs and takes `evil[::1]` for `::1`.
"""

from __future__ import annotations

import re

HOST = r"(?:\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._~%!$&'()*+,;=-]+)"
"""A name, an IPv4 address, or an IPv6 address in brackets."""

AUTHORITY = rf"{HOST}(?::[0-9]*)?"
PATTERN = re.compile(AUTHORITY)


def is_authority(text: str) -> bool:
    """Whether this is a host with an optional port, which may be empty; no user."""
    return PATTERN.fullmatch(text) is not None
