"""What counts as progress of a peer, over TCP and local sockets: the kernel is asked, and these are real sockets."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from typing import Any

import pytest
from twisted.internet.protocol import Protocol
from twisted.internet.tcp import Connection
from twisted.internet.testing import MemoryReactorClock, StringTransport

from echod.transport import kernel as progress
from echod.transport.kernel import (
    SocketTransport,
    has_progress,
    is_broken,
    limit_buffer,
    taken_from,
    unread_at_peer,
    unread_of,
)
from tests.stub_transport import LocalSocketPair, StubTransport, Wrapped


@pytest.fixture
def line() -> Iterator[LocalSocketPair]:
    with closing(LocalSocketPair()) as line:
        yield line


@pytest.fixture(params=["127.0.0.1", "::1"])
def tcp(request: pytest.FixtureRequest) -> Iterator[tuple[socket.socket, socket.socket]]:
    """Both ends of a connection on this host."""
    family = socket.AF_INET6 if ":" in request.param else socket.AF_INET
    with ExitStack() as stack:
        server = stack.enter_context(socket.create_server((request.param, 0), family=family))
        near = stack.enter_context(socket.create_connection(server.getsockname()[:2]))
        yield near, stack.enter_context(server.accept()[0])


@pytest.mark.parametrize("name", SocketTransport.__annotations__)
def test_a_name_that_is_declared_of_twisted_is_there(tcp: tuple[socket.socket, socket.socket], name: str) -> None:
    """The canary."""
    assert hasattr(Connection(tcp[0], Protocol(), MemoryReactorClock()), name)


def test_what_a_local_peer_has_not_read_is_known(line: LocalSocketPair) -> None:
    before = unread_of(line.near)

    line.read()
    line.read()

    assert before > 0
    assert unread_of(line.near) == 0


@pytest.mark.parametrize(
    "wrap",
    [lambda stub_transport: stub_transport, lambda stub_transport: Wrapped(Wrapped(stub_transport))],
    ids=["bare", "wrapped"],
)
def test_on_a_local_socket_reading_is_progress(line: LocalSocketPair, wrap: Callable[[Any], Any]) -> None:
    transport = wrap(line.stub_transport)
    before = taken_from(transport)

    line.read()

    assert has_progress(before, taken_from(transport))


def test_on_a_local_socket_the_next_piece_in_the_place_of_one_that_was_read_is_progress(line: LocalSocketPair) -> None:
    line.stub_transport.dataBuffer = bytes(5000)
    before = taken_from(line.stub_transport)

    line.read()
    line.stub_transport.offset = line.near.send(bytes(1000))

    assert unread_of(line.near) == -before[0]
    assert has_progress(before, taken_from(line.stub_transport))


def test_what_is_written_meanwhile_is_no_progress(line: LocalSocketPair) -> None:
    before = taken_from(line.stub_transport)

    line.stub_transport._tempDataLen = 2

    assert not has_progress(before, taken_from(line.stub_transport))


def test_over_tcp_what_is_acknowledged_is_progress(tcp: tuple[socket.socket, socket.socket]) -> None:
    near, far = tcp
    before = taken_from(StubTransport(near))
    near.sendall(bytes(1000))
    assert far.recv(1000, socket.MSG_WAITALL) == bytes(1000)
    far.sendall(b"x")
    # What comes back carries the acknowledgement.
    assert near.recv(1) == b"x"

    assert taken_from(StubTransport(near))[0] - before[0] == 1000


def test_over_tcp_what_a_peer_on_this_host_reads_is_progress(tcp: tuple[socket.socket, socket.socket]) -> None:
    near, far = tcp
    near.sendall(bytes(1000))
    assert far.recv(1) == b"\0"
    before = taken_from(StubTransport(near))

    assert far.recv(1) == b"\0"

    assert unread_at_peer(near) == 998
    assert has_progress(before, taken_from(StubTransport(near)))


def test_a_connection_is_broken_when_its_peer_has_reset_it(tcp: tuple[socket.socket, socket.socket]) -> None:
    near, far = tcp
    assert not is_broken(StubTransport(near))
    far.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
    far.close()
    assert is_broken(StubTransport(near))


def test_a_connection_is_broken_when_its_peer_is_gone_and_not_when_it_says_nothing_more(
    tcp: tuple[socket.socket, socket.socket],
) -> None:
    near, far = tcp
    far.shutdown(socket.SHUT_WR)
    near.sendall(b"x")
    assert not is_broken(StubTransport(near))
    assert far.recv(1) == b"x"
    far.close()
    near.sendall(b"x")
    assert is_broken(StubTransport(near))


def test_a_connection_in_memory_is_never_broken() -> None:
    assert not is_broken(StringTransport())


def test_a_peer_that_is_gone_has_nothing_unread(tcp: tuple[socket.socket, socket.socket]) -> None:
    near, far = tcp
    near.sendall(bytes(1000))

    far.close()

    assert unread_at_peer(near) == 0


def test_of_a_peer_on_another_host_nothing_is_known(
    tcp: tuple[socket.socket, socket.socket], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The kernel knows of no such socket; here because it is asked for this end's, with the ends exchanged twice."""
    near, far = tcp
    near.sendall(bytes(1000))
    request = progress.diag_request(near)
    monkeypatch.setattr(progress, "diag_request", lambda _: request.replace(request[24:26], b"\0\1"))

    assert unread_at_peer(near) == 0
    assert far.recv(1000, socket.MSG_WAITALL) == bytes(1000)


def test_where_the_kernel_cannot_be_asked_nothing_is_unread(
    tcp: tuple[socket.socket, socket.socket], monkeypatch: pytest.MonkeyPatch
) -> None:
    near, _ = tcp
    near.sendall(bytes(1000))
    monkeypatch.setattr(progress, "NETLINK_SOCK_DIAG", 77)

    assert unread_at_peer(near) == 0


@pytest.mark.parametrize("transport", [StringTransport(), StubTransport(None), StubTransport("a pipe"), object()])
def test_where_nothing_can_tell_there_is_no_progress(transport: Any) -> None:
    assert taken_from(transport) == ()


def test_the_mark_of_the_buffer_is_set_on_the_socket(line: LocalSocketPair) -> None:
    stub_transport: Any = line.stub_transport

    limit_buffer(Wrapped(Wrapped(stub_transport)), 1234)

    assert stub_transport.bufferSize == 1234


@pytest.mark.parametrize(("waiting", "is_full"), [(100_000, False), (100_001, True)])
def test_a_large_mark_lets_replies_wait_but_not_larger_pieces_be_read(
    line: LocalSocketPair, waiting: int, is_full: bool
) -> None:
    stub_transport: Any = line.stub_transport
    limit_buffer(stub_transport, 100_000)

    stub_transport.dataBuffer, stub_transport.offset, stub_transport._tempDataLen = (
        bytes(50_000),
        10_000,
        waiting - 40_000,
    )

    assert stub_transport.bufferSize == 65536
    assert stub_transport._isSendBufferFull() is is_full
