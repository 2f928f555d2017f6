"""The gate reads one head within limits and hands over every byte, or answers once and closes."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from twisted.internet.interfaces import IHalfCloseableProtocol
from twisted.internet.testing import StringTransport
from twisted.python.failure import Failure
from zope.interface.verify import verifyObject

from echod.accept.admission import Admission
from echod.accept.gate import Gate
from echod.rules.http.head import Refusal
from echod.settings import Limits
from tests.pair import MemoryNet, request

HELLO = b"\x81\x85\x00\x00\x00\x00hello"


def lone_gate(net: MemoryNet) -> tuple[Gate, StringTransport]:
    """A gate of this net's server on a transport that stays after it was told to close."""
    gate: Gate = net.gates.buildProtocol(None)
    transport = StringTransport()
    gate.makeConnection(transport)
    return gate, transport


@pytest.mark.parametrize(
    ("sent", "status", "why"),
    [
        (b"GET / HTTP/1.1\r\nA: " + b"a" * 16384, b"431 Request Header Fields Too Large", b"larger than 16384 bytes"),
        (b"GET / HTTP/1.1\r\n" + b"A: a\r\n" * 101 + b"\r\n", b"431 Request Header Fields Too Large", b"100 header"),
        (b"GET /\r\n\r\n", b"400 Bad Request", b"the request line is not"),
        (b"\x16\x03\x01\x02\x00\x01", b"400 Bad Request", b"control character"),
    ],
)
def test_a_bad_head_is_answered_once_and_closed(net: MemoryNet, sent: bytes, status: bytes, why: bytes) -> None:
    peer = net.raw()

    answer = peer.ask(sent)

    assert answer.startswith(b"HTTP/1.1 " + status + b"\r\nServer: echod\r\n")
    assert b"\r\nConnection: close\r\n" in answer
    assert why in answer.partition(b"\r\n\r\n")[2]
    assert peer.lost


def test_a_refusal_is_these_bytes(net: MemoryNet) -> None:
    assert net.raw().ask(request("/simple-echo/x")) == (
        b"HTTP/1.1 404 Not Found\r\n"
        b"Server: echod\r\n"
        b"Date: Thu, 01 Jan 1970 00:00:00 GMT\r\n"
        b"Content-Type: text/plain; charset=utf-8\r\n"
        b"Content-Length: 49\r\n"
        b"Connection: close\r\n"
        b"\r\n"
        b"404 Not Found: nothing is published on this path\n"
    )


def test_a_head_may_have_a_hundred_fields(net: MemoryNet) -> None:
    assert net.raw().ask(request("/echo", *["A: a"] * 95)).startswith(b"HTTP/1.1 101 ")


@pytest.mark.parametrize("begun", [b"G", b"GET / HTTP/1.1\r\n", b"\r", b"\r\n"])
def test_a_client_that_ends_no_head_gets_408_after_five_seconds(net: MemoryNet, begun: bytes) -> None:
    peer = net.raw()
    peer.send(begun)
    net.wait(4.9)
    assert peer.take() == b""

    net.wait(0.1)

    assert peer.take().startswith(b"HTTP/1.1 408 Request Timeout\r\n")
    assert peer.lost
    assert net.clock.getDelayedCalls() == []
    assert net.server.counters.counts() == {"408": 1}


def test_a_client_that_says_nothing_is_closed_without_an_answer_and_counted_apart(net: MemoryNet) -> None:
    peer = net.raw()
    net.wait(4.9)
    assert not peer.lost

    net.wait(0.1)

    assert (peer.take(), peer.lost) == (b"", True)
    assert net.clock.getDelayedCalls() == []
    assert net.server.counters.counts() == {"silent": 1}


def test_a_client_that_says_nothing_to_the_end_either_is_cut(net: MemoryNet) -> None:
    gate, transport = lone_gate(net)
    net.clock.advance(5)
    assert transport.disconnecting
    gate.dataReceived(request("/echo"))
    assert transport.value() == b""

    net.clock.advance(0.3)

    assert transport.disconnected
    gate.connectionLost()
    assert net.clock.getDelayedCalls() == []


def test_a_probe_that_connects_and_closes_is_no_event_at_all(net: MemoryNet) -> None:
    peer = net.raw()
    peer.hang_up()
    net.wait(10)
    assert net.server.counters.counts() == {}


def test_a_refused_client_is_not_read_for_ever(net: MemoryNet) -> None:
    gate, transport = lone_gate(net)
    gate.dataReceived(b"GET /\r\n\r\n")
    transport.disconnecting = False
    gate.dataReceived(bytes(1024 * 1024))
    assert transport.producerState == "producing"

    gate.dataReceived(b"x")

    assert transport.producerState == "paused"
    gate.connectionLost()


def test_who_stays_after_408_is_not_waited_for_again(net: MemoryNet) -> None:
    peer = net.raw()
    peer.keeps_open = True
    peer.send(b"GET /")
    net.wait(5)
    assert not peer.lost
    net.wait(0.3)
    assert peer.lost


def test_a_client_that_drips_its_head_gets_408_after_five_seconds_all_the_same(net: MemoryNet) -> None:
    peer = net.raw()
    for byte in b"GET /":
        peer.send(bytes([byte]))
        net.wait(1)

    assert b"no complete request head within 5 seconds\n" in peer.take()


def test_a_head_in_single_bytes_is_understood(net: MemoryNet) -> None:
    peer = net.raw()

    answer = peer.ask(*(bytes([byte]) for byte in request("/echo") + HELLO))

    assert answer.startswith(b"HTTP/1.1 101 ")
    assert answer.endswith(b"\r\n\r\n\x81\x05hello")


def test_frames_behind_the_head_in_one_segment_are_answered(net: MemoryNet) -> None:
    assert net.raw().ask(request("/echo") + HELLO + HELLO).endswith(b"\r\n\r\n\x81\x05hello\x81\x05hello")


@pytest.mark.parametrize("cut", range(0, 200, 7))
def test_no_byte_is_lost_wherever_the_segments_end(net: MemoryNet, cut: int) -> None:
    whole = request("/echo") + HELLO

    answer = net.raw().ask(whole[:cut], whole[cut:])

    assert answer.endswith(b"\r\n\r\n\x81\x05hello")


def test_after_the_hand_over_the_deadline_is_gone(make_net: Callable[..., MemoryNet]) -> None:
    net = make_net(limits=Limits(ping_interval_s=0))

    net.open("/echo")

    assert net.clock.getDelayedCalls() == []


def test_after_the_hand_over_the_head_is_freed(net: MemoryNet) -> None:
    gate, transport = lone_gate(net)
    gate.dataReceived(request("/echo"))

    held = [value for value in vars(gate).values() if hasattr(value, "received")]

    assert transport.value().startswith(b"HTTP/1.1 101 ")
    assert held == []
    gate.connectionLost(Failure(ConnectionError()))


def test_bytes_after_a_refusal_are_ignored(net: MemoryNet) -> None:
    gate, transport = lone_gate(net)
    gate.dataReceived(b"GET /\r\n\r\n")
    answer = transport.value()

    gate.dataReceived(request("/echo"))

    assert transport.value() == answer
    assert transport.disconnecting
    gate.connectionLost()


def test_bytes_after_the_timeout_are_ignored(net: MemoryNet) -> None:
    gate, transport = lone_gate(net)
    net.clock.advance(5)
    answer = transport.value()

    gate.dataReceived(request("/echo"))
    gate.connectionLost()

    assert transport.value() == answer


def test_a_client_that_leaves_before_the_head_leaves_nothing_behind(net: MemoryNet) -> None:
    peer = net.raw()
    peer.send(b"GET / HT")

    peer.hang_up()

    assert net.clock.getDelayedCalls() == []


def test_the_route_may_refuse_with_headers_of_its_own(net: MemoryNet) -> None:
    gate = Gate(lambda head: Refusal(405, head.method, (("Allow", "GET"),)), Limits(), net.clock, Admission())
    transport = StringTransport()
    gate.makeConnection(transport)

    gate.dataReceived(b"PUT / HTTP/1.1\r\nHost: h\r\n\r\n")

    assert b"\r\nAllow: GET\r\n" in transport.value()
    assert transport.value().endswith(b"405 Method Not Allowed: PUT\n")
    gate.connectionLost()


def test_tls_is_told_that_only_http_1_1_is_spoken(net: MemoryNet) -> None:
    assert net.gates.acceptableProtocols() == [b"http/1.1"]


def test_a_client_that_closes_its_half_before_the_head_is_closed(net: MemoryNet) -> None:
    peer = net.raw()
    peer.send(b"GET / HT")

    peer.half_close()

    assert (peer.take(), peer.lost) == (b"", True)


def test_a_client_that_closes_its_half_behind_the_head_gets_its_refusal(net: MemoryNet) -> None:
    peer = net.raw()
    peer.transport.write(b"GET /\r\n\r\n")

    peer.half_close()

    assert peer.take().startswith(b"HTTP/1.1 400 ")
    assert peer.lost


def test_after_a_refusal_our_half_is_closed_and_the_clients_is_waited_for(net: MemoryNet) -> None:
    peer = net.raw()
    peer.keeps_open = True
    peer.send(b"GET /\r\n\r\n")
    assert (peer.heard_end, peer.lost) == (True, False)
    net.wait(4)
    peer.send(b"x" * 100_000)
    assert not peer.lost

    net.wait(1)

    assert peer.lost
    assert len(net.server.admission) == 0


def test_a_refused_client_that_does_not_read_its_answer_is_cut(net: MemoryNet) -> None:
    peer = net.raw()
    peer.transport.pauseProducing()
    peer.send(b"GET /\r\n\r\n")

    net.wait(5)

    assert peer.lost


def test_a_gate_knows_that_its_half_may_be_closed(net: MemoryNet) -> None:
    gate, _ = lone_gate(net)

    assert verifyObject(IHalfCloseableProtocol, gate)
    gate.writeConnectionLost()
    gate.connectionLost()
