"""Who is at the other end, as text."""

from __future__ import annotations

from twisted.internet.address import IPv4Address, IPv6Address
from twisted.internet.interfaces import IAddress

MAPPED = "::ffff:"
"""The prefix under which a socket for both families shows IPv4 clients (RFC 4291, 2.5.5.2)."""


def peer_name(address: IAddress) -> str:
    """`127.0.0.1:5000`, `[::1]:5000`, or `unix`."""
    if isinstance(address, IPv4Address):
        return f"{address.host}:{address.port}"
    if not isinstance(address, IPv6Address):
        return "unix"
    if address.host.startswith(MAPPED):
        return f"{address.host.removeprefix(MAPPED)}:{address.port}"
    return f"[{address.host}]:{address.port}"
