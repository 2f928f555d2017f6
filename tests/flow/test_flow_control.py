"""Back-pressure: who does not read its replies is not read from, and reasons to stop reading add up."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from twisted.internet.interfaces import IPushProducer
from zope.interface.verify import verifyObject

from tests.pair import BINARY, MemoryNet, RawPeer, masked, request, unframe, welcome

CHUNK = masked(BINARY, bytes(50_000), b"\0\0\0\0")


@pytest.fixture
def peer(net: MemoryNet) -> RawPeer:
    """A client of the echo."""
    return net.open("/echo")


@pytest.fixture
def flow(net: MemoryNet, peer: RawPeer) -> Any:
    """The flow of the server's end."""
    assert not peer.lost
    [protocol] = net.server.connections._open
    return protocol.guard.flow


def is_read(peer: RawPeer) -> bool:
    """Whether the other end reads from this peer."""
    return not peer.transport.far.paused


def test_it_is_the_producer_of_the_transport_once_open(peer: RawPeer, flow: Any) -> None:
    assert peer.transport.far.producer is flow
    assert peer.transport.far.streamingProducer
    assert verifyObject(IPushProducer, flow)


def test_it_is_no_producer_before(net: MemoryNet) -> None:
    peer = net.raw()

    peer.send(request("/echo")[:-1])

    assert peer.transport.far.producer is None


def test_the_flow_of_a_client_is_its_producer_once_open(net: MemoryNet) -> None:
    server = RawPeer()
    net.connect(far_end=lambda: server)
    assert server.transport.far.producer is None

    welcome(server)

    assert verifyObject(IPushProducer, server.transport.far.producer)


def test_who_does_not_read_its_replies_is_not_read_from(peer: RawPeer) -> None:
    peer.transport.pauseProducing()

    peer.send(CHUNK)
    assert is_read(peer)
    peer.send(CHUNK)

    assert not is_read(peer)


def test_unread_replies_take_no_more_memory_than_the_mark_and_a_message(peer: RawPeer) -> None:
    peer.transport.pauseProducing()

    peer.send(*[CHUNK] * 100)

    assert sum(map(len, peer.transport.far.stream)) < 150_000


def test_who_reads_again_gets_everything(net: MemoryNet, peer: RawPeer) -> None:
    peer.transport.pauseProducing()
    peer.send(*[CHUNK] * 10)

    peer.transport.resumeProducing()
    net.settle()

    assert unframe(peer.take()) == [(BINARY, bytes(50_000))] * 10
    assert is_read(peer)


def test_our_client_is_paused_by_a_server_that_does_not_read(net: MemoryNet) -> None:
    server = RawPeer()
    opening = net.connect(far_end=lambda: server)
    welcome(server)
    server.transport.pauseProducing()

    opening.contract.send(bytes(100_000))
    assert not is_read(server)
    server.transport.resumeProducing()
    net.settle()

    assert is_read(server)


@pytest.mark.parametrize("reasons", [["a"], ["a", "b"], ["a", "b", "c"]])
def test_reading_goes_on_when_the_last_reason_is_gone(peer: RawPeer, flow: Any, reasons: list[str]) -> None:
    for reason in reasons:
        flow.hold(reason)

    for reason in reasons:
        assert not is_read(peer)
        flow.release(reason)

    assert is_read(peer)


def test_to_hold_twice_is_to_hold_once(peer: RawPeer, flow: Any) -> None:
    flow.hold("a")
    flow.hold("a")

    flow.release("a")

    assert is_read(peer)


def test_to_release_what_was_not_held_changes_nothing(peer: RawPeer, flow: Any) -> None:
    flow.hold("a")

    flow.release("b")
    assert not is_read(peer)
    flow.release("a")
    flow.release("a")

    assert is_read(peer)


@pytest.mark.parametrize("verb", ["hold", "release"])
def test_the_transport_is_told_once(peer: RawPeer, flow: Any, verb: str) -> None:
    told: list[str] = []
    wire: Any = peer.transport.far
    wire.pauseProducing = lambda: told.append("pause")
    wire.resumeProducing = lambda: told.append("resume")

    flow.hold("a")
    flow.hold("b")
    flow.hold("a")
    if verb == "release":
        flow.release("a")
        flow.release("b")
        flow.release("b")

    assert told == ["pause"] + ["resume"] * (verb == "release")


def test_unread_replies_are_a_reason_beside_others(peer: RawPeer, flow: Any) -> None:
    flow.hold("a")
    flow.pauseProducing()

    flow.resumeProducing()
    assert not is_read(peer)
    flow.release("a")

    assert is_read(peer)


@pytest.mark.parametrize("leave", [RawPeer.vanish, RawPeer.hang_up])
def test_a_peer_may_leave_while_it_is_not_read_from(
    net: MemoryNet, peer: RawPeer, leave: Callable[[RawPeer], None]
) -> None:
    peer.transport.pauseProducing()
    peer.send(CHUNK, CHUNK, CHUNK)

    leave(peer)

    assert len(net.server.connections) == 0
