"""The gate: the first protocol of every connection.

It reads the head of the request within limits, asks the route who is to have it, and hands over the transport with
the same bytes. After that it is not in the way: bytes go straight to the inner protocol.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from twisted.internet.interfaces import (
    IAddress,
    IDelayedCall,
    IHalfCloseableProtocol,
    IProtocolFactory,
    IProtocolNegotiationFactory,
    IReactorTime,
)
from twisted.internet.protocol import Factory, Protocol, connectionDone
from twisted.python.failure import Failure
from zope.interface import implementer

from echod.accept.admission import LEAVING, Admission
from echod.accept.interfaces import IHeadReceiver
from echod.flow.lingering_close import LingeringClose
from echod.rules.http.head import Head, HeadReader, Refusal
from echod.rules.http.response import render
from echod.settings import Limits

LATE_S = 0.3
"""For the answer to a client that was too late with its head: it has had its time, and is not waited for again."""

Route = Callable[[Head], IProtocolFactory | Refusal]
"""Who takes a request: a factory for the rest of the connection, or nobody."""


@implementer(IHalfCloseableProtocol)
class Gate(Protocol):
    """Waits for one complete head; silent or oversized clients are refused."""

    transport: Any
    _deadline: IDelayedCall | None = None
    _ending: LingeringClose | None = None
    _inner: Any = None
    _is_head_request = False

    def __init__(self, route: Route, limits: Limits, clock: IReactorTime, admission: Admission) -> None:
        self._route = route
        self._limits = limits
        self._clock = clock
        self._admission = admission
        self._reader = HeadReader(limits.head_bytes, limits.head_lines)

    def connectionMade(self) -> None:
        self._deadline = self._clock.callLater(self._limits.head_timeout_s, self.give_up)
        refusal = self._admission.add(self)
        if refusal is not None:
            self.refuse(refusal)

    def dataReceived(self, data: bytes) -> None:
        result = self._reader.feed(data)
        if isinstance(result, Head):
            self._is_head_request = result.method == "HEAD"
            self.settle(result, self.receive(result))
        elif result is not None:
            self.refuse(result)

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        self._stop_waiting()
        if self._ending is not None:
            self._ending.stop()
        try:
            if self._inner is not None:
                self._inner.connectionLost(reason)
        finally:
            # Last: whoever waits for everybody to be gone may take it that nothing of them is left.
            self._admission.remove(self)

    def readConnectionLost(self) -> None:
        """The client has closed its direction; whoever has the connection may still answer."""
        if self._inner is None:
            self.transport.loseConnection()
        elif IHalfCloseableProtocol.providedBy(self._inner):
            self._inner.readConnectionLost()

    def writeConnectionLost(self) -> None:
        """Our own doing, after a refusal or a Close: the client's side is waited for."""

    def receive(self, head: Head) -> IProtocolFactory | Refusal:
        """Who takes this client, if there is room for another from its address."""
        return self._admission.count_address(self, self.transport.getPeer()) or self._route(head)

    def settle(self, head: Head, taker: IProtocolFactory | Refusal) -> None:
        """The head is complete: hand the connection over, or refuse it."""
        if isinstance(taker, Refusal):
            self.refuse(taker)
        else:
            self.hand_over(head, taker)

    def hand_over(self, head: Head, taker: IProtocolFactory) -> None:
        """Make the inner protocol the one that gets the bytes, from the first on, or from behind the head on."""
        self._stop_waiting()
        reader = self._reader
        # The gate stays as long as the connection; the head need not.
        del self._reader
        self._inner = inner = taker.buildProtocol(self.transport.getPeer())
        assert inner is not None
        inner.makeConnection(self.transport)
        # Replaced on the instance: no call of ours stands between the transport and the inner protocol.
        self.dataReceived = inner.dataReceived  # type: ignore[method-assign]
        if IHeadReceiver.providedBy(inner):
            inner.receive_head(head, reader.rest)
        else:
            inner.dataReceived(bytes(reader.received))

    def refuse(self, refusal: Refusal) -> None:
        """Answer once, then close; whatever still comes is dropped unread."""
        self._answer(refusal, self._limits.close_timeout_s).begin()

    def _answer(self, refusal: Refusal, timeout_s: float) -> LingeringClose:
        self._admission.count(refusal)
        self._stop_waiting()
        self.dataReceived = drop  # type: ignore[method-assign]
        self.transport.write(render(refusal, with_body=not self._is_head_request))
        self._ending = LingeringClose(self.transport, self._clock, timeout_s, self._admission.counters)
        return self._ending

    def give_up(self) -> None:
        """The head did not come in time."""
        self._deadline = None
        refusal = Refusal(408, f"no complete request head within {self._limits.head_timeout_s:g} seconds")
        self._answer(refusal, min(LATE_S, self._limits.close_timeout_s)).begin()

    def announce_shutdown(self) -> None:
        """Refuse a client that has not said yet all that it wants, and do not wait for it to go.

        Whoever has the connection by now is told, if it has a way to be told so.
        """
        if self._deadline is None:
            announce = getattr(self._inner, "announce_shutdown", None)
            if announce is not None:
                announce()
        elif self._reader.received:
            self._answer(LEAVING, self._limits.close_timeout_s).finish()
        else:
            self.transport.loseConnection()

    def abort(self) -> None:
        """End the connection now, whatever is unsent."""
        self.transport.abortConnection()

    def _stop_waiting(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None


def drop(data: bytes) -> None:
    """Nobody wants it."""


@implementer(IProtocolNegotiationFactory)
class GateFactory(Factory[Gate]):
    """Builds the gates of one server."""

    noisy = False

    def __init__(self, route: Route, limits: Limits, clock: IReactorTime, admission: Admission | None = None) -> None:
        self._route = route
        self._limits = limits
        self._clock = clock
        self._admission = Admission() if admission is None else admission

    def buildProtocol(self, address: IAddress | None) -> Gate:
        return Gate(self._route, self._limits, self._clock, self._admission)

    def acceptableProtocols(self) -> list[bytes]:
        """What TLS offers (ALPN): upgrades exist in HTTP/1.1 alone."""
        return [b"http/1.1"]
