"""Who is at the other end, as text."""

from __future__ import annotations

from twisted.internet.address import IPv4Address, IPv6Address
from twisted.internet.interfaces import IAddress

MAPPED = "::ffff:"
"""The prefix under which a socket for both families shows IPv4 clients (RFC 4291, 2.5.5.2)."""


def peer_name(address: IAddress) -> str:
    """`127.0.0.1:5000`, `[::1]:5000`, or `unix`; what a PROXY header says instead of an address is escaped."""
    if not isinstance(address, (IPv4Address, IPv6Address)):
        return "unix"
    host = address.host if address.host.isprintable() else ascii(address.host)
    if isinstance(address, IPv6Address) and not host.startswith(MAPPED):
        host = f"[{host}]"
    return f"{host.removeprefix(MAPPED)}:{address.port}"
