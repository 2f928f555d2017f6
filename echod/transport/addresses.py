"""Who is at the other end, as text."""

from __future__ import annotations

import ipaddress
from typing import Any

from twisted.internet.address import IPv4Address, IPv6Address, UNIXAddress
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


NET_6_BITS = 64
"""What one customer gets of IPv6 at the least; a limit for a single address would be none (RFC 6177)."""


def net_of(address: Any) -> str:
    """Whom a limit for each address means: an IPv4 address, an IPv6 /64, or everybody on a local socket.

    A PROXY header may say what is no address: that counts as one.
    """
    if not isinstance(address, (IPv4Address, IPv6Address)):
        return "local"
    try:
        host = ipaddress.ip_address(address.host.partition("%")[0])
    except ValueError:
        return ascii(address.host)
    if isinstance(host, ipaddress.IPv4Address):
        return str(host)
    if host.ipv4_mapped:
        return str(host.ipv4_mapped)
    return str(ipaddress.ip_network((host, NET_6_BITS), strict=False))


def show_address(address: object) -> dict[str, Any]:
    if isinstance(address, (IPv4Address, IPv6Address)):
        return {"host": address.host.removeprefix(MAPPED), "port": address.port}
    name = address.name if isinstance(address, UNIXAddress) else None
    return {"unix": None if name is None else name.decode("utf-8", "backslashreplace")}
