"""What a connection gets first that asked for a behaviour: an answer or a protocol, at once or after `hold`."""

from __future__ import annotations

from collections.abc import Callable

from twisted.internet.interfaces import IAddress, IHalfCloseableProtocol, IProtocolFactory
from twisted.internet.protocol import Factory, Protocol, connectionDone
from twisted.python.failure import Failure
from zope.interface import implementer

from echod.accept.admission import LEAVING
from echod.accept.interfaces import IHeadReceiver, IShutdownAware
from echod.accept.refusing import refuse
from echod.behaviours.handshake import refusal_of
from echod.behaviours.protocol import BehavingEndpoint, BehavingProtocol
from echod.flow.flow_control import FlowControl, Hold
from echod.flow.lingering_close import LingeringClose
from echod.flow.timers import Timer
from echod.rules.behaviours.grammar import LONGEST_S
from echod.rules.behaviours.table import Behaviour
from echod.rules.http.head import Head, Refusal
from echod.transport.interfaces import Transport


@implementer(IHalfCloseableProtocol, IHeadReceiver, IShutdownAware)
class HeldHandshake(Protocol):
    """Waits before anything is answered; then answers with a refusal, or lets a protocol take the connection.

    `hold=forever` answers nothing, and is aborted after the longest time of any behaviour.
    """

    transport: Transport  # type: ignore[assignment]  # Twisted does not say what a transport can do
    _inner: BehavingProtocol | None = None

    def __init__(self, endpoint: BehavingEndpoint, behaviour: Behaviour) -> None:
        self._endpoint = endpoint
        self._context = endpoint.factory.context
        self._behaviour = behaviour
        self._received = bytearray()
        self._timer = Timer(self._context.clock)

    def connectionMade(self) -> None:
        clock, limits, counters = self._context.clock, self._context.limits, self._context.counters
        self._flow = FlowControl(self.transport, clock, limits.stall_timeout_s, counters)
        self._ending = LingeringClose(self.transport, clock, limits.close_timeout_s, counters)
        hold_s = self._behaviour.hold
        if hold_s is None:
            self._timer.start(LONGEST_S, self.transport.abortConnection)
        else:
            self._timer.start(hold_s, self._go_on)

    def receive_head(self, head: Head, rest: bytes) -> None:
        self._head = head
        self.dataReceived(rest)

    def dataReceived(self, data: bytes) -> None:
        """Kept until the hold is over, not much more than a request head may have."""
        if self._inner is not None:
            self._inner.dataReceived(data)
        elif self._timer.is_running:
            self._received += data
            if len(self._received) > self._context.limits.max_header_bytes:
                self._flow.hold(Hold.HELD)

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        self._timer.stop()
        self._ending.stop()
        if self._inner is not None:
            self._inner.connectionLost(reason)

    def readConnectionLost(self) -> None:
        """The client has closed its direction: before an answer that means that it has given up."""
        if self._inner is not None:
            self._inner.readConnectionLost()
        else:
            self.transport.loseConnection()

    def writeConnectionLost(self) -> None:
        """Our direction is closed; the client's end is waited for."""

    def announce_shutdown(self) -> None:
        """The server shuts down: a hold ends with 503."""
        if self._inner is not None:
            self._inner.announce_shutdown()
        elif self._timer.is_running:
            self._refuse(LEAVING, self._ending.finish)

    def _go_on(self) -> None:
        """The hold is over."""
        refusal = refusal_of(self._behaviour)
        if refusal is not None:
            self._refuse(refusal, self._ending.start_half_close)
            return
        self._flow.release(Hold.HELD)
        received, self._received = bytes(self._received), bytearray()
        self._inner = self._endpoint.build(self._behaviour)
        self._inner.makeConnection(self.transport)
        self._inner.receive_head(self._head, received)

    def _refuse(self, refusal: Refusal, close: Callable[[], None]) -> None:
        self._timer.stop()
        refuse(self.transport, refusal, self._context.counters, close)


class OneConnectionFactory(Factory):
    """A factory for the one connection that asked for this behaviour."""

    noisy = False

    def __init__(self, endpoint: BehavingEndpoint, behaviour: Behaviour) -> None:
        self._endpoint = endpoint
        self._behaviour = behaviour

    def buildProtocol(self, address: IAddress | None) -> Protocol:
        is_held = self._behaviour.hold != 0
        return HeldHandshake(self._endpoint, self._behaviour) if is_held else self._endpoint.build(self._behaviour)


def accept(endpoint: BehavingEndpoint, behaviour: Behaviour) -> IProtocolFactory | Refusal:
    """The factory of the connection that asks for this, or the answer that it asks for."""
    refusal = refusal_of(behaviour) if behaviour.hold == 0 else None
    return refusal or OneConnectionFactory(endpoint, behaviour)
