"""What echod asks of a transport, whatever lies below it: TCP, TLS, a local socket, a wrapper, memory."""

from __future__ import annotations

from typing import Protocol

from twisted.internet.interfaces import (
    IAddress,
    IReactorCore,
    IReactorFromThreads,
    IReactorSocket,
    IReactorTCP,
    IReactorTime,
)


class Transport(Protocol):
    """The transport of an accepted or opened connection (`ITransport`, `IConsumer` and `IPushProducer` in one)."""

    def write(self, data: bytes) -> None: ...
    def loseConnection(self) -> None: ...
    def abortConnection(self) -> None: ...
    def pauseProducing(self) -> None: ...
    def resumeProducing(self) -> None: ...
    def registerProducer(self, producer: object, streaming: bool) -> None: ...
    def unregisterProducer(self) -> None: ...
    def getPeer(self) -> IAddress: ...
    def getHost(self) -> IAddress: ...


class Reactor(IReactorCore, IReactorTime, IReactorTCP, IReactorSocket, IReactorFromThreads):
    """What is asked of the reactor of a process."""
