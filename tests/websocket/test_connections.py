"""The connections of a server: who is counted as open."""

from __future__ import annotations

from typing import Any

from echod.websocket.connections import Connections
from tests.pair import MemoryNet


def test_open_connections_are_counted(net: MemoryNet) -> None:
    peers = [net.open("/echo"), net.open("/multi-echo"), net.open("/simple-echo")]
    assert len(net.server.connections) == 3

    peers[0].vanish()

    assert len(net.server.connections) == 2


def test_who_has_not_finished_the_handshake_is_not_counted(net: MemoryNet) -> None:
    net.raw().send(b"GET /echo HTTP/1.1\r\n")

    assert len(net.server.connections) == 0


def test_to_leave_twice_changes_nothing(net: MemoryNet) -> None:
    net.open("/echo")
    [protocol] = net.server.connections.all()

    net.server.connections.leave(protocol)
    net.server.connections.leave(protocol)

    assert len(net.server.connections) == 0
    net.server.connections.join(protocol)


def test_the_list_of_them_is_not_changed_by_those_who_leave(net: MemoryNet) -> None:
    peers = [net.open("/echo"), net.open("/echo")]
    listed = net.server.connections.all()

    peers[0].vanish()

    assert len(listed) == 2
    assert len(net.server.connections) == 1


def test_connections_are_told_in_the_order_in_which_they_came() -> None:
    connections = Connections()
    protocols = [object() for _ in range(100)]
    for protocol in protocols:
        connections.join(protocol)

    assert connections.all() == protocols


def test_the_factory_counts_its_connections_from_the_beginning_to_the_end(net: MemoryNet) -> None:
    """Autobahn's own count, which its programs read."""
    factory: Any = net.server.endpoints.find("/echo").factory  # type: ignore[union-attr]
    peer = net.open("/echo")
    assert factory.getConnectionCount() == 1
    peer.vanish()
    assert factory.getConnectionCount() == 0


def test_the_last_that_leaves_is_told(net: MemoryNet) -> None:
    done: list[None] = []
    net.server.connections.when_empty().addCallback(done.append)
    peer = net.open("/echo")
    net.server.connections.when_empty().addCallback(done.append)
    assert done == [None]

    peer.vanish()

    assert done == [None, None]
