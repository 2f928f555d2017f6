"""The way out of a connection at a pace: what is written when, on a transport that takes what it is told to take."""

from __future__ import annotations

from typing import Any

import pytest
from twisted.internet.task import Clock

from echod.behaviours import pacing as module
from echod.behaviours.pacing import PacedWriter


class Transport:
    """Takes a piece at a time, when `leave` is called; `unsent` is what the system has not sent then."""

    def __init__(self) -> None:
        self.pieces: list[bytes] = []
        self.producer: Any = None
        self.unsent: list[int] = []

    def registerProducer(self, producer: Any, streaming: bool) -> None:
        assert not streaming
        self.producer = producer
        producer.resumeProducing()

    def unregisterProducer(self) -> None:
        self.producer = None

    def write(self, data: bytes) -> None:
        self.pieces.append(data)

    def leave(self) -> None:
        self.producer.resumeProducing()


class FlowControl:
    """Writes down what it is told."""

    def __init__(self) -> None:
        self.told: list[str] = []

    def pauseProducing(self) -> None:
        self.told.append("pause")

    def resumeProducing(self) -> None:
        self.told.append("resume")


@pytest.fixture
def transport(monkeypatch: pytest.MonkeyPatch) -> Transport:
    transport = Transport()
    monkeypatch.setattr(module, "bytes_unsent", lambda given: given.unsent.pop(0) if given.unsent else 0)
    return transport


@pytest.fixture
def clock() -> Clock:
    return Clock()


def make(transport: Transport, clock: Clock, chop: int | None = None, rate: int | None = None) -> PacedWriter:
    writer = PacedWriter(transport, clock, chop, rate, lambda: None)
    writer.open()
    return writer


def test_a_piece_waits_for_the_one_before(transport: Transport, clock: Clock) -> None:
    writer = make(transport, clock)
    writer.write(b"a")
    writer.write(b"b")
    writer.write(b"c")
    assert transport.pieces == [b"a"]
    transport.leave()
    assert transport.pieces == [b"a", b"bc"]


def test_a_piece_has_8_kib_at_the_most(transport: Transport, clock: Clock) -> None:
    writer = make(transport, clock)
    writer.write(bytes(20_000))
    transport.leave()
    transport.leave()
    transport.leave()
    assert [len(piece) for piece in transport.pieces] == [8192, 8192, 3616]


def test_a_segment_is_not_joined_by_the_next(transport: Transport, clock: Clock) -> None:
    writer = make(transport, clock, chop=1)
    writer.write(b"ab")
    transport.unsent = [1, 1]
    transport.leave()
    assert transport.pieces == [b"a"]
    clock.advance(0.001)
    assert transport.pieces == [b"a"]
    clock.advance(0.002)
    assert transport.pieces == [b"a", b"b"]


def test_the_flow_is_told_when_a_segment_is_sent_and_not_before(transport: Transport, clock: Clock) -> None:
    writer = make(transport, clock, chop=1)
    flow: Any = FlowControl()
    writer.attach(flow)
    writer.write(b"a")
    transport.unsent = [1]
    transport.leave()
    assert flow.told == ["pause"]
    clock.advance(0.001)
    assert flow.told == ["pause", "resume"]


@pytest.mark.parametrize("verb", ["hurry", "shut"])
def test_there_is_no_look_again_after_the_end_of_a_pace(transport: Transport, clock: Clock, verb: str) -> None:
    writer = make(transport, clock, chop=1)
    flow: Any = FlowControl()
    writer.attach(flow)
    writer.write(b"abc")
    transport.unsent = [1, 1]
    transport.leave()
    getattr(writer, verb)()
    assert clock.getDelayedCalls() == []
    assert flow.told[:2] == ["pause", "resume"]
    assert transport.pieces[1:] == ([b"bc"] if verb == "hurry" else [])


def test_a_shut_writer_asks_for_nothing_more(transport: Transport, clock: Clock) -> None:
    asked: list[str] = []
    writer = PacedWriter(transport, clock, 1, None, lambda: asked.append("more"))
    writer.open()
    writer.write(b"abc")
    transport.unsent = [1]
    transport.leave()
    asked.clear()
    writer.shut()
    transport.leave()
    assert asked == []


def test_what_leaves_during_the_handshake_is_told_to_the_flow(transport: Transport, clock: Clock) -> None:
    writer = make(transport, clock)
    flow: Any = FlowControl()
    writer.write(b"a")
    writer.attach(flow)
    assert flow.told == ["pause"]


def test_a_flow_hears_nothing_of_what_has_left_before(transport: Transport, clock: Clock) -> None:
    writer = make(transport, clock)
    flow: Any = FlowControl()
    writer.write(b"a")
    transport.leave()
    writer.attach(flow)
    assert flow.told == []


def test_drained_means_that_everything_has_left(transport: Transport, clock: Clock) -> None:
    writer, drained = make(transport, clock), []
    writer.write(b"a")
    writer.when_drained(lambda: drained.append(1))
    writer.when_drained(lambda: drained.append(2))
    assert drained == []
    transport.leave()
    assert drained == [1, 2]
    transport.leave()
    assert drained == [1, 2]


def test_an_empty_writer_is_drained_already(transport: Transport, clock: Clock) -> None:
    drained: list[int] = []
    make(transport, clock).when_drained(lambda: drained.append(1))
    assert drained == [1]


def test_what_is_owed_makes_room_as_it_leaves(transport: Transport, clock: Clock) -> None:
    writer = make(transport, clock)
    writer.write(bytes(4096))
    writer.write(bytes(65536))
    assert not writer.has_room()
    for _ in range(9):
        transport.leave()
    assert writer.has_room()
    assert writer.owed == 0


def test_a_shut_writer_takes_nothing(transport: Transport, clock: Clock) -> None:
    writer = make(transport, clock)
    writer.shut()
    writer.write(b"a")
    assert transport.pieces == []


def test_a_closed_writer_lets_go_of_the_transport(transport: Transport, clock: Clock) -> None:
    make(transport, clock).close()
    assert transport.producer is None
