"""Sending at once on real sockets, and the canary for what is taken for granted of Twisted's transports."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator
from typing import Any

import pytest
from twisted.internet.error import ConnectionDone
from twisted.internet.protocol import Protocol
from twisted.internet.tcp import Connection
from twisted.internet.testing import MemoryReactorClock, StringTransport
from twisted.internet.unix import Server as LocalServer
from twisted.python.failure import Failure

from echod.transport.direct_send import LARGE, PlainTransport, is_direct, send, want_bytes

HUGE = 32 * 1024 * 1024
"""More than any kernel takes at once."""


@pytest.fixture
def pair() -> Iterator[tuple[Connection, socket.socket]]:
    """A transport of Twisted on one end of a TCP connection, and the other end."""
    with socket.create_server(("127.0.0.1", 0)) as port, socket.create_connection(port.getsockname()) as far:
        near, _ = port.accept()
        with near:
            transport = Connection(near, StringTransport(), MemoryReactorClock())  # type: ignore[arg-type]
            transport.connected = 1
            yield transport, far


def unsent(transport: Any) -> int:
    return len(transport.dataBuffer) - transport.offset + sum(map(len, transport._tempDataBuffer))


def read(far: socket.socket, count: int) -> bytes:
    far.settimeout(20)
    return b"".join(iter(lambda: far.recv(65536), b"")) if count < 0 else far.recv(count, socket.MSG_WAITALL)


def drain(transport: Any, far: socket.socket, count: int) -> bytes:
    """What comes at the far end while the transport writes what waits."""
    far.setblocking(False)
    read, start = bytearray(), time.monotonic()
    while len(read) < count:
        assert time.monotonic() - start < 60, f"{len(read)} of {count} bytes have come"
        transport.doWrite()
        try:
            read += far.recv(1 << 20)
        except BlockingIOError:
            continue
    return bytes(read)


@pytest.mark.parametrize("pieces", [(b"abc",), (b"\x81\x03", b"abc"), (b"a", b"b", b"c"), (b"h", b"x" * LARGE)])
def test_what_the_kernel_takes_is_sent_in_the_call(pair: Any, pieces: tuple[bytes, ...]) -> None:
    transport, far = pair
    send(transport, pieces)
    assert unsent(transport) == 0
    assert read(far, len(b"".join(pieces))) == b"".join(pieces)


@pytest.mark.parametrize("pieces", [(b"x" * HUGE,), (b"head", b"x" * HUGE)], ids=["one", "large"])
def test_what_the_kernel_does_not_take_waits_in_the_transport(pair: Any, pieces: tuple[bytes, ...]) -> None:
    transport, far = pair
    send(transport, pieces)
    assert 0 < unsent(transport) < HUGE
    assert transport in transport.reactor.writers
    send(transport, (b"behind",))
    send(transport, (b"\x82", b"y" * LARGE))
    whole = b"".join(pieces) + b"behind\x82" + b"y" * LARGE
    assert drain(transport, far, len(whole)) == whole


@pytest.mark.parametrize("pieces", [(b"abc",), (b"head", b"x" * LARGE)], ids=["small", "large"])
def test_a_lost_connection_is_left_to_the_transport(pair: Any, pieces: tuple[bytes, ...]) -> None:
    transport, _ = pair
    transport.socket.shutdown(socket.SHUT_WR)
    send(transport, pieces)
    assert unsent(transport) == len(b"".join(pieces))


PIECES = pytest.mark.parametrize("pieces", [(b"abc",), (b"head", b"x" * LARGE)], ids=["small", "large"])


@PIECES
def test_after_the_end_of_a_connection_nothing_is_sent_and_nothing_fails(pair: Any, pieces: tuple[bytes, ...]) -> None:
    transport, _ = pair
    transport.protocol = Protocol()
    transport.connectionLost(Failure(ConnectionDone()))
    assert not hasattr(transport, "socket")
    send(transport, pieces)
    assert unsent(transport) == 0


@PIECES
def test_what_comes_after_an_abort_is_not_sent(pair: Any, pieces: tuple[bytes, ...]) -> None:
    transport, far = pair
    send(transport, (b"before",))
    transport.abortConnection()
    send(transport, pieces)
    transport.socket.shutdown(socket.SHUT_WR)
    assert read(far, -1) == b"before"


def test_plain_tcp_is_direct(pair: Any) -> None:
    assert is_direct(pair[0])


def test_tls_a_local_socket_and_a_transport_in_memory_are_not() -> None:
    near, far = socket.socketpair()
    with near, far:
        assert not is_direct(LocalServer(near, StringTransport(), None, None, 1, MemoryReactorClock()))
    assert not is_direct(StringTransport())


def test_tcp_that_has_turned_to_tls_is_not(pair: Any) -> None:
    pair[0].TLS = True
    assert not is_direct(pair[0])


class Roomy:
    """A transport that can read much at one go."""

    wanted_bytes = 0


def test_a_transport_that_can_read_much_is_told_what_is_to_come() -> None:
    transport = Roomy()
    want_bytes(transport, 1_000_000)
    assert transport.wanted_bytes == 1_000_000
    want_bytes(StringTransport(), 1_000_000)


@pytest.mark.parametrize("name", PlainTransport.__annotations__)
def test_a_name_that_is_declared_of_twisted_is_there(pair: Any, name: str) -> None:
    """The canary."""
    assert hasattr(pair[0], name)


def test_what_is_written_waits_in_these_two(pair: Any) -> None:
    transport, _ = pair
    transport.write(b"first")
    assert (transport.dataBuffer, transport._tempDataBuffer) == (b"", [b"first"])
    transport.doWrite()
    assert (transport.dataBuffer, transport._tempDataBuffer) == (b"", [])
