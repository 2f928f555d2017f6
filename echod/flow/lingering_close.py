"""The end of a connection: flush, close our half, wait for the peer's."""

from __future__ import annotations

from typing import Any

from twisted.internet.interfaces import IReactorTime, ISSLTransport, ITCPTransport

from echod.counters import CLOSE_TIMEOUT, Counters
from echod.flow.stall_timeout import StallTimeout


class LingeringClose:
    """The last phase of a connection: the peer gets what is written, and is cut when it takes nothing any more.

    To be made when a connection is, begun when it is to end, and stopped when it is lost; each may happen again.
    """

    __slots__ = ("_transport", "_watch")

    def __init__(self, transport: Any, clock: IReactorTime, timeout_s: float, counters: Counters | None = None) -> None:
        self._transport = transport
        self._watch = StallTimeout(transport, clock, timeout_s, counters, CLOSE_TIMEOUT)

    def await_close(self) -> None:
        """Our Close is on its way, and the peer's is awaited."""
        self._watch.start()

    def begin(self) -> None:
        """Flush, then close our side; what still comes is for the caller to drop, until the peer closes too.

        To close at once, with bytes unread, would reset the connection and take away what the peer has not read yet.
        """
        self._watch.start()
        # Reading may be held, but the end of the stream has to be seen.
        self._transport.resumeProducing()
        if is_tls(self._transport) or not ITCPTransport.providedBy(self._transport):
            self._transport.loseConnection()
        else:
            self._transport.loseWriteConnection()

    def finish(self) -> None:
        """The peer has closed its side: flush, then close; there is nothing more to wait for."""
        self._watch.start()
        self._transport.loseConnection()

    def stop(self) -> None:
        """The connection is lost."""
        self._watch.stop()


def is_tls(transport: Any) -> bool:
    """Whether there is TLS between us and the socket."""
    return bool(ISSLTransport.providedBy(transport))
