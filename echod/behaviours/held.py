"""Who takes a connection that asked for a behaviour, at once or after a hold."""

from __future__ import annotations

from typing import Any

from twisted.internet.interfaces import IAddress, IHalfCloseableProtocol, IProtocol, IProtocolFactory
from twisted.internet.protocol import Protocol, connectionDone
from twisted.python.failure import Failure
from zope.interface import implementer

from echod.accept.admission import LEAVING
from echod.accept.interfaces import IHeadReceiver
from echod.behaviours.protocol import BehavingFactory
from echod.flow.lingering_close import LingeringClose
from echod.flow.timers import Timer
from echod.rules.behaviours.grammar import LONGEST_S
from echod.rules.behaviours.query import Behaviour
from echod.rules.http.head import Head, Refusal
from echod.rules.http.response import render

WHY = "refused, as asked"
AS_ASKED = "as asked"
"""What all such answers are counted as: they are no fault of anybody."""


@implementer(IHalfCloseableProtocol, IHeadReceiver)
class HeldHandshake(Protocol):
    """Waits before anything is answered; then answers with a refusal, or lets a protocol take the connection."""

    transport: Any
    _inner: Any = None

    def __init__(self, factory: BehavingFactory, behaviour: Behaviour, address: IAddress | None) -> None:
        self._factory = factory
        self._behaviour = behaviour
        self._address = address
        self._received = bytearray()
        self._timer = Timer(factory.reactor)

    def connectionMade(self) -> None:
        factory = self._factory
        self._ending = LingeringClose(
            self.transport, factory.reactor, factory.context.limits.close_timeout_s, factory.context.counters
        )
        hold_s = self._behaviour.hold
        if hold_s is None:
            self._timer.start(LONGEST_S, self.transport.abortConnection)
        else:
            self._timer.start(hold_s, self._go_on)

    def receive_head(self, head: Head, rest: bytes) -> None:
        self._head = head
        self.dataReceived(rest)

    def dataReceived(self, data: bytes) -> None:
        """Kept until somebody wants it, as much as a head may have."""
        if self._inner is not None:
            self._inner.dataReceived(data)
        elif self._timer.is_running:
            self._received += data
            if len(self._received) > self._factory.context.limits.head_bytes:
                self.transport.pauseProducing()

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        self._timer.stop()
        self._ending.stop()
        if self._inner is not None:
            self._inner.connectionLost(reason)

    def readConnectionLost(self) -> None:
        """The client has closed its direction: before an answer it has given up."""
        if self._inner is not None:
            self._inner.readConnectionLost()
        else:
            self.transport.loseConnection()

    def writeConnectionLost(self) -> None:
        """Our own doing."""

    def announce_shutdown(self) -> None:
        """The server is going away."""
        if self._inner is not None:
            self._inner.announce_shutdown()
        elif self._timer.is_running:
            self._refuse(LEAVING).finish()

    def _go_on(self) -> None:
        """The hold is over."""
        if self._behaviour.status is not None:
            self._refuse(refusal_of(self._behaviour)).begin()
            return
        self.transport.resumeProducing()
        received, self._received = bytes(self._received), bytearray()
        self._inner = self._factory.build(self._address, self._behaviour)
        self._inner.makeConnection(self.transport)
        self._inner.receive_head(self._head, received)

    def _refuse(self, refusal: Refusal) -> LingeringClose:
        self._timer.stop()
        self._factory.context.counters.count(refusal.counted_as)
        self.transport.write(render(refusal))
        return self._ending


@implementer(IProtocolFactory)
class OneConnectionFactory:
    """A factory for the one connection that asked for this behaviour."""

    noisy = False

    def __init__(self, factory: BehavingFactory, behaviour: Behaviour) -> None:
        self._factory = factory
        self._behaviour = behaviour

    def doStart(self) -> None:
        """Nothing is shared between connections."""

    def doStop(self) -> None:
        """Nothing is shared between connections."""

    def buildProtocol(self, address: IAddress | None) -> IProtocol:
        if self._behaviour.hold == 0:
            protocol: IProtocol = self._factory.build(address, self._behaviour)
            return protocol
        return HeldHandshake(self._factory, self._behaviour, address)


def take(factory: BehavingFactory, behaviour: Behaviour) -> IProtocolFactory | Refusal:
    """Who has the connection, or the answer that was asked for."""
    if behaviour.status is not None and behaviour.hold == 0:
        return refusal_of(behaviour)
    return OneConnectionFactory(factory, behaviour)


def refusal_of(behaviour: Behaviour) -> Refusal:
    """The answer that this behaviour asks for."""
    assert behaviour.status is not None
    own = {"Location": behaviour.location, "Retry-After": behaviour.retry_after}
    headers = tuple((name, str(value)) for name, value in own.items() if value is not None)
    return Refusal(behaviour.status, WHY, (*headers, *behaviour.header), AS_ASKED)
