"""TLS that a peer may end in its own direction alone. Needs pyOpenSSL, an extra: echod[tls].

It stands in for Twisted's transport, which takes close_notify for the end of both directions (the rule up to TLS 1.2)
and throws away the replies to what came before it: to a client that sends both in one segment, all of them.
"""

from __future__ import annotations

from typing import Protocol as Shape
from typing import cast

from OpenSSL.SSL import SENT_SHUTDOWN, Connection, Error, WantReadError, ZeroReturnError
from twisted.internet.interfaces import IHalfCloseableProtocol
from twisted.internet.main import CONNECTION_DONE
from twisted.protocols.tls import BufferingTLSTransport, TLSMemoryBIOFactory
from twisted.python.failure import Failure
from zope.interface import implementer

READ_BYTES = 32_768


class Below(Shape):
    """The transport of TLS."""

    def connectionLost(self, reason: Failure) -> None: ...


@implementer(IHalfCloseableProtocol)
class HalfClosedTLS(BufferingTLSTransport):
    """The peer's close_notify ends what it sends, as a FIN does; what it is owed still goes out (RFC 8446, 6.1)."""

    _tlsConnection: Connection
    _has_ended = False
    """Whether the peer's close_notify has come: nothing is read behind it."""

    def dataReceived(self, data: bytes) -> None:
        if not self._has_ended:
            super().dataReceived(data)

    def _flushReceiveBIO(self) -> None:
        """As Twisted has it, but for the end of what comes."""
        while not (self._lostTLSConnection or self._has_ended):
            try:
                data = self._tlsConnection.recv(READ_BYTES)
            except WantReadError:
                break
            except ZeroReturnError:
                self._end_input()
            except Error:
                self._tlsShutdownFinished(Failure())
            else:
                if not self._aborted:
                    self.wrappedProtocol.dataReceived(data)
        self._flushSendBIO()

    def _end_input(self) -> None:
        self._has_ended = True
        if self._tlsConnection.get_shutdown() & SENT_SHUTDOWN:
            # Ours has gone before: both directions are at their end.
            self._shutdownTLS()
        elif self.disconnecting:
            # What waits is still sent, and then ours.
            return
        elif IHalfCloseableProtocol.providedBy(self.wrappedProtocol):
            self.wrappedProtocol.readConnectionLost()
        else:
            self.loseConnection()

    def readConnectionLost(self) -> None:
        """The FIN: nothing new behind close_notify, and without it a connection that was cut."""
        if not self._has_ended:
            cast("Below", self.transport).connectionLost(Failure(CONNECTION_DONE))

    def writeConnectionLost(self) -> None:
        """TLS has no half to close."""


class HalfClosedTLSFactory(TLSMemoryBIOFactory):
    """Adds this TLS to the connections of another factory."""

    protocol = HalfClosedTLS
