"""The lingering close: flush, close our half of the connection, wait for the peer to close its own."""

from __future__ import annotations

from twisted.internet.interfaces import IReactorTime, ISSLTransport, ITCPTransport

from echod.counters import Counters, Kind
from echod.flow.stall_timeout import StallTimeout
from echod.transport.interfaces import Transport


class LingeringClose:
    """The last phase of a connection: the peer gets what is written, and is aborted when it makes no progress.

    To be made with the connection, started when it is to end, and stopped when it is lost; each may happen again.
    """

    __slots__ = ("_timeout", "_transport")

    def __init__(
        self, transport: Transport, clock: IReactorTime, timeout_s: float, counters: Counters | None = None
    ) -> None:
        self._transport = transport
        self._timeout = StallTimeout(transport, clock, timeout_s, counters, Kind.CLOSE_TIMEOUT)

    def await_close(self) -> None:
        """Our Close frame is written: the peer has the timeout to answer it."""
        self._timeout.start()

    def start_half_close(self) -> None:
        """Flush, then close our half; what still comes is for the caller to drop, until the peer closes its own.

        To close both at once, with bytes unread, would reset the connection, and the peer would lose what it has not
        read yet. TLS and transports in memory have no half to close.
        """
        self._timeout.start()
        # Reading may be held, but the end of the stream has to be seen.
        self._transport.resumeProducing()
        if ITCPTransport.providedBy(self._transport) and not is_tls(self._transport):
            self._transport.loseWriteConnection()
        else:
            self._transport.loseConnection()

    def finish(self) -> None:
        """The peer has closed its half, or is not waited for: flush, then close."""
        self._timeout.start()
        self._transport.loseConnection()

    def stop(self) -> None:
        """The connection is lost."""
        self._timeout.stop()


def is_tls(transport: object) -> bool:
    """Whether this transport is TLS, or was turned to it."""
    return bool(ISSLTransport.providedBy(transport))
