"""A resolver of names for the reactor of this process."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from twisted.internet import reactor
from twisted.internet.address import IPv4Address, IPv6Address
from twisted.internet.interfaces import IHostnameResolver
from zope.interface import implementer


@implementer(IHostnameResolver)
class StubResolver:
    """Knows these addresses for each name, and remembers what was asked for; an IPv6 address is its own."""

    def __init__(self, *addresses: str) -> None:
        self._addresses = addresses
        self.asked: list[str] = []

    def resolveHostName(  # noqa: N802 - Twisted calls it so
        self,
        receiver: Any,
        host: str,
        portNumber: int = 0,  # noqa: N803
        *_: object,
        **__: object,
    ) -> Any:
        self.asked.append(host)
        receiver.resolutionBegan(None)
        for address in [host] if ":" in host else self._addresses:
            receiver.addressResolved((IPv6Address if ":" in address else IPv4Address)("TCP", address, portNumber))
        receiver.resolutionComplete()


@contextmanager
def resolving(*addresses: str) -> Iterator[StubResolver]:
    """Every name of this block has these addresses."""
    stub = StubResolver(*addresses)
    before = reactor.installNameResolver(stub)
    try:
        yield stub
    finally:
        reactor.installNameResolver(before)
