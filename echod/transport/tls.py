"""TLS that a peer may end in its own direction alone. Needs pyOpenSSL, an extra: echod[tls].

It stands in for Twisted's transport, which takes close_notify for the end of both directions (the rule up to TLS 1.2)
and throws away the replies to what came before it: to a client that sends both in one segment, all of them.
"""

from __future__ import annotations

from typing import cast

from OpenSSL.SSL import SENT_SHUTDOWN, Connection, Error, WantReadError, ZeroReturnError
from twisted.internet.interfaces import IDelayedCall, IHalfCloseableProtocol
from twisted.internet.protocol import connectionDone
from twisted.protocols.tls import BufferingTLSTransport, TLSMemoryBIOFactory
from twisted.python.failure import Failure
from zope.interface import implementer

from echod.transport.interfaces import Transport

READ_BYTES = 32_768


@implementer(IHalfCloseableProtocol)
class HalfClosedTLS(BufferingTLSTransport):
    """The peer's close_notify ends what it sends, as a FIN does; what it is owed still goes out (RFC 8446, 6.1)."""

    _tlsConnection: Connection
    _has_ended = False
    """Whether the peer's close_notify has come: nothing is read behind it."""
    _is_end_untold = _is_paused = False
    _telling: IDelayedCall | None = None

    @property
    def _below(self) -> Transport:
        return cast("Transport", self.transport)

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

    def pauseProducing(self) -> None:
        self._is_paused = True
        self._below.pauseProducing()

    def resumeProducing(self) -> None:
        self._is_paused = False
        self._below.resumeProducing()
        if self._is_end_untold:
            self._tell_later()

    def _end_input(self) -> None:
        self._has_ended = self._is_end_untold = True
        self._tell_later()

    def _tell_later(self) -> None:
        """As with TCP: in a later turn than what came before, and not while that is held back."""
        if self._telling is None:
            self._telling = self.factory._clock.callLater(0, self._tell_end)

    def _tell_end(self) -> None:
        self._telling = None
        if self._is_paused:
            return
        self._is_end_untold = False
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
            self._below.loseConnection()

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        super().connectionLost(reason)
        if self._telling is not None:
            self._telling.cancel()

    def writeConnectionLost(self) -> None:
        """TLS has no half to close."""


class HalfClosedTLSFactory(TLSMemoryBIOFactory):
    """Adds this TLS to the connections of another factory."""

    protocol = HalfClosedTLS
