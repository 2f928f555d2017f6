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
from twisted.internet.error import ConnectionAborted, ConnectionDone, ConnectionLost
from twisted.internet.interfaces import IHalfCloseableProtocol, IStreamClientEndpoint, ITCPTransport
from twisted.internet.protocol import Protocol
from twisted.internet.testing import MemoryReactorClock
from twisted.python.failure import Failure
from twisted.test.iosim import FakeTransport
from zope.interface import implementer

from echod.api import client
from echod.api.arguments import Callbacks
from echod.api.contract import Contract
from echod.client.note import Note
from echod.rules.http.uri import parse_uri
from echod.server.server import Server
from echod.server.standard import publish_info, publish_multi_echo, publish_plain, publish_simple_echo
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
    """One end of a connection, more like TCP than its base; `test_pair.py` tries it beside TCP itself.

    What a paused end does not read stays unsent at the other, whose producer is paused above the mark, and that closes
    only when everything is sent. To abort loses what is not sent yet. An end that has closed reads no more, and to
    send to it resets the connection, of which the sender hears when it closes too.

    Unlike TCP it has no buffers of a kernel: a paused end keeps even a few bytes, and a close behind them, unsent.
    """

    far: MemoryTransport
    paused = False
    closing = False
    aborting = False
    lost = False
    half_closed = False
    is_half_close_sent = False
    is_producer_paused = False
    _close_reason: Exception = ConnectionDone()
    bufferSize = WRITE_MARK
    """What the product sets on a socket's transport."""
    offset = _tempDataLen = 0

    @property
    def dataBuffer(self) -> bytes:
        """What is not sent yet, where Twisted's transports keep it."""
        return b"".join(self.stream)

    def write(self, data: bytes) -> None:
        if not self.lost and not self.is_half_close_sent:
            self.stream.append(data)
        if self.producer is not None and self.streamingProducer and sum(map(len, self.stream)) > self.bufferSize:
            self.is_producer_paused = True
            self.producer.pauseProducing()

    def move(self) -> bool:
        """Let the next thing happen that follows from what was called on this end; whether there was one."""
        if self.lost:
            return False
        if self.aborting:
            self.lose(ConnectionAborted())
            self.far.lose(ConnectionLost())
            return True
        if self.far.paused and not self.far.closing:
            return False
        return self._send() or self._close()

    def _send(self) -> bool:
        sent, self.stream = b"".join(self.stream), []
        if sent and self.far.lost:
            # Its kernel resets the connection, of which this end hears when it uses it again.
            self._close_reason = ConnectionLost()
        elif sent:
            self._ask_producer()
            self.arrive(sent)
        return bool(sent)

    def _ask_producer(self) -> None:
        """Everything has left."""
        if self.producer is not None and (self.is_producer_paused or not self.streamingProducer):
            self.is_producer_paused = False
            self.producer.resumeProducing()

    def _close(self) -> bool:
        """Everything is sent."""
        if self.closing:
            self.lose(self._close_reason)
        elif self.half_closed and not self.is_half_close_sent:
            self.is_half_close_sent = True
            if IHalfCloseableProtocol.providedBy(self.protocol):
                self.protocol.writeConnectionLost()
        else:
            return False
        self.far.hear_end()
        return True

    def arrive(self, data: bytes) -> None:
        """These bytes come to the other end, and nothing that follows from it has happened yet."""
        if not self.far.closing:
            self.far.protocol.dataReceived(data)

    def hear_end(self) -> None:
        """The other end has closed its half, or all."""
        if self.closing or self.lost:
            return
        if IHalfCloseableProtocol.providedBy(self.protocol):
            self.protocol.readConnectionLost()
        else:
            self.lose(ConnectionDone())
            self.far.hear_end()

    def lose(self, reason: Exception) -> None:
        """It is no connection any more."""
        if not self.lost:
            self.lost = self.closing = self.disconnecting = True
            producer, self.producer = self.producer, None
            if producer is not None:
                producer.stopProducing()
            self.protocol.connectionLost(Failure(reason))

    def pauseProducing(self) -> None:
        self.paused = True

    def resumeProducing(self) -> None:
        self.paused = False

    def loseConnection(self) -> None:
        self.closing = True

    def loseWriteConnection(self) -> None:
        self.half_closed = True

    def abortConnection(self) -> None:
        self.closing = self.aborting = True


def join(near: Any, far: Any) -> tuple[MemoryTransport, MemoryTransport]:
    """Connect a client protocol with a server protocol."""
    near_wire = MemoryTransport(near, False, CLIENT_ADDRESS, SERVER_ADDRESS)
    far_wire = MemoryTransport(far, True, SERVER_ADDRESS, CLIENT_ADDRESS)
    near_wire.far, far_wire.far = far_wire, near_wire
    far.makeConnection(far_wire)
    near.makeConnection(near_wire)
    return near_wire, far_wire


def move(wires: Sequence[MemoryTransport]) -> bool:
    """Let the next thing happen on each of these; whether there was one."""
    return bool(sum(wire.move() for wire in wires))


@implementer(IHalfCloseableProtocol)
class RawPeer(Protocol):
    """A peer that is bytes and nothing else. `received` is what came and was not taken yet.

    It closes when the other end closes its half, but not when it `keeps_open`.
    """

    transport: MemoryTransport
    keeps_open = False

    def __init__(self) -> None:
        self.received = b""
        self._is_told = False
        self.heard_end = False
        self.settle: Callable[[], None] = lambda: None

    def dataReceived(self, data: bytes) -> None:
        self.received += data

    def connectionLost(self, reason: Failure | None = None) -> None:
        self._is_told = True

    @property
    def lost(self) -> bool:
        """Whether it was told that the connection is lost, or the other end has let go of it."""
        return self._is_told or self.transport.far.lost

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
        publish_plain(self.server, behaviours=True)
        publish_info(self.server, "here")
        self.publish = partial(Note().publish_websocket, server=self.server)
        self.listening = Deferred.fromCoroutine(self.server.listen(TCP4ServerEndpoint(self.clock, 9001)))
        self.gates = self.clock.tcpServers[0][1]
        self._wires: list[MemoryTransport] = []

    def join(self, near: Any, far: Any) -> None:
        """Connect a client protocol with a server protocol."""
        for end in (near, far):
            if isinstance(end, RawPeer):
                end.settle = self.settle
        self._wires += join(near, far)

    def settle(self) -> None:
        """Let everything happen that happens without time passing."""
        self.clock.advance(0)
        while move(self._wires):
            self.clock.advance(0)

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
        for wire in self._wires:
            wire.abortConnection()
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
