"""Pings of a contract: the round trip, or the news that there will be none."""

from __future__ import annotations

import os
from typing import Any

import pytest
from twisted.internet.defer import CancelledError

from echod.api.contract import MOST_PINGS
from echod.errors import ConnectionClosed
from tests.pair import PING, PONG, Journal, MemoryNet, RawPeer, masked, plain, unframe, welcome

BYE = b"\x88\x85\0\0\0\0\x03\xe8bye"


@pytest.fixture
def journal(net: MemoryNet) -> Journal:
    journal = Journal()
    net.publish("/p", **journal.callbacks)
    return journal


@pytest.fixture
def peer(net: MemoryNet, journal: Journal) -> RawPeer:
    """The client of an open connection."""
    assert journal.lines == []
    return net.open("/p")


def ping(net: MemoryNet, journal: Journal, peer: RawPeer) -> tuple[bytes, list[Any]]:
    """The payload of the ping that goes out, and where its result will be."""
    results: list[Any] = []
    journal.contract.ping().addBoth(results.append)
    net.settle()
    frames = unframe(peer.take())
    return (frames[-1][1] if frames else b""), results


def test_a_ping_gives_the_seconds_until_its_pong(net: MemoryNet, journal: Journal, peer: RawPeer) -> None:
    payload, results = ping(net, journal, peer)
    net.wait(1.5)
    assert results == []

    peer.send(masked(PONG, payload))

    assert results == [1.5]


def test_pings_are_told_apart(net: MemoryNet, journal: Journal, peer: RawPeer) -> None:
    first, first_results = ping(net, journal, peer)
    net.wait(1)
    second, second_results = ping(net, journal, peer)
    assert first != second
    net.wait(1)

    peer.send(masked(PONG, first))
    net.wait(1)
    peer.send(masked(PONG, second))

    assert (first_results, second_results) == ([2.0], [2.0])


def test_the_pong_of_the_latest_answers_all_before_it(net: MemoryNet, journal: Journal, peer: RawPeer) -> None:
    _, first_results = ping(net, journal, peer)
    net.wait(1)
    second, second_results = ping(net, journal, peer)
    net.wait(1)
    third, third_results = ping(net, journal, peer)

    peer.send(masked(PONG, second))
    assert (first_results, second_results, third_results) == ([2.0], [1.0], [])
    peer.send(masked(PONG, third))

    assert third_results == [0.0]


def test_the_pong_of_a_ping_of_the_connection_answers_ours_before_it(
    net: MemoryNet, journal: Journal, peer: RawPeer
) -> None:
    _, results = ping(net, journal, peer)
    net.wait(20)
    [(_, automatic)] = unframe(peer.take())

    peer.send(masked(PONG, automatic))

    assert results == [20.0]


def test_a_ping_of_a_client_is_answered_by_the_pong_of_a_later_one_too(net: MemoryNet) -> None:
    server, results = RawPeer(), []
    opening = net.connect(far_end=lambda: server)
    welcome(server)
    opening.contract.ping().addCallback(results.append)
    net.wait(20)
    [_, (_, automatic)] = unframe(server.take())

    server.send(plain(PONG, automatic))

    assert results == [20.0]


def test_a_ping_may_be_given_up(net: MemoryNet, journal: Journal, peer: RawPeer) -> None:
    results: list[Any] = []
    pinging = journal.contract.ping().addBoth(results.append)
    net.settle()
    [(_, payload)] = unframe(peer.take())

    pinging.cancel()
    peer.send(masked(PONG, payload))
    peer.vanish()

    [failure] = results
    assert failure.check(CancelledError)


def test_pings_that_nobody_answers_do_not_pile_up(journal: Journal, peer: RawPeer) -> None:
    gone: list[int] = []
    for number in range(MOST_PINGS + 2):
        journal.contract.ping().addErrback(lambda _, number=number: gone.append(number))
        assert len(gone) == max(0, number + 1 - MOST_PINGS)

    assert gone == [0, 1]
    peer.vanish()
    assert gone == list(range(MOST_PINGS + 2))


def test_pings_of_the_connection_do_not_pile_up_either(net: MemoryNet, journal: Journal, peer: RawPeer) -> None:
    _, results = ping(net, journal, peer)

    for _ in range(MOST_PINGS):
        journal.contract._connection.sendPing(os.urandom(8))

    [failure] = results
    assert failure.check(CancelledError)
    peer.vanish()


@pytest.mark.parametrize("payload", [b"", b"unasked"])
def test_another_pong_is_no_answer(net: MemoryNet, journal: Journal, peer: RawPeer, payload: bytes) -> None:
    _, results = ping(net, journal, peer)

    peer.send(masked(PONG, payload))

    assert results == []
    peer.vanish()


def test_a_second_pong_changes_nothing(net: MemoryNet, journal: Journal, peer: RawPeer) -> None:
    payload, results = ping(net, journal, peer)

    peer.send(masked(PONG, payload), masked(PONG, payload))

    assert results == [0.0]


def test_a_ping_fails_when_the_connection_ends(net: MemoryNet, journal: Journal, peer: RawPeer) -> None:
    _, results = ping(net, journal, peer)

    peer.send(BYE)

    [failure] = results
    assert failure.check(ConnectionClosed)
    assert (failure.value.code, failure.value.reason) == (1000, "bye")


def test_a_ping_fails_at_once_when_the_connection_is_closed(net: MemoryNet, journal: Journal, peer: RawPeer) -> None:
    peer.vanish()

    payload, [failure] = ping(net, journal, peer)

    assert payload == b""
    assert failure.check(ConnectionClosed)
    assert failure.value.code == 1006


def test_a_client_pings_too(net: MemoryNet) -> None:
    contract, results = net.connect("/echo").contract, []

    contract.ping().addCallback(results.append)
    net.settle()

    assert results == [0.0]


def test_our_pings_and_those_of_the_connection_do_not_mix(net: MemoryNet, journal: Journal, peer: RawPeer) -> None:
    net.wait(20)
    [(first, automatic)] = unframe(peer.take())
    payload, results = ping(net, journal, peer)

    peer.send(masked(PONG, automatic), masked(PONG, payload))

    assert first == PING
    assert results == [0.0]
    assert not peer.lost
