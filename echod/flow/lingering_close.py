"""The lingering close: flush, close our half of the connection, wait for the peer to close its own."""

from __future__ import annotations

from twisted.internet.interfaces import IReactorTime, ISSLTransport, ITCPTransport

from echod.counters import Counters, Kind
from echod.flow.stall_timeout import StallTimeout
from echod.transport.interfaces import Transport

MOST_DROPPED_BYTES = 1024 * 1024
"""What a peer may send before it has seen the end; a fast one far away has that much under way."""


class LingeringClose(StallTimeout):
    """The last phase of a connection: the peer gets what is written, and is aborted when it makes no progress.

    To be made with the connection, started when it is to end, and stopped when it is lost; each may happen again.
    """

    __slots__ = ("_dropped",)
    kind = Kind.CLOSE_TIMEOUT

    def __init__(self, transport: Transport, clock: IReactorTime, timeout_s: float, counters: Counters) -> None:
        super().__init__(transport, clock, timeout_s, counters)
        self._dropped = 0

    def drop(self, data: bytes) -> None:
        """Bytes that are not used. From a peer that goes on sending no more is read: its timeout ends it.

        Not at once: a reset might take from it what it has not read yet.
        """
        self._dropped += len(data)
        if self._dropped > MOST_DROPPED_BYTES:
            self._transport.pauseProducing()

    def start_half_close(self) -> None:
        """Flush, then close our half; what still comes is for the caller to drop, until the peer closes its own.

        To close both at once, with bytes unread, would reset the connection, and the peer would lose what it has not
        read yet. TLS and transports in memory have no half to close.
        """
        self.start()
        # Reading may be held, but the end of the stream has to be seen.
        self._transport.resumeProducing()
        if ITCPTransport.providedBy(self._transport) and not is_tls(self._transport):
            self._transport.loseWriteConnection()
        else:
            self._transport.loseConnection()

    def finish(self) -> None:
        """The peer has closed its half, or is not waited for: flush, then close."""
        self.start()
        self._transport.loseConnection()


def is_tls(transport: object) -> bool:
    """Whether this transport is TLS, or was turned to it."""
    return bool(ISSLTransport.providedBy(transport))
