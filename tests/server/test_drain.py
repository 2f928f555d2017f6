"""How a server in use ends: everybody gets what is owed and Close 1001, spread over time; who stays is cut."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from twisted.internet.defer import Deferred
from twisted.internet.endpoints import TCP4ServerEndpoint

from echod.settings import Limits
from tests.deflate import deflated
from tests.in_memory import Log
from tests.pair import BINARY, PING, TEXT, Journal, MemoryNet, RawPeer, masked, request, unframe

GOING_AWAY = b"\x88\x02\x03\xe9"
BYE = b"\x88\x82\0\0\0\0\x03\xe9"


@pytest.fixture
def prompt(make_net: Callable[..., MemoryNet]) -> MemoryNet:
    """A server that sends everybody off in the same moment, and cuts after ten seconds."""
    return make_net(limits=Limits(drain_spread_s=0, drain_timeout_s=10, ping_interval_s=0))


def drained(log: Log) -> list[str]:
    """What the log says of drains."""
    return [line for line in log.lines("echod") if line.startswith("echod drained")]


def stuck(net: MemoryNet) -> RawPeer:
    """A client that does not read, with replies that wait for it."""
    peer = net.open("/echo")
    peer.transport.pauseProducing()
    peer.send(masked(BINARY, bytes(1000)))
    return peer


def test_everyone_is_sent_off_with_1001(prompt: MemoryNet) -> None:
    peers = [prompt.open("/echo"), prompt.open("/multi-echo"), prompt.open("/simple-echo")]

    prompt.shut_down()

    assert [peer.take() for peer in peers] == [GOING_AWAY] * 3


def test_it_is_done_when_the_last_is_gone(prompt: MemoryNet) -> None:
    peers = [prompt.open("/echo"), prompt.open("/echo")]
    done = prompt.shut_down()

    peers[0].send(BYE)
    assert done == []
    peers[1].send(BYE)

    assert done == [None]
    assert prompt.server.ports == []
    assert prompt.clock.getDelayedCalls() == []


def test_without_connections_it_is_done_at_once(net: MemoryNet, log: Log) -> None:
    assert net.shut_down() == [None]

    assert drained(log) == ["echod drained: aborted 0 connections"]


def test_what_was_read_before_is_answered_before_the_close(prompt: MemoryNet) -> None:
    peer = prompt.open("/echo")
    peer.transport.pauseProducing()
    peer.send(masked(TEXT, b"owed"))
    prompt.shut_down()

    peer.transport.resumeProducing()
    prompt.settle()

    assert peer.take() == b"\x81\x04owed" + GOING_AWAY


def test_the_closes_are_spread_over_time(make_net: Callable[..., MemoryNet]) -> None:
    net = make_net(limits=Limits(drain_spread_s=1, drain_timeout_s=10))
    peers = [net.open("/echo") for _ in range(40)]
    net.shut_down()

    counts = []
    for _ in range(5):
        counts.append(sum(peer.received == GOING_AWAY for peer in peers))
        net.wait(0.25)

    assert counts[0] == 2
    assert counts == sorted(counts)
    assert len(set(counts)) >= 4
    assert counts[4] == 40


def test_everyone_is_sent_off_before_a_deadline_that_is_shorter_than_the_spread(
    make_net: Callable[..., MemoryNet],
) -> None:
    net = make_net(limits=Limits(drain_spread_s=3, drain_timeout_s=1))
    peers = [net.open("/echo") for _ in range(60)]
    net.shut_down()

    for _ in range(10):
        net.wait(0.1)

    assert [peer.received for peer in peers] == [GOING_AWAY] * 60


def test_few_clients_are_sent_off_one_by_one(net: MemoryNet) -> None:
    peers = [net.open("/echo"), net.open("/echo")]
    net.shut_down()

    assert sorted(peer.received for peer in peers) == [b"", GOING_AWAY]
    net.wait(0.05)

    assert [peer.received for peer in peers] == [GOING_AWAY] * 2


def test_who_does_not_answer_the_close_is_dropped_after_the_close_timeout(prompt: MemoryNet, log: Log) -> None:
    peer = prompt.open("/echo")
    done = prompt.shut_down()

    prompt.wait(5)

    assert done == [None]
    assert peer.lost
    assert drained(log) == ["echod drained: aborted 0 connections; refused or closed since start: close timeout ×1"]


def test_who_reads_slowly_gets_everything_before_the_deadline(
    prompt: MemoryNet, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It has eight seconds here, though a closing handshake has five: it takes something every second."""
    taken = iter(range(100))
    monkeypatch.setattr("echod.flow.stall_timeout.taken_from", lambda _: (next(taken),))
    peer = stuck(prompt)
    prompt.shut_down()

    for _ in range(8):
        prompt.wait(1)
    peer.transport.resumeProducing()
    prompt.settle()

    assert unframe(peer.take()) == [(BINARY, bytes(1000)), (0x88, b"\x03\xe9")]


def test_who_is_left_at_the_deadline_is_cut_and_counted(make_net: Callable[..., MemoryNet], log: Log) -> None:
    net = make_net(limits=Limits(drain_spread_s=0, drain_timeout_s=3, ping_interval_s=0))
    peers = [stuck(net), stuck(net)]
    done = net.shut_down()
    net.wait(2.9)
    assert done == []

    net.wait(0.1)

    assert done == [None]
    assert [peer.lost for peer in peers] == [True, True]
    assert drained(log) == ["echod drained: aborted 2 connections"]


def test_a_second_order_cuts_at_once(prompt: MemoryNet, log: Log) -> None:
    peer = stuck(prompt)
    done = prompt.shut_down()

    prompt.server.abort()
    prompt.settle()

    assert done == [None]
    assert peer.lost
    assert drained(log) == ["echod drained: aborted 1 connections"]


def test_each_drain_counts_for_itself(prompt: MemoryNet, log: Log) -> None:
    stuck(prompt)
    prompt.shut_down()
    prompt.server.abort()
    prompt.settle()
    Deferred.fromCoroutine(prompt.server.listen(TCP4ServerEndpoint(prompt.clock, 9001)))

    prompt.shut_down()

    assert drained(log)[-1] == "echod drained: aborted 0 connections"


def test_who_has_said_nothing_is_closed_without_a_word(prompt: MemoryNet) -> None:
    peer = prompt.raw()

    done = prompt.shut_down()

    assert peer.take() == b""
    assert (peer.lost, done) == (True, [None])


def test_a_head_in_progress_gets_503(prompt: MemoryNet) -> None:
    peer = prompt.raw()
    peer.send(request("/echo")[:-1])

    done = prompt.shut_down()

    assert peer.take().startswith(b"HTTP/1.1 503 Service Unavailable\r\nServer: echod\r\nRetry-After: 1\r\n")
    assert (peer.lost, done) == (True, [None])


def test_a_newcomer_gets_503(prompt: MemoryNet) -> None:
    prompt.open("/echo")
    prompt.shut_down()

    newcomer = prompt.raw()
    prompt.settle()

    assert newcomer.take().startswith(b"HTTP/1.1 503 ")
    assert newcomer.lost


def test_who_was_refused_already_is_not_answered_twice(prompt: MemoryNet) -> None:
    peer = prompt.raw()
    peer.keeps_open = True
    peer.send(b"GET /\r\n\r\n")
    assert peer.take().startswith(b"HTTP/1.1 400 ")

    done = prompt.shut_down()
    assert (peer.take(), done) == (b"", [])
    prompt.wait(5)

    assert (peer.lost, done) == (True, [None])


def test_a_server_that_listens_again_takes_newcomers_in(prompt: MemoryNet) -> None:
    assert prompt.shut_down() == [None]

    Deferred.fromCoroutine(prompt.server.listen(TCP4ServerEndpoint(prompt.clock, 9001)))

    assert prompt.open("/echo").ask(masked(TEXT, b"x")) == b"\x81\x01x"


def test_a_client_whose_admission_is_still_decided_is_sent_off_before_the_deadline(prompt: MemoryNet) -> None:
    verdict: Deferred[Any] = Deferred()
    journal = Journal()
    prompt.publish("/p", authorize=lambda _: verdict, **journal.callbacks)
    peer = prompt.raw()
    peer.send(request("/p") + masked(TEXT, b"x"))
    done = prompt.shut_down()
    assert peer.take().startswith(b"HTTP/1.1 503 ")
    assert (peer.lost, done) == (True, [None])

    verdict.callback(True)
    prompt.settle()

    assert journal.lines == []


def test_a_client_cannot_put_off_the_end_by_going_on_behind_our_close(
    prompt: MemoryNet, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("echod.websocket.time_slices.SLICE_S", -1.0)
    peer = prompt.open("/echo")
    prompt.shut_down()
    peer.send(masked(PING) * 3)
    for _ in range(4):
        prompt.wait(0)
    prompt.wait(5)
    assert peer.lost
    assert prompt.server.counters.counts() == {"close timeout": 1}


def test_to_shut_down_twice_cuts_nobody_who_comes_later(prompt: MemoryNet) -> None:
    peer = prompt.open("/echo")
    first, second = prompt.shut_down(), prompt.shut_down()
    peer.send(BYE)
    assert (first, second) == ([None], [None])
    assert prompt.clock.getDelayedCalls() == []


def test_a_long_train_is_answered_to_its_end_before_the_close(
    prompt: MemoryNet, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("echod.websocket.time_slices.SLICE_S", -1.0)
    peer = prompt.open("/echo")
    peer.transport.arrive(masked(TEXT, b"a") * 20)

    prompt.shut_down()

    assert unframe(peer.take()) == [(TEXT, b"a")] * 20 + [(0x88, b"\x03\xe9")]


def test_the_end_is_told_to_everyone_who_waits_for_it(net: MemoryNet) -> None:
    peer = net.open("/echo")
    told: list[None] = []
    for _ in range(3):
        net.server.admission.when_empty().addCallback(told.append)
    assert told == []

    peer.vanish()

    assert told == [None, None, None]
    net.server.admission.when_empty().addCallback(told.append)
    assert len(told) == 4


def test_who_takes_nothing_is_not_waited_for_though_it_was_sent_more(prompt: MemoryNet) -> None:
    """What was read and not worked on waits for room here."""
    peer = prompt.open("/echo", "Sec-WebSocket-Extensions: permessage-deflate")
    peer.transport.pauseProducing()
    peer.transport.arrive(masked(0xC2, deflated(bytes(200_000)), b"\0\0\0\0") * 5)
    done = prompt.shut_down()

    prompt.wait(5)

    assert done == [None]
    assert peer.lost
