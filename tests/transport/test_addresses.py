"""The name of the other end."""

from __future__ import annotations

import pytest
from twisted.internet.address import IPv4Address, IPv6Address, UNIXAddress
from twisted.internet.interfaces import IAddress

from echod.transport.addresses import peer_name


@pytest.mark.parametrize(
    ("address", "name"),
    [
        (IPv4Address("TCP", "192.0.2.1", 5000), "192.0.2.1:5000"),
        (IPv6Address("TCP", "::1", 5000), "[::1]:5000"),
        (IPv6Address("TCP", "2001:db8::1", 5000), "[2001:db8::1]:5000"),
        (IPv6Address("TCP", "::ffff:192.0.2.1", 5000), "192.0.2.1:5000"),
        (IPv4Address("TCP", "a\x1b[31m\n", 5000), r"'a\x1b[31m\n':5000"),
        (UNIXAddress(None), "unix"),
    ],
)
def test_an_address_has_a_name(address: IAddress, name: str) -> None:
    assert peer_name(address) == name
