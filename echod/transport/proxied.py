"""The first protocol of a connection behind a proxy: it reads the PROXY header, then gives its place to the next.

It is no layer of the transport: behind the header bytes go from the socket to the next protocol directly, which may be
TLS, and the transport itself has the client's address.
"""

from __future__ import annotations

from typing import Protocol as Shape
from typing import cast

from twisted.internet.address import IPv4Address, IPv6Address, UNIXAddress
from twisted.internet.interfaces import IAddress, IHalfCloseableProtocol, IProtocol, IProtocolFactory
from twisted.internet.protocol import Factory, Protocol, connectionDone
from twisted.logger import Logger
from twisted.python.failure import Failure
from zope.interface import implementer

from echod.counters import Counters, Kind
from echod.rules.proxy_header import BadHeader, End, Proxied, ProxyHeaderReader
from echod.transport.addresses import peer_name
from echod.transport.interfaces import Transport

log = Logger(namespace="echod")

Ends = tuple[IAddress, IAddress]
"""Peer and host."""


class SocketTransport(Transport, Shape):
    """What is used here of Twisted's transports on sockets beyond their interfaces."""

    protocol: IProtocol
    proxied_by: Ends
    """The proxy's own connection to us, once a header has told of a client behind it."""


@implementer(IHalfCloseableProtocol)
class ProxyHeader(Protocol):
    """Reads the header; what is no header is closed without an answer, counted and logged.

    The next protocol is connected from the start: its limits and timeouts are those of the connection.
    """

    transport: SocketTransport  # type: ignore[assignment]

    def __init__(self, following: IProtocol, counters: Counters) -> None:
        self._following = following
        self._counters = counters
        self._reader = ProxyHeaderReader()

    def connectionMade(self) -> None:
        self._following.makeConnection(self.transport)  # type: ignore[arg-type]

    def dataReceived(self, data: bytes) -> None:
        result = self._reader.feed(data)
        if isinstance(result, Proxied):
            self._hand_over(result)
        elif isinstance(result, BadHeader):
            self._refuse(result.why)
            self.transport.loseConnection()

    def readConnectionLost(self) -> None:
        """The proxy has closed its half before its header was complete."""
        self.transport.loseConnection()

    def writeConnectionLost(self) -> None:
        """The next protocol has refused the connection, and waits for the client's end."""

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        """It ends before its header; a proxy that looks whether the port is open sends none, and is no fault."""
        if self._reader.received:
            self._refuse("it ends within its PROXY header")
        self._following.connectionLost(reason)

    def _hand_over(self, proxied: Proxied) -> None:
        transport, following = self.transport, self._following
        if proxied.source is not None and proxied.destination is not None:
            show_ends(transport, address_of(proxied.source), address_of(proxied.destination))
        transport.protocol = following
        if rest := self._reader.rest:
            following.dataReceived(rest)

    def _refuse(self, why: str) -> None:
        """Once; what still comes is dropped."""
        self._reader.received.clear()
        self.dataReceived = drop  # type: ignore[method-assign]
        self._counters.count(Kind.PROXY_HEADER)
        log.info("{peer} refused: {why}", peer=peer_name(self.transport.getPeer()), why=why)


def drop(data: bytes) -> None:
    """`dataReceived` after a refusal: the bytes are not kept."""


def address_of(end: End) -> IAddress:
    """The same as Twisted has it."""
    if isinstance(end, bytes):
        return UNIXAddress(end)
    host, port = end
    return IPv6Address("TCP", host, port) if ":" in host else IPv4Address("TCP", host, port)


def show_ends(transport: SocketTransport, peer: IAddress, host: IAddress) -> None:
    """From now on the transport has these ends, also for what lies above it."""
    transport.proxied_by = transport.getPeer(), transport.getHost()
    transport.getPeer = lambda: peer  # type: ignore[method-assign]
    transport.getHost = lambda: host  # type: ignore[method-assign]


def proxy_ends(transport: object) -> Ends | None:
    """The ends of the proxy's own connection to us, if this lowest transport shows those of a client behind it."""
    return cast("Ends | None", getattr(transport, "proxied_by", None))


class ProxyHeaderFactory(Factory[ProxyHeader]):
    """Puts the header before what another factory builds."""

    noisy = False

    def __init__(self, following: IProtocolFactory, counters: Counters) -> None:
        self._following = following
        self._counters = counters

    def buildProtocol(self, addr: IAddress) -> ProxyHeader | None:  # type: ignore[override]
        following = self._following.buildProtocol(addr)
        return None if following is None else ProxyHeader(following, self._counters)

    def doStart(self) -> None:
        self._following.doStart()

    def doStop(self) -> None:
        self._following.doStop()

    def logPrefix(self) -> str:
        """What Twisted's own log lines say is listening."""
        return "echod (PROXY)"
