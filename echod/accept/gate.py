"""The gate: the first protocol of every connection.

It reads the request headers within limits, asks the route which factory is to have the connection, and hands over the
transport with the same bytes. From then on it costs nothing: bytes go straight to the inner protocol.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import partial

from twisted.internet.interfaces import (
    IDelayedCall,
    IHalfCloseableProtocol,
    IProtocol,
    IProtocolFactory,
    IProtocolNegotiationFactory,
    IReactorTime,
)
from twisted.internet.protocol import Factory, Protocol, connectionDone
from twisted.python.failure import Failure
from zope.interface import implementer

from echod.accept.admission import LEAVING, Admission
from echod.accept.interfaces import IAccepted, IHeadReceiver, IShutdownAware
from echod.accept.refusing import refuse
from echod.counters import Kind
from echod.flow.lingering_close import LingeringClose
from echod.rules.http.head import Head, HeadReader, Refusal
from echod.settings import Limits
from echod.transport.interfaces import Transport

LATE_S = 0.3
"""The most that a client has for reading its 408, or for closing: its handshake timeout is over already."""

Route = Callable[[Head], IProtocolFactory | Refusal]
"""The factory of the protocol that gets the rest of the connection, or the refusal of the request."""


@implementer(IHalfCloseableProtocol, IAccepted)
class Gate(Protocol):
    """Waits for the request headers; a client that is too late or sends too much is refused."""

    transport: Transport  # type: ignore[assignment]
    _deadline: IDelayedCall | None = None
    _ending: LingeringClose | None = None
    _inner: IProtocol | None = None
    _is_head_request = False

    def __init__(self, route: Route, limits: Limits, clock: IReactorTime, admission: Admission) -> None:
        self._route = route
        self._limits = limits
        self._clock = clock
        self._admission = admission
        self._reader = HeadReader(limits.max_header_bytes, limits.max_header_count)

    def connectionMade(self) -> None:
        self._deadline = self._clock.callLater(self._limits.handshake_timeout_s, self.give_up)
        if (refusal := self._admission.add(self)) is not None:
            self.refuse(refusal)

    def dataReceived(self, data: bytes) -> None:
        result = self._reader.feed(data)
        if isinstance(result, Head):
            self.settle(result)
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
            # Last: when `Admission.when_empty` fires, nothing of any connection may be left.
            self._admission.remove(self)

    def readConnectionLost(self) -> None:
        """The client has closed its half; the inner protocol may still answer."""
        if self._inner is None:
            self.transport.loseConnection()
        elif IHalfCloseableProtocol.providedBy(self._inner):
            self._inner.readConnectionLost()

    def writeConnectionLost(self) -> None:
        """The lingering close has closed our half, and waits for the client's."""

    def settle(self, head: Head) -> None:
        """The headers are complete: hand the connection over, or refuse it, perhaps for its address."""
        self._is_head_request = head.method == "HEAD"
        chosen = self._admission.count_address(self, self.transport.getPeer()) or self._route(head)
        if isinstance(chosen, Refusal):
            self.refuse(chosen)
        else:
            self.hand_over(head, chosen)

    def hand_over(self, head: Head, factory: IProtocolFactory) -> None:
        """Let the inner protocol get the bytes, from the first on, or from behind the head on."""
        self._stop_waiting()
        reader = self._reader
        # The gate stays as long as the connection; the head need not.
        del self._reader
        self._inner = inner = factory.buildProtocol(self.transport.getPeer())
        assert inner is not None
        inner.makeConnection(self.transport)  # type: ignore[arg-type]
        # Replaced on the instance: no call of ours stands between the transport and the inner protocol.
        self.dataReceived = inner.dataReceived  # type: ignore[method-assign]
        if IHeadReceiver.providedBy(inner):
            inner.receive_head(head, reader.rest)
        else:
            inner.dataReceived(bytes(reader.received))

    def refuse(self, refusal: Refusal, longest_s: float = math.inf, *, is_awaited: bool = True) -> None:
        """Answer once, then close: in `longest_s` at the most, or at once when the client's end is not awaited."""
        self._stop_waiting()
        self._ending = ending = self._make_ending(longest_s)
        self.dataReceived = ending.drop  # type: ignore[method-assign]
        close = ending.start_half_close if is_awaited else ending.finish
        with_body = not self._is_head_request
        refuse(self.transport, refusal, self._clock, self._admission.counters, close, with_body=with_body)

    def _make_ending(self, longest_s: float) -> LingeringClose:
        timeout_s = min(self._limits.close_timeout_s, longest_s)
        return LingeringClose(self.transport, self._clock, timeout_s, self._admission.counters)

    def give_up(self) -> None:
        """The handshake timeout is over before the headers were complete."""
        self._deadline = None
        timeout_s = self._limits.handshake_timeout_s
        if self._reader.is_silent:
            self._leave_silently()
        else:
            self.refuse(Refusal(408, f"no complete request head within {timeout_s:g} seconds"), LATE_S)

    def _leave_silently(self) -> None:
        """A client that has sent nothing, a probe or a browser in advance, has no request to be answered."""
        self._admission.counters.count(Kind.SILENT)
        self.dataReceived = self._make_ending(LATE_S).drop  # type: ignore[method-assign]
        self._deadline = self._clock.callLater(LATE_S, self._cut)
        self.transport.loseConnection()

    def _cut(self) -> None:
        """TLS waits for the end of a client that may say nothing then either."""
        self._deadline = None
        self.abort()

    def announce_shutdown(self) -> None:
        """Refuse an incomplete request, close without an answer when nothing has come; else tell the inner protocol."""
        if self._deadline is None:
            if IShutdownAware.providedBy(self._inner):
                self._inner.announce_shutdown()
        elif self._reader.is_silent:
            self.transport.loseConnection()
        else:
            self.refuse(LEAVING, is_awaited=False)

    def abort(self) -> None:
        """Close the connection with a reset; unsent bytes are lost."""
        self.transport.abortConnection()

    def _stop_waiting(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None


@implementer(IProtocolNegotiationFactory)
class GateFactory(Factory[Gate]):
    """Builds the gates of one server."""

    noisy = False

    def __init__(self, route: Route, limits: Limits, clock: IReactorTime, admission: Admission) -> None:
        self.protocol = partial(Gate, route, limits, clock, admission)

    def logPrefix(self) -> str:
        """What Twisted's own log lines say is listening."""
        return "echod"

    def acceptableProtocols(self) -> list[bytes]:
        """What TLS offers (ALPN): upgrades exist in HTTP/1.1 alone."""
        return [b"http/1.1"]
