"""Transports on real sockets, without a reactor: what they are told is written down."""

from __future__ import annotations

import socket
from typing import Any


class StubTransport:
    """A transport on one end of a real local socket; what it is told is written down."""

    def __init__(self, handle: Any) -> None:
        self._handle = handle
        self.told: list[str] = []
        self.dataBuffer = b""
        self.offset = 0
        self._tempDataLen = 0

    def getHandle(self) -> Any:
        return self._handle

    def abortConnection(self) -> None:
        self.told.append("abort")

    def loseConnection(self) -> None:
        self.told.append("close")

    def loseWriteConnection(self) -> None:
        self.told.append("half close")

    def pauseProducing(self) -> None:
        self.told.append("pause")

    def resumeProducing(self) -> None:
        self.told.append("resume")


class Wrapped:
    """A transport within a transport, as TLS and PROXY have it."""

    def __init__(self, transport: Any) -> None:
        self.transport = transport


class LocalSocketPair:
    """A local socket with unread bytes in it; `read` is what a peer does that takes some."""

    def __init__(self) -> None:
        self.near, self.far = socket.socketpair()
        self.near.sendall(bytes(1000))
        self.near.sendall(bytes(1000))
        self.stub_transport = StubTransport(self.near)

    def read(self) -> None:
        assert self.far.recv(1000)

    def close(self) -> None:
        self.near.close()
        self.far.close()
