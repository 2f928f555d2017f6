"""A visitor of a site in memory: bytes in, what the site answered out.

The files of pages are sent by Twisted's own cooperator, so the real reactor turns while an answer is waited for;
there is no socket.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from twisted.internet.address import IPv4Address
from twisted.internet.defer import Deferred
from twisted.internet.error import ConnectionDone
from twisted.internet.interfaces import IProtocolFactory
from twisted.internet.testing import MemoryReactorClock, StringTransport
from twisted.python.failure import Failure

from echod.accept.admission import Admission
from echod.accept.gate import GateFactory
from echod.settings import Limits
from echod.site.routing import Routing
from echod.site.table import Endpoint, Endpoints
from echod.websocket.context import make_context
from echod.websocket.factory import EndpointFactory

ANSWER_TIMEOUT_S = 10

HANDSHAKE = (
    b"Host: localhost:9001\r\n"
    b"Upgrade: websocket\r\n"
    b"Connection: Upgrade\r\n"
    b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
    b"Sec-WebSocket-Version: 13\r\n"
)
"""The header lines of the opening handshake in RFC 6455, 1.3."""


@dataclass(frozen=True)
class Response:
    """All that came before the connection was closed."""

    raw: bytes

    @property
    def status(self) -> int:
        return int(self.raw.split(b" ")[1])

    @property
    def body(self) -> bytes:
        return self.raw.partition(b"\r\n\r\n")[2]

    def values(self, name: str) -> list[str]:
        """The values of all header lines with this name, in order."""
        lines = self.raw.partition(b"\r\n\r\n")[0].decode("ascii").split("\r\n")[1:]
        pairs = (line.split(": ", 1) for line in lines)
        return [value for key, value in pairs if key.lower() == name.lower()]


class Line(StringTransport):
    """The connection of the visitor; as a socket does, it lets go of a producer more than once."""

    def __init__(self, protocol: Any) -> None:
        super().__init__(peerAddress=IPv4Address("TCP", "192.0.2.7", 50123))
        self.protocol = protocol
        self.closed: Deferred[None] = Deferred()

    def unregisterProducer(self) -> None:
        self.producer = None

    def loseConnection(self) -> None:
        super().loseConnection()
        if not self.closed.called:
            self.closed.callback(None)

    async def all_sent(self) -> None:
        """Wait until the server has closed."""
        from twisted.internet import reactor

        await self.closed.addTimeout(ANSWER_TIMEOUT_S, reactor)

    def lose(self) -> None:
        """The connection is gone: told later than it was closed, and to the producer too, as a socket does."""
        if self.producer is not None:
            self.producer.stopProducing()
        self.protocol.connectionLost(Failure(ConnectionDone()))


class Site:
    """The gates of a server with the plain echo on `/`, `/simple-echo` and `/multi-echo`, and these pages."""

    def __init__(self, pages: IProtocolFactory | None, clock: MemoryReactorClock, limits: Limits | None = None) -> None:
        self.clock = clock
        self.endpoints = Endpoints()
        echo = EndpointFactory(make_context(clock))
        for path in ("/", "/simple-echo", "/multi-echo"):
            self.endpoints.publish(path, Endpoint(echo))
        self._gates = GateFactory(Routing(self.endpoints, pages), limits or Limits(), clock, Admission())

    def visit(self, *chunks: bytes) -> Line:
        """A connection on which these bytes have arrived."""
        gate = self._gates.buildProtocol(None)
        line = Line(gate)
        gate.makeConnection(line)
        for chunk in chunks:
            gate.dataReceived(chunk)
        return line

    async def ask(self, *chunks: bytes) -> Response:
        """The answer to these bytes, once the server has closed."""
        line = self.visit(*chunks)
        await line.all_sent()
        line.lose()
        return Response(line.value())

    async def get(self, target: str, *headers: str, method: str = "GET") -> Response:
        """The answer to a request for this target."""
        lines = (f"{method} {target} HTTP/1.1", "Host: localhost:9001", *headers, "", "")
        return await self.ask("\r\n".join(lines).encode("ascii"))
