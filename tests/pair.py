"""Real protocols joined in memory, on one clock: nothing here listens, sleeps or waits.

`MemoryNet` is a server with everything that the daemon has in front of its endpoints (gate, routing, connections).
Clients are `RawPeer` (bytes, written and read literally) or the product's own; `RawPeer` can be the server, too.
"""

from __future__ import annotations

import base64
import hashlib
import struct
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from twisted.internet.address import IPv4Address
from twisted.internet.defer import Deferred, succeed
from twisted.internet.endpoints import TCP4ServerEndpoint
from twisted.internet.error import ConnectionLost
from twisted.internet.interfaces import IHalfCloseableProtocol, IStreamClientEndpoint, ITCPTransport
from twisted.internet.protocol import Protocol
from twisted.internet.testing import MemoryReactorClock
from twisted.python.failure import Failure
from twisted.test.iosim import FakeTransport, IOPump, connect
from zope.interface import implementer

from echod.api import client
from echod.api.callbacks import Callbacks
from echod.api.contract import Contract
from echod.client.note import Note
from echod.rules.http.uri import parse_uri
from echod.server.server import Server
from echod.server.standard import publish_info, publish_multi_echo, publish_plain_echo, publish_simple_echo
from echod.store.memory import MemoryModeStore

CLIENT_ADDRESS = IPv4Address("TCP", "192.0.2.7", 50000)
SERVER_ADDRESS = IPv4Address("TCP", "192.0.2.1", 9001)
WRITE_MARK = 65536
"""Above this many unsent bytes a transport of Twisted pauses its producer."""

KEY = b"dGhlIHNhbXBsZSBub25jZQ=="
ACCEPT = b"s3pPLMBiTxaQ9kYGzzhZRbK+xOo="
"""Key and answer are the sample of RFC 6455, 1.3."""

TEXT, BINARY, CLOSE, PING, PONG = 0x81, 0x82, 0x88, 0x89, 0x8A
"""First bytes of whole frames."""


@implementer(ITCPTransport)
class MemoryTransport(FakeTransport):
    """One end of a connection, more like TCP than its base.

    What a paused end does not read stays unsent at the other, whose producer is paused above the mark, and who closes
    only when everything is sent. To abort loses what is not sent yet. A half that is closed is told of once.
    """

    far: MemoryTransport
    paused = False
    closing = False
    half_closed = False
    is_half_close_told = False
    bufferSize = WRITE_MARK  # noqa: N815 - a name of Twisted's
    """What the product sets on a socket's transport."""

    def write(self, data: bytes) -> None:
        if not self.half_closed and not self.closing:
            super().write(data)
        if self.producer is not None and self.streamingProducer and sum(map(len, self.stream)) > self.bufferSize:
            self.producer.pauseProducing()

    def _checkProducer(self) -> None:  # noqa: N802
        """A pull producer is asked for more when everything has left, as a push producer is told."""

    def getOutBuffer(self) -> bytes | None:  # noqa: N802
        if self.far.paused and not self.far.closing:
            return None
        sent: bytes | None = super().getOutBuffer()
        if self.producer is not None:
            self.producer.resumeProducing()
        if sent is None:
            self._close()
        return sent

    def _close(self) -> None:
        """Everything is sent."""
        if self.closing:
            self.disconnecting = True
        elif self.half_closed and not self.is_half_close_told:
            self.is_half_close_told = True
            self.far.hear_end()

    def arrive(self, data: bytes) -> None:
        """These bytes come to the other end, and nothing that follows from it has happened yet."""
        self.far.bufferReceived(data)

    def hear_end(self) -> None:
        """The other end has closed its half."""
        if IHalfCloseableProtocol.providedBy(self.protocol):
            self.protocol.readConnectionLost()
        else:
            self.loseConnection()
        if not self.stream:
            self._close()

    def pauseProducing(self) -> None:
        self.paused = True

    def resumeProducing(self) -> None:
        self.paused = False

    def loseConnection(self) -> None:
        self.closing = True

    def loseWriteConnection(self) -> None:
        self.half_closed = True

    def reportDisconnect(self) -> None:  # noqa: N802
        if self.producer is not None:
            self.producer.stopProducing()
        super().reportDisconnect()

    def abortConnection(self) -> None:
        self.stream.clear()
        super().abortConnection()


@implementer(IHalfCloseableProtocol)
class RawPeer(Protocol):
    """A peer that is bytes and nothing else. `received` is what came and was not taken yet.

    It closes when the other end closes its half, but not when it `keeps_open`.
    """

    transport: MemoryTransport
    keeps_open = False

    def __init__(self) -> None:
        self.received = b""
        self.lost = False
        self.heard_end = False
        self.settle: Callable[[], None] = lambda: None

    def dataReceived(self, data: bytes) -> None:
        self.received += data

    def connectionLost(self, reason: Failure | None = None) -> None:
        self.lost = True

    def readConnectionLost(self) -> None:
        self.heard_end = True
        if not self.keeps_open:
            self.transport.loseConnection()

    def writeConnectionLost(self) -> None:
        """Its own doing."""

    def send(self, *segments: bytes) -> None:
        """Write; each segment arrives on its own, and all that follows from it has happened before the next."""
        for segment in segments:
            self.transport.write(segment)
            self.settle()

    def take(self) -> bytes:
        """What came since the last time."""
        taken, self.received = self.received, b""
        return taken

    def ask(self, *segments: bytes) -> bytes:
        """Send, and take what comes back."""
        self.send(*segments)
        return self.take()

    def half_close(self) -> None:
        """Say that nothing more comes, and go on reading."""
        self.keeps_open = True
        self.transport.loseWriteConnection()
        self.settle()

    def hang_up(self) -> None:
        """Close the connection without a Close frame."""
        self.transport.loseConnection()
        self.settle()

    def vanish(self) -> None:
        """As when a cable is cut: what is unsent is lost, and the other end is told of an error."""
        self.transport.far.disconnectReason = ConnectionLost()
        self.transport.abortConnection()
        self.settle()


@implementer(IStreamClientEndpoint)
class MemoryEndpoint:
    """A client endpoint that leads to one protocol of `far_end`."""

    def __init__(self, net: MemoryNet, far_end: Callable[[], Any]) -> None:
        self._net = net
        self._far_end = far_end

    def connect(self, factory: Any) -> Deferred[Any]:
        protocol = factory.buildProtocol(SERVER_ADDRESS)
        self._net.join(protocol, self._far_end())
        return succeed(protocol)


@implementer(IStreamClientEndpoint)
class StubEndpoint:
    """A client endpoint with a fate of its own: the Deferred that it was made with."""

    def __init__(self, fate: Deferred[Any]) -> None:
        self._fate = fate

    def connect(self, factory: Any) -> Deferred[Any]:
        return self._fate


class MemoryNet:
    """One clock, one server, and all the connections to it (or to a `RawPeer` server)."""

    def __init__(self, **server_options: Any) -> None:
        self.clock = MemoryReactorClock()
        self.server = Server(self.clock, **server_options)
        publish_simple_echo(self.server, MemoryModeStore(), behaviours=True)
        publish_multi_echo(self.server, behaviours=True)
        publish_plain_echo(self.server, behaviours=True)
        publish_info(self.server, "here")
        self.publish = partial(Note().publish_websocket, server=self.server)
        self.listening = Deferred.fromCoroutine(self.server.listen(TCP4ServerEndpoint(self.clock, 9001)))
        self.gates = self.clock.tcpServers[0][1]
        self._pumps: list[IOPump] = []

    def join(self, near: Any, far: Any) -> None:
        """Connect a client protocol with a server protocol."""
        near_wire = MemoryTransport(near, False, CLIENT_ADDRESS, SERVER_ADDRESS)
        far_wire = MemoryTransport(far, True, SERVER_ADDRESS, CLIENT_ADDRESS)
        near_wire.far, far_wire.far = far_wire, near_wire
        for end in (near, far):
            if isinstance(end, RawPeer):
                end.settle = self.settle
        self._pumps.append(connect(far, far_wire, near, near_wire, greet=False, clock=self.clock))

    def settle(self) -> None:
        """Let everything happen that happens without time passing."""
        while sum(pump.flush() for pump in self._pumps):
            pass

    def wait(self, seconds: float) -> None:
        """Let time pass."""
        self.clock.advance(seconds)
        self.settle()

    def raw(self) -> RawPeer:
        """A new connection to the server on which nothing was said yet."""
        peer = RawPeer()
        self.join(peer, self.gates.buildProtocol(CLIENT_ADDRESS))
        return peer

    def open(self, path: str, *headers: str) -> RawPeer:
        """A raw client whose opening handshake is done, its answer taken."""
        peer = self.raw()
        answer = peer.ask(request(path, *headers))
        assert answer.startswith(b"HTTP/1.1 101 "), answer
        peer.received = answer.partition(b"\r\n\r\n")[2]
        return peer

    def connect(
        self, path: str = "/echo", far_end: Callable[[], Any] | None = None, host: str = "localhost", **plan: Any
    ) -> Opening:
        """Let the product's client open a connection, to this server or to what `far_end` builds."""
        callbacks = {name: plan.pop(name) for name in ("on_open", "on_message", "on_close", "on_error") if name in plan}
        address = parse_uri(f"ws://{host}:9001{path}")
        way = MemoryEndpoint(self, far_end or partial(self.gates.buildProtocol, CLIENT_ADDRESS))
        opening = Opening(client.connect(way, self.clock, client.Plan(address, Callbacks(**callbacks), **plan)))
        self.settle()
        return opening

    def shut_down(self) -> list[None]:
        """Send everybody off; where None will be once everybody is gone."""
        done: list[None] = []
        Deferred.fromCoroutine(self.server.shutdown()).addCallback(done.append)
        self.settle()
        return done

    def close(self) -> None:
        """End every connection that is still there."""
        for pump in self._pumps:
            pump.clientIO.abortConnection()
        self.settle()


class Opening:
    """How a client's attempt went: `contract`, or `error`, or neither yet."""

    contract: Contract
    error: Any = None

    def __init__(self, opening: Deferred[Contract]) -> None:
        opening.addCallbacks(partial(setattr, self, "contract"), self._fail)

    def _fail(self, failure: Failure) -> None:
        self.error = failure.value


class Journal:
    """Callbacks that write down what happened to a connection, in order."""

    def __init__(self) -> None:
        self.lines: list[Any] = []
        self.contracts: list[Contract] = []

    def on_open(self, contract: Contract) -> None:
        self.contracts.append(contract)
        self.lines.append("open")

    def on_message(self, contract: Contract, data: Any, ext: None) -> None:
        assert ext is None
        self.contracts.append(contract)
        self.lines.append(data)

    def on_close(self, contract: Contract, code: int, data: str) -> None:
        self.contracts.append(contract)
        self.lines.append((code, data))

    @property
    def callbacks(self) -> dict[str, Any]:
        return {"on_open": self.on_open, "on_message": self.on_message, "on_close": self.on_close}

    @property
    def contract(self) -> Contract:
        return self.contracts[-1]


def request(path: str, *headers: str) -> bytes:
    """The opening handshake of a client, with these header lines added."""
    lines = (
        f"GET {path} HTTP/1.1",
        "Host: localhost:9001",
        "Upgrade: websocket",
        "Connection: Upgrade",
        f"Sec-WebSocket-Key: {KEY.decode()}",
        "Sec-WebSocket-Version: 13",
        *headers,
    )
    return "".join(f"{line}\r\n" for line in (*lines, "")).encode("latin-1")


def masked(first: int, payload: bytes = b"", mask: bytes = b"\x11\x22\x33\x44") -> bytes:
    """A frame of a client."""
    body = bytes(byte ^ mask[i % 4] for i, byte in enumerate(payload)) if any(mask) else payload
    return _head(first, len(payload), 0x80) + mask + body


def plain(first: int, payload: bytes = b"") -> bytes:
    """A frame of a server."""
    return _head(first, len(payload), 0) + payload


def _head(first: int, length: int, mask_bit: int) -> bytes:
    if length < 126:
        return bytes((first, mask_bit | length))
    if length < 65536:
        return struct.pack("!BBH", first, mask_bit | 126, length)
    return struct.pack("!BBQ", first, mask_bit | 127, length)


def unframe(data: bytes) -> Sequence[tuple[int, bytes]]:
    """The frames in these bytes, unmasked: first byte and payload of each."""
    frames = []
    while data:
        length, start = data[1] & 0x7F, 2
        if length > 125:
            start = 4 if length == 126 else 10
            length = int.from_bytes(data[2:start], "big")
        mask = data[start : start + 4] if data[1] & 0x80 else b""
        start += len(mask)
        payload = data[start : start + length]
        assert len(payload) == length, "the last frame is cut off"
        frames.append((data[0], bytes(b ^ mask[i % 4] for i, b in enumerate(payload)) if mask else payload))
        data = data[start + length :]
    return frames


def accept(handshake: bytes, *headers: str) -> bytes:
    """The 101 answer to this opening handshake, with these header lines added."""
    key = header(handshake, "Sec-WebSocket-Key")
    digest = hashlib.sha1((key + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11").encode()).digest()
    lines = (
        "HTTP/1.1 101 Switching Protocols",
        "Upgrade: websocket",
        "Connection: Upgrade",
        f"Sec-WebSocket-Accept: {base64.b64encode(digest).decode()}",
        *headers,
    )
    return "".join(f"{line}\r\n" for line in (*lines, "")).encode("latin-1")


def header(head: bytes, name: str) -> str:
    """The value of the one header line of this name."""
    [line] = [line for line in head.decode().split("\r\n") if line.startswith(f"{name}: ")]
    return line.partition(": ")[2]


def welcome(server: RawPeer, *headers: str) -> None:
    """Let a raw server answer its client's opening handshake."""
    server.send(accept(server.take(), *headers))
