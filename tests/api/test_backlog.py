"""What is sent and not gone yet: counted, waited for, and told when it never goes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from twisted.internet.defer import CancelledError

from echod.errors import ConnectionClosed
from tests.pair import CLOSE, TEXT, Journal, MemoryNet, RawPeer, masked, welcome

HALF_MARK = 32 * 1024


@pytest.fixture
def journal(net: MemoryNet) -> Journal:
    journal = Journal()
    net.publish("/p", **journal.callbacks, behaviours=True)
    return journal


def open_deaf(net: MemoryNet, path: str = "/p") -> RawPeer:
    """A client that reads nothing until it is told to."""
    peer = net.open(path)
    peer.transport.pauseProducing()
    return peer


def read_on(net: MemoryNet, peer: RawPeer) -> None:
    peer.transport.resumeProducing()
    net.settle()
    net.wait(0.1)


def wait_for(journal: Journal) -> list[Any]:
    """Where the end of `drained` will be."""
    results: list[Any] = []
    journal.contract.drained().addBoth(results.append)
    return results


def test_with_nothing_unsent_there_is_nothing_to_wait_for(net: MemoryNet, journal: Journal) -> None:
    net.open("/p")
    assert journal.contract.unsent_bytes == 0
    assert wait_for(journal) == [None]


def test_what_a_peer_does_not_read_is_counted_and_waited_for(net: MemoryNet, journal: Journal) -> None:
    peer = open_deaf(net)
    journal.contract.send(bytes(100_000))
    results = wait_for(journal)
    net.wait(1)
    assert (journal.contract.unsent_bytes, results) == (100_010, [])

    read_on(net, peer)

    assert (journal.contract.unsent_bytes, results) == (0, [None])


def test_a_few_bytes_are_waited_for_as_well(net: MemoryNet, journal: Journal) -> None:
    peer = open_deaf(net)
    journal.contract.send("x")
    results = wait_for(journal)
    net.wait(1)
    assert (journal.contract.unsent_bytes, results) == (3, [])

    read_on(net, peer)

    assert results == [None]


def test_replies_of_the_chunk_are_unsent(net: MemoryNet) -> None:
    counts: list[int] = []

    def reply(contract: Any, data: str, _ext: None) -> None:
        contract.send(data)
        counts.append(contract.unsent_bytes)

    net.publish("/p", on_message=reply)
    net.open("/p").send(masked(TEXT, b"1") + masked(TEXT, b"2"))

    assert counts == [3, 6]


@pytest.mark.parametrize("query", ["delay=1s", "rate=20"])
def test_a_reply_that_a_behaviour_keeps_is_unsent(net: MemoryNet, query: str) -> None:
    contracts: list[Any] = []
    net.publish(
        "/p", on_open=contracts.append, on_message=lambda contract, data, _: contract.send(data), behaviours=True
    )
    peer = net.open(f"/p?{query}")
    results: list[Any] = []

    peer.send(masked(TEXT, b"x" * 30))
    contracts[0].drained().addBoth(results.append)
    net.wait(0.9)
    assert contracts[0].unsent_bytes > 0
    assert results == []

    for _ in range(30):
        net.wait(0.1)
    assert (contracts[0].unsent_bytes, results) == (0, [None])


def test_who_waits_is_told_when_the_connection_is_lost_first(net: MemoryNet, journal: Journal) -> None:
    peer = open_deaf(net)
    journal.contract.send("x")
    results = wait_for(journal)

    peer.vanish()

    [failure] = results
    assert failure.check(ConnectionClosed)
    assert failure.value.code == 1006


def test_a_closing_handshake_has_sent_everything_before(net: MemoryNet, journal: Journal) -> None:
    peer = open_deaf(net)
    journal.contract.send("x")
    results = wait_for(journal)
    journal.contract.close()

    peer.transport.resumeProducing()
    net.settle()
    assert peer.take() == b"\x81\x01x\x88\x02\x03\xe8"
    peer.send(masked(CLOSE, b"\x03\xe8"))

    assert results == [None]


def test_on_a_closed_connection_there_is_nothing_to_wait_for(net: MemoryNet, journal: Journal) -> None:
    net.open("/p").vanish()

    [failure] = wait_for(journal)

    assert failure.check(ConnectionClosed)
    assert journal.contract.unsent_bytes == 0


def test_who_waits_may_give_up(net: MemoryNet, journal: Journal) -> None:
    open_deaf(net)
    journal.contract.send("x")
    first, second = journal.contract.drained(), journal.contract.drained()
    results: list[Any] = []
    for waiting in (first, second):
        waiting.addErrback(lambda failure: results.append(failure.type))
        waiting.cancel()

    assert results == [CancelledError] * 2
    assert "_look" not in str(net.clock.getDelayedCalls())


@pytest.mark.parametrize("end", [read_on, lambda _, peer: peer.vanish()])
def test_who_is_told_may_cancel_another_that_waits(
    net: MemoryNet, journal: Journal, end: Callable[[MemoryNet, RawPeer], None]
) -> None:
    peer = open_deaf(net)
    journal.contract.send("x")
    first, second, third = (journal.contract.drained() for _ in range(3))
    first.addBoth(lambda _: second.cancel())
    results: list[Any] = []
    second.addErrback(lambda failure: results.append(failure.type))
    third.addBoth(lambda _: results.append("told"))

    end(net, peer)

    assert results == [CancelledError, "told"]


def test_a_client_counts_too(net: MemoryNet) -> None:
    server = RawPeer()
    opening = net.connect(far_end=lambda: server)
    welcome(server)
    server.transport.pauseProducing()
    opening.contract.send("x")

    assert opening.contract.unsent_bytes == 7
    server.transport.resumeProducing()
    net.settle()
    assert opening.contract.unsent_bytes == 0


class OutsideDoor:
    """As from another thread: `waited` is what it would wait for."""

    def __init__(self) -> None:
        self.waited: list[Any] = []

    def __call__(self, function: Callable[..., Any], /, *args: Any) -> Any:
        result = function(*args)
        if result is not None:
            self.waited.append(result)
        return result

    def is_outside(self) -> bool:
        return True


def test_who_may_wait_does_so_above_the_mark_alone(net: MemoryNet, journal: Journal) -> None:
    peer, door = open_deaf(net), OutsideDoor()
    journal.contract._door = door

    for size in (HALF_MARK, HALF_MARK - 100):
        journal.contract.send(bytes(size))
    assert door.waited == []
    journal.contract.send(bytes(100))

    [waiting] = door.waited
    assert not waiting.called
    read_on(net, peer)
    assert waiting.called


def test_who_waits_to_send_is_told_of_a_loss(net: MemoryNet, journal: Journal) -> None:
    peer, door = open_deaf(net), OutsideDoor()
    journal.contract._door = door
    journal.contract.send(bytes(3 * HALF_MARK))

    peer.vanish()

    [waiting] = door.waited
    waiting.addErrback(lambda failure: failure.trap(ConnectionClosed))
    assert waiting.called
