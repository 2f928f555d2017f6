"""Addresses as text: of a peer for logs, of its network for limits, and for `/info`."""

from __future__ import annotations

import ipaddress

from twisted.internet.address import IPv4Address, IPv6Address, UNIXAddress
from twisted.internet.interfaces import IAddress

MAPPED = "::ffff:"
"""The prefix under which a socket for both families shows IPv4 clients (RFC 4291, 2.5.5.2)."""

NET_6_BITS = 64
"""The least that a customer gets of IPv6 (RFC 6177): a limit for each single address would be none."""


def host_of(address: IPv4Address | IPv6Address) -> str:
    """The host as text: the IPv4 address of an IPv4 client, whatever socket it came to."""
    return address.host.removeprefix(MAPPED)


def peer_name(address: IAddress) -> str:
    """`127.0.0.1:5000`, `[::1]:5000`, or `unix`; what a PROXY header says instead of an address is escaped."""
    if not isinstance(address, (IPv4Address, IPv6Address)):
        return "unix"
    host = host_of(address)
    shown = f"[{host}]" if ":" in host else host
    return f"{shown if shown.isprintable() else ascii(shown)}:{address.port}"


def net_of(address: IAddress) -> str:
    """What a limit for each address counts as one: an IPv4 address, an IPv6 /64, or all of a local socket."""
    if not isinstance(address, (IPv4Address, IPv6Address)):
        return "local"
    try:
        host = ipaddress.ip_address(host_of(address).partition("%")[0])
    except ValueError:
        # A PROXY header may say what is not an address.
        return ascii(address.host)
    if isinstance(host, ipaddress.IPv6Address):
        return str(host.ipv4_mapped or ipaddress.ip_network((host, NET_6_BITS), strict=False))
    return str(host)


def show_address(address: IAddress) -> dict[str, object]:
    """An address as values that JSON knows."""
    if isinstance(address, (IPv4Address, IPv6Address)):
        return {"host": host_of(address), "port": address.port}
    name = address.name if isinstance(address, UNIXAddress) else None
    return {"unix": None if name is None else name.decode("utf-8", "backslashreplace")}
