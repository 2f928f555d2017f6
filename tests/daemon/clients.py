"""Clients that are not ours: python-websockets, and sockets that say exactly the bytes they are told."""

from __future__ import annotations

import os
import socket
import struct
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

import pytest
from twisted.internet.defer import Deferred
from twisted.internet.threads import deferToThread
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, connect

LOOPBACK = "127.0.0.1"
PATIENCE_S = 20
LINGER_NEVER = struct.pack("ii", 1, 0)
"""SO_LINGER with no time: close() sends RST."""


def open_client(uri: str, **options: Any) -> ClientConnection:
    return connect(uri, proxy=None, max_size=None, open_timeout=PATIENCE_S, **options)


def reply(client: ClientConnection, message: str | bytes) -> str | bytes:
    """What comes back for one message."""
    client.send(message)
    return client.recv(timeout=PATIENCE_S)


def replies(client: ClientConnection, messages: Iterable[str | bytes]) -> list[str | bytes]:
    return [reply(client, message) for message in messages]


def close_code(client: ClientConnection) -> int | None:
    """The code that the server closes with, once nothing else comes."""
    with pytest.raises(ConnectionClosed):
        client.recv(timeout=PATIENCE_S)
    return client.close_code


def upgrade(path: str, *headers: str) -> bytes:
    """An opening handshake, byte by byte."""
    extra = "".join(f"{header}\r\n" for header in headers)
    return (
        f"GET {path} HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n{extra}"
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n"
    ).encode()


@contextmanager
def raw_connection(port: int, host: str = LOOPBACK) -> Iterator[socket.socket]:
    with socket.create_connection((host, port), timeout=PATIENCE_S) as connection:
        yield connection


def everything_from(connection: socket.socket) -> bytes:
    """All bytes until the other end closes; a reset is an end too."""
    received = bytearray()
    try:
        while chunk := connection.recv(65536):
            received += chunk
    except ConnectionResetError:
        pass
    return bytes(received)


def head_from(connection: socket.socket) -> bytes:
    """The head of an answer, up to the empty line."""
    received = b""
    while not received.endswith(b"\r\n\r\n"):
        chunk = connection.recv(1)
        assert chunk, f"the connection ended within {received!r}"
        received += chunk
    return received


def reset(connection: socket.socket) -> None:
    """End a connection as a crashed machine does: RST, no closing handshake."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, LINGER_NEVER)
    connection.close()


def half_close(connection: socket.socket) -> None:
    """Say that nothing more comes; the other end may be gone already."""
    with suppress(OSError):
        connection.shutdown(socket.SHUT_WR)


def open_descriptors(process_id: int) -> int:
    return len(os.listdir(f"/proc/{process_id}/fd"))


def wait_until(condition: Callable[[], bool]) -> bool:
    """Whether the condition became true in time."""
    deadline = time.monotonic() + PATIENCE_S
    tick = threading.Event()
    while not condition():
        if time.monotonic() > deadline:
            return False
        tick.wait(0.01)
    return True


def say(port: int | None, message: str, path: str = "/multi-echo", host: str = LOOPBACK) -> Deferred[Any]:
    """The reply of a server in this process, to a client in a thread."""

    def converse() -> str | bytes:
        with open_client(f"ws://{host}:{port}{path}") as client:
            return reply(client, message)

    return deferToThread(converse)


def is_free(port: int) -> bool:
    """Whether the port of every interface can be taken."""
    try:
        with socket.create_server(("::", port), family=socket.AF_INET6, dualstack_ipv6=True):
            return True
    except OSError:
        return False
