"""The gate: the first protocol of every connection.

It reads the head of the request within limits, asks the route who is to have it, and hands over the transport with
the same bytes. After that it is not in the way: the inner protocol's methods have taken the place of its own.
"""

from __future__ import annotations

from collections.abc import Callable

from twisted.internet.interfaces import (
    IAddress,
    IDelayedCall,
    IProtocolFactory,
    IProtocolNegotiationFactory,
    IReactorTime,
)
from twisted.internet.protocol import Factory, Protocol, connectionDone
from twisted.python.failure import Failure
from zope.interface import implementer

from echod.rules.answer import render
from echod.rules.head import Head, HeadReader, Refusal
from echod.settings import Limits

Route = Callable[[Head], IProtocolFactory | Refusal]
"""Who takes a request: a factory for the rest of the connection, or nobody."""


class Gate(Protocol):
    """Waits for one complete head; silent or oversized clients are refused."""

    _deadline: IDelayedCall | None = None

    def __init__(self, route: Route, limits: Limits, clock: IReactorTime) -> None:
        self._route = route
        self._limits = limits
        self._clock = clock
        self._reader = HeadReader(limits.head_bytes, limits.head_lines)

    def connectionMade(self) -> None:
        self._deadline = self._clock.callLater(self._limits.head_timeout_s, self.give_up)

    def dataReceived(self, data: bytes) -> None:
        result = self._reader.feed(data)
        if isinstance(result, Head):
            self.settle(self._route(result))
        elif result is not None:
            self.refuse(result)

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        self._stop_waiting()

    def settle(self, taker: IProtocolFactory | Refusal) -> None:
        """The head is complete: hand the connection over, or refuse it."""
        if isinstance(taker, Refusal):
            self.refuse(taker)
        else:
            self.hand_over(taker)

    def hand_over(self, taker: IProtocolFactory) -> None:
        """Make the inner protocol the one that the transport talks to, from the first byte on."""
        assert self.transport is not None
        self._stop_waiting()
        received = bytes(self._reader.received)
        # The gate stays as long as the connection; the head need not.
        del self._reader
        inner = taker.buildProtocol(self.transport.getPeer())
        assert inner is not None
        # mypy does not know that these may be replaced on the instance; nothing stands between from here on.
        self.dataReceived = inner.dataReceived  # type: ignore[method-assign]
        self.connectionLost = inner.connectionLost  # type: ignore[method-assign, assignment]
        inner.makeConnection(self.transport)
        inner.dataReceived(received)

    def refuse(self, refusal: Refusal) -> None:
        """Answer once, then close; whatever still comes is dropped unread."""
        assert self.transport is not None
        self._stop_waiting()
        self.dataReceived = lambda data: None  # type: ignore[method-assign]  # noqa: ARG005
        self.transport.write(render(refusal))
        self.transport.loseConnection()

    def give_up(self) -> None:
        """The head did not come in time."""
        self._deadline = None
        self.refuse(Refusal(408, f"no complete request head within {self._limits.head_timeout_s:g} seconds"))

    def _stop_waiting(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None


@implementer(IProtocolNegotiationFactory)
class GateFactory(Factory[Gate]):
    """Builds the gates of one server."""

    noisy = False

    def __init__(self, route: Route, limits: Limits, clock: IReactorTime) -> None:
        self._route = route
        self._limits = limits
        self._clock = clock

    def buildProtocol(self, address: IAddress | None) -> Gate:
        return Gate(self._route, self._limits, self._clock)

    def acceptableProtocols(self) -> list[bytes]:
        """What TLS offers (ALPN): upgrades exist in HTTP/1.1 alone."""
        return [b"http/1.1"]
