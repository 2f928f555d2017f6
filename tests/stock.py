"""Autobahn alone, without anything of echod: what the canaries try their assumptions on."""

from __future__ import annotations

from typing import Any

from autobahn.twisted.websocket import (
    WebSocketClientFactory,
    WebSocketClientProtocol,
    WebSocketServerFactory,
    WebSocketServerProtocol,
)
from autobahn.websocket.compress import PerMessageDeflateOfferAccept
from twisted.test.iosim import FakeTransport

from echod.websocket.autobahn.closing import Quiet
from tests.pair import request


class Written(FakeTransport):
    """A transport that leads nowhere and keeps what is written."""

    def value(self) -> bytes:
        return b"".join(self.stream)

    def clear(self) -> None:
        self.stream.clear()


class Timers:
    """Stands where Autobahn keeps its timer; writes down what it is asked for."""

    def __init__(self) -> None:
        self.asked: list[tuple[float, str]] = []
        self.cancelled = 0

    def call_later(self, delay: float, function: Any, *args: Any) -> Timers:
        self.asked.append((delay, function.__name__))
        return self

    def cancel(self) -> None:
        self.cancelled += 1


class Hooks:
    """Writes down which hooks Autobahn calls, and with what."""

    log = Quiet()

    def __init__(self) -> None:
        super().__init__()
        self.calls: list[Any] = []

    def onOpen(self) -> None:
        self.calls.append(("open", self.is_open.called))

    def onMessage(self, payload: bytes, is_binary: bool) -> None:
        self.calls.append(("message", payload, is_binary))

    def onClose(self, was_clean: bool, code: int | None, reason: str | None) -> None:
        self.calls.append(("close", was_clean, code))

    def logRxFrame(self, frame: Any, parts: Any) -> None:
        self.calls.append(("rx", frame.opcode, frame.fin, frame.length, b"".join(parts)))

    def logTxFrame(self, frame: Any, payload: bytes, *_: object) -> None:
        self.calls.append(("tx", frame.opcode, frame.fin, frame.length, payload))


class Server(Hooks, WebSocketServerProtocol): ...


class Client(Hooks, WebSocketClientProtocol): ...


def stock_factory(kind: Any, **options: Any) -> Any:
    """A factory of Autobahn with these options, and with `Timers`."""
    factory = kind(reactor=object())
    factory.setProtocolOptions(failByDrop=False, **options)
    factory._batched_timer = Timers()
    return factory


def connect(protocol: Any, factory: Any) -> Any:
    """The protocol on a transport that keeps what it writes."""
    protocol.factory = factory
    protocol.makeConnection(Written(protocol, isServer=factory.isServer))
    return protocol


def new_server(**options: Any) -> Any:
    """A server protocol that nothing was said to yet."""
    return connect(Server(), stock_factory(WebSocketServerFactory, **options))


def new_client(**options: Any) -> Any:
    """A client protocol that has sent its handshake."""
    return connect(Client(), stock_factory(WebSocketClientFactory, **options))


def agree(offers: Any) -> PerMessageDeflateOfferAccept | None:
    """Permessage-deflate as it is offered first."""
    return PerMessageDeflateOfferAccept(offers[0]) if offers else None


def open_server(*headers: str, **options: Any) -> Any:
    """A server protocol whose handshake is done."""
    server = new_server(**options)
    server.dataReceived(request("/", *headers))
    server.transport.clear()
    return server
