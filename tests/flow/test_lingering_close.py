"""Who is stuck and how a connection ends: progress counts, not age, over TCP, TLS and local sockets."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing
from typing import Any

import pytest
from twisted.internet.interfaces import ISSLTransport, ITCPTransport
from twisted.internet.task import Clock
from zope.interface import implementer

from echod.counters import Counters
from echod.flow.flow_control import FlowControl
from echod.flow.lingering_close import LingeringClose
from echod.flow.stall_timeout import StallTimeout
from echod.settings import Limits
from tests.pair import BINARY, CLOSE, TEXT, MemoryNet, RawPeer, masked, request, unframe
from tests.stub_transport import LocalSocketPair, StubTransport

BYE = masked(CLOSE, b"\x03\xe8")
CHUNK = masked(BINARY, bytes(100_000), b"\0\0\0\0")


@implementer(ITCPTransport)
class TcpPlug(StubTransport):
    """As TCP."""


@implementer(ITCPTransport, ISSLTransport)
class TlsPlug(StubTransport):
    """As TLS over TCP."""


@pytest.fixture
def line() -> Iterator[LocalSocketPair]:
    with closing(LocalSocketPair()) as line:
        yield line


@pytest.fixture
def clock() -> Clock:
    return Clock()


def test_who_takes_nothing_is_cut_after_the_timeout(line: LocalSocketPair, clock: Clock) -> None:
    watch = StallTimeout(line.stub_transport, clock, 5, Counters())
    watch.start()
    clock.pump([1] * 4)
    assert line.stub_transport.told == []

    clock.advance(1)

    assert line.stub_transport.told == ["abort"]
    assert clock.getDelayedCalls() == []


def test_progress_counts_and_not_age(line: LocalSocketPair, clock: Clock) -> None:
    watch = StallTimeout(line.stub_transport, clock, 5, Counters())
    watch.start()
    for _ in range(2):
        clock.pump([1] * 4)
        line.read()
        clock.advance(1)
    clock.pump([1] * 4)
    assert line.stub_transport.told == []

    clock.advance(1)

    assert line.stub_transport.told == ["abort"]


def test_to_start_again_does_not_begin_anew(line: LocalSocketPair, clock: Clock) -> None:
    watch = StallTimeout(line.stub_transport, clock, 5, Counters())
    watch.start()
    clock.pump([1] * 4)

    watch.start()
    clock.advance(1)

    assert line.stub_transport.told == ["abort"]


def test_a_watch_that_is_stopped_cuts_nobody(line: LocalSocketPair, clock: Clock) -> None:
    watch = StallTimeout(line.stub_transport, clock, 5, Counters())
    watch.start()

    watch.stop()
    watch.stop()
    clock.advance(60)

    assert line.stub_transport.told == []
    assert clock.getDelayedCalls() == []


def test_a_watch_may_be_started_after_it_was_stopped(line: LocalSocketPair, clock: Clock) -> None:
    watch = StallTimeout(line.stub_transport, clock, 5, Counters())
    watch.start()
    clock.pump([1] * 4)
    watch.stop()

    watch.start()
    clock.pump([1] * 4)
    assert line.stub_transport.told == []
    clock.advance(1)

    assert line.stub_transport.told == ["abort"]


def test_a_timeout_of_zero_is_none(line: LocalSocketPair, clock: Clock) -> None:
    StallTimeout(line.stub_transport, clock, 0, Counters()).start()

    assert clock.getDelayedCalls() == []


def test_a_timeout_shorter_than_a_check_is_kept(line: LocalSocketPair, clock: Clock) -> None:
    StallTimeout(line.stub_transport, clock, 0.25, Counters()).start()

    clock.advance(0.25)

    assert line.stub_transport.told == ["abort"]


def test_the_flow_watches_while_the_transport_is_full(line: LocalSocketPair, clock: Clock) -> None:
    flow = FlowControl(line.stub_transport, clock, 20, Counters())
    flow.pauseProducing()
    clock.pump([1] * 10)
    flow.resumeProducing()
    clock.pump([1] * 60)
    assert line.stub_transport.told == ["pause", "resume"]

    flow.pauseProducing()
    clock.pump([1] * 20)

    assert line.stub_transport.told == ["pause", "resume", "pause", "abort"]


def test_a_flow_that_is_stopped_cuts_nobody(line: LocalSocketPair, clock: Clock) -> None:
    flow = FlowControl(line.stub_transport, clock, 20, Counters())
    flow.pauseProducing()

    flow.stopProducing()

    assert clock.getDelayedCalls() == []


def test_a_flow_that_is_held_for_another_reason_is_not_watched(line: LocalSocketPair, clock: Clock) -> None:
    FlowControl(line.stub_transport, clock, 20, Counters()).hold("a")

    assert clock.getDelayedCalls() == []


@pytest.mark.parametrize(
    ("kind", "told"),
    [(TcpPlug, ["resume", "half close"]), (TlsPlug, ["resume", "close"]), (StubTransport, ["resume", "close"])],
    ids=["TCP", "TLS", "local"],
)
def test_an_ending_closes_our_side_and_lets_the_peers_end_be_seen(
    line: LocalSocketPair, clock: Clock, kind: Any, told: list[str]
) -> None:
    stub_transport = kind(line.near)

    LingeringClose(stub_transport, clock, 5, Counters()).start_half_close()
    assert stub_transport.told == told
    clock.pump([1] * 5)

    assert stub_transport.told == [*told, "abort"]


@pytest.mark.parametrize("kind", [TcpPlug, TlsPlug, StubTransport], ids=["TCP", "TLS", "local"])
def test_an_ending_whose_peer_has_closed_closes_all(line: LocalSocketPair, clock: Clock, kind: Any) -> None:
    stub_transport = kind(line.near)

    LingeringClose(stub_transport, clock, 5, Counters()).finish()
    assert stub_transport.told == ["close"]
    clock.pump([1] * 5)

    assert stub_transport.told == ["close", "abort"]


def test_an_ending_that_is_over_cuts_nobody(line: LocalSocketPair, clock: Clock) -> None:
    ending = LingeringClose(line.stub_transport, clock, 5, Counters())
    ending.start_half_close()
    ending.finish()

    ending.stop()
    ending.stop()

    assert clock.getDelayedCalls() == []


def test_an_ending_reads_a_megabyte_and_no_more(line: LocalSocketPair, clock: Clock) -> None:
    ending = LingeringClose(line.stub_transport, clock, 5, Counters())
    ending.start_half_close()
    for _ in range(16):
        ending.drop(bytes(65_536))
    assert "pause" not in line.stub_transport.told

    ending.drop(b"x")
    assert line.stub_transport.told[-1] == "pause"
    clock.pump([1] * 5)

    assert line.stub_transport.told[-1] == "abort"


def test_an_ending_waits_for_a_peer_that_takes_what_is_owed(line: LocalSocketPair, clock: Clock) -> None:
    LingeringClose(line.stub_transport, clock, 5, Counters()).finish()
    clock.pump([1] * 4)
    line.read()
    clock.pump([1] * 5)
    assert "abort" not in line.stub_transport.told

    clock.advance(1)

    assert "abort" in line.stub_transport.told


# From here on: whole connections.


@pytest.fixture
def quick(make_net: Callable[..., MemoryNet]) -> MemoryNet:
    """A server that gives a stuck peer ten seconds, and pings nobody."""
    return make_net(limits=Limits(stall_timeout_s=10, ping_interval_s=0))


def test_who_never_reads_its_replies_is_cut(quick: MemoryNet) -> None:
    peer = quick.open("/echo")
    peer.transport.pauseProducing()
    peer.send(CHUNK, CHUNK)
    quick.wait(9)
    assert not peer.lost

    quick.wait(1)

    assert peer.lost


def test_who_reads_in_time_stays(quick: MemoryNet) -> None:
    peer = quick.open("/echo")
    peer.transport.pauseProducing()
    peer.send(CHUNK, CHUNK)
    quick.wait(9)

    peer.transport.resumeProducing()
    quick.settle()
    quick.wait(60)

    assert unframe(peer.take()) == [(BINARY, bytes(100_000))] * 2
    assert not peer.lost


def test_who_has_nothing_to_read_is_never_stuck(quick: MemoryNet) -> None:
    peer = quick.open("/echo")

    quick.wait(3600)

    assert not peer.lost


def closed_in_half(net: MemoryNet) -> RawPeer:
    """A client that has had its Close answered and leaves its own direction open."""
    peer = net.open("/echo")
    peer.keeps_open = True
    assert peer.ask(BYE) == b"\x88\x02\x03\xe8"
    return peer


def test_after_the_close_our_half_is_closed_and_the_peers_is_waited_for(net: MemoryNet) -> None:
    peer = closed_in_half(net)

    assert (peer.heard_end, peer.lost) == (True, False)


def test_a_peer_that_never_closes_its_half_is_cut(net: MemoryNet) -> None:
    peer = closed_in_half(net)
    net.wait(4)
    assert not peer.lost

    net.wait(1)

    assert peer.lost


def test_a_peer_that_closes_its_half_ends_the_connection(net: MemoryNet) -> None:
    peer = closed_in_half(net)

    peer.half_close()

    assert peer.lost
    assert len(net.server.admission) == 0


def test_bytes_after_the_close_are_dropped(net: MemoryNet) -> None:
    peer = closed_in_half(net)

    assert peer.ask(masked(TEXT, b"late") + bytes(100_000)) == b""
    assert not peer.lost


VIOLATION = b"\xff\x80\0\0\0\0"


@pytest.mark.parametrize("end", [BYE, VIOLATION, b"GET /\r\n\r\n", request("/nowhere")])
def test_who_goes_on_sending_is_not_read_for_ever(net: MemoryNet, end: bytes) -> None:
    peer = net.open("/echo") if end in (BYE, VIOLATION) else net.raw()
    peer.keeps_open = True
    peer.send(end)
    assert (peer.heard_end, peer.lost) == (True, False)

    for _ in range(32):
        peer.send(bytes(65_536))

    assert sum(map(len, peer.transport.stream)) >= 14 * 65_536
    net.wait(5)
    assert peer.lost


def test_who_closes_and_does_not_read_gets_its_replies_when_it_does(quick: MemoryNet) -> None:
    peer = quick.open("/echo")
    peer.transport.pauseProducing()
    peer.send(masked(TEXT, b"owed") + BYE)
    quick.wait(4)

    peer.transport.resumeProducing()
    quick.settle()

    assert peer.take() == b"\x81\x04owed\x88\x02\x03\xe8"
    assert peer.lost


def test_who_closes_and_never_reads_is_freed(quick: MemoryNet) -> None:
    peer = quick.open("/echo")
    peer.transport.pauseProducing()
    peer.send(masked(TEXT, b"owed") + BYE)

    quick.wait(5)

    assert peer.lost
    assert len(quick.server.admission) == 0


def test_who_sends_and_closes_its_half_gets_its_replies_and_no_more(net: MemoryNet) -> None:
    peer = net.open("/echo")
    peer.transport.write(masked(TEXT, b"a") * 3)

    peer.half_close()

    assert peer.take() == b"\x81\x01a" * 3
    assert peer.lost


def test_who_closes_its_half_and_never_reads_is_cut(quick: MemoryNet) -> None:
    peer = quick.open("/echo")
    peer.transport.pauseProducing()
    peer.transport.write(masked(TEXT, b"a"))
    peer.half_close()
    quick.wait(4)
    assert not peer.lost

    quick.wait(1)

    assert peer.lost


def test_who_closes_its_half_while_its_close_is_awaited_ends_the_connection(net: MemoryNet) -> None:
    peer = net.open("/echo")
    net.shut_down()

    peer.half_close()

    assert peer.take() == b"\x88\x02\x03\xe9"
    assert peer.lost
