"""Thousands of WebSocket clients in one process: raw sockets, one epoll, no library."""

from __future__ import annotations

import select
import socket
import time
from collections.abc import Iterator

REQUEST = (
    b"GET /echo HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n"
)
SOURCES = tuple(f"127.0.0.{number}" for number in range(1, 17))
MASK = b"\0\0\0\0"
"""A mask of zeros leaves the payload as it is; good enough for a client that measures."""

FRAME_TEXT, FRAME_CLOSE, FRAME_PING, FRAME_PONG = 0x81, 0x88, 0x89, 0x8A


def frame(first: int, payload: bytes) -> bytes:
    """A masked frame of at most 125 bytes."""
    return bytes((first, 0x80 | len(payload))) + MASK + payload


class Client:
    """One connection: keeps what came, answers pings and Close."""

    def __init__(self, port: int, source: str) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port), source_address=(source, 0))
        self.socket.sendall(REQUEST)
        self.buffer = b""
        self.echoes: list[bytes] = []
        self.pings = 0
        self.close_code: int | None = None
        self.is_open = False
        self.is_lost = False

    def send(self, *payloads: bytes) -> None:
        self.socket.sendall(b"".join(frame(FRAME_TEXT, payload) for payload in payloads))

    def read(self) -> None:
        """Take what is there."""
        try:
            data = self.socket.recv(65536)
        except ConnectionError:
            data = b""
        if not data:
            self.is_lost = True
        self.buffer += data
        if self.buffer.startswith(b"HTTP/1.1 101") and b"\r\n\r\n" in self.buffer:
            self.buffer, self.is_open = self.buffer.partition(b"\r\n\r\n")[2], True
        for first, payload in self._frames():
            self._answer(first, payload)

    def _frames(self) -> Iterator[tuple[int, bytes]]:
        """Whole short frames; the server sends no others here."""
        while len(self.buffer) >= 2 and not self.buffer.startswith(b"HTTP") and len(self.buffer) >= 2 + self.buffer[1]:
            length = self.buffer[1]
            first, payload, self.buffer = self.buffer[0], self.buffer[2 : 2 + length], self.buffer[2 + length :]
            yield first, payload

    def _answer(self, first: int, payload: bytes) -> None:
        if first == FRAME_PING:
            self.pings += 1
            self.socket.sendall(frame(FRAME_PONG, payload))
        elif first == FRAME_CLOSE:
            self.close_code = int.from_bytes(payload[:2], "big")
            self.socket.sendall(frame(FRAME_CLOSE, payload))
        else:
            self.echoes.append(payload)


class Crowd:
    """Many clients of one server."""

    def __init__(self) -> None:
        self.clients: dict[int, Client] = {}
        self._poll = select.epoll()

    def join(self, port: int, count: int) -> None:
        """Connect that many, from several source addresses, and shake hands."""
        for number in range(count):
            client = Client(port, SOURCES[number % len(SOURCES)])
            self.clients[client.socket.fileno()] = client
            self._poll.register(client.socket, select.EPOLLIN)
            if number % 100 == 99:
                self.attend(0)

    def attend(self, seconds: float) -> None:
        """Read and answer for that long; what is there already is read in any case."""
        end = time.monotonic() + seconds
        while (events := self._poll.poll(max(0.0, end - time.monotonic()))) or time.monotonic() < end:
            for descriptor, _ in events:
                client = self.clients[descriptor]
                client.read()
                if client.is_lost:
                    self._poll.unregister(descriptor)
                    client.socket.close()

    @property
    def opened(self) -> int:
        """How many have shaken hands."""
        return sum(client.is_open for client in self.clients.values())

    @property
    def lost(self) -> int:
        return sum(client.is_lost for client in self.clients.values())

    def leave(self) -> None:
        for client in self.clients.values():
            client.socket.close()
