"""Listening on a port of every interface, for IPv4 and IPv6 at once."""

from __future__ import annotations

import socket

from twisted.internet.defer import Deferred, execute
from twisted.internet.endpoints import TCP4ServerEndpoint, TCP6ServerEndpoint
from twisted.internet.error import CannotListenError
from twisted.internet.interfaces import IListeningPort, IProtocolFactory, IStreamServerEndpoint
from zope.interface import implementer

from echod.settings import BACKLOG
from echod.transport.interfaces import Reactor

ANY_6 = "::"


@implementer(IStreamServerEndpoint)
class EveryInterface:
    """One socket for both families, whatever the system's default for that is; IPv4 alone where there is no IPv6."""

    def __init__(self, reactor: Reactor, port: int, backlog: int = BACKLOG) -> None:
        self._reactor = reactor
        self._port = port
        self._backlog = backlog

    def listen(self, factory: IProtocolFactory) -> Deferred[IListeningPort]:
        if not socket.has_dualstack_ipv6():
            endpoint: IStreamServerEndpoint = TCP4ServerEndpoint(self._reactor, self._port, self._backlog)
            return endpoint.listen(factory)
        return execute(self._adopt, factory)

    def _adopt(self, factory: IProtocolFactory) -> IListeningPort:
        with self._make_socket() as made:
            made.setblocking(False)
            # The reactor duplicates the descriptor.
            return self._reactor.adoptStreamPort(made.fileno(), socket.AF_INET6, factory)  # type: ignore[arg-type]

    def _make_socket(self) -> socket.socket:
        try:
            return socket.create_server(
                (ANY_6, self._port), family=socket.AF_INET6, backlog=self._backlog, dualstack_ipv6=True
            )
        except OSError as error:
            raise CannotListenError(ANY_6, self._port, error) from error


def make_endpoint(reactor: Reactor, port: int, host: str | None, backlog: int = BACKLOG) -> IStreamServerEndpoint:
    """The endpoint to listen on; no host means every interface, and a name its IPv4 address."""
    if host is None:
        return EveryInterface(reactor, port, backlog)
    family = TCP6ServerEndpoint if ":" in host else TCP4ServerEndpoint
    return family(reactor, port, backlog, host)
