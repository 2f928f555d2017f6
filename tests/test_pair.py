"""The model of TCP in `pair.py` beside TCP itself: the same is done to both, and both ends observe the same."""

from __future__ import annotations

import socket
from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_twisted
from twisted.internet import reactor
from twisted.internet.defer import Deferred
from twisted.internet.endpoints import TCP4ClientEndpoint, TCP4ServerEndpoint
from twisted.internet.interfaces import IHalfCloseableProtocol, IPushProducer
from twisted.internet.protocol import Factory, Protocol
from twisted.internet.task import deferLater
from twisted.python.failure import Failure
from zope.interface import implementer

from echod.settings import MIB
from tests.on_reactor import _nothing_is_left
from tests.pair import WRITE_MARK, join, move

__all__ = ["_nothing_is_left"]

LOOPBACK = "127.0.0.1"
LARGE = bytes(4 * MIB)
"""More than the kernel keeps for a peer that does not read."""

QUIET_S = 0.02


class End(Protocol):
    """One end of a connection, which writes down what it observes: bytes that follow each other are one entry."""

    transport: Any

    def __init__(self) -> None:
        self.seen: list[Any] = []

    def dataReceived(self, data: bytes) -> None:
        if self.seen and isinstance(self.seen[-1], bytearray):
            self.seen[-1] += data
        else:
            self.seen.append(bytearray(data))

    def connectionLost(self, reason: Failure | None = None) -> None:
        assert reason is not None
        self.seen.append(reason.type.__name__)


@implementer(IHalfCloseableProtocol)
class HalfCloseableEnd(End):
    """The same, told of each half that is closed."""

    def readConnectionLost(self) -> None:
        self.seen.append("read lost")

    def writeConnectionLost(self) -> None:
        self.seen.append("write lost")


@implementer(IPushProducer)
class Producer:
    """Writes down what it is told."""

    def __init__(self) -> None:
        self.told: list[str] = []

    def pauseProducing(self) -> None:
        self.told.append("pause")

    def resumeProducing(self) -> None:
        self.told.append("resume")

    def stopProducing(self) -> None:
        self.told.append("stop")


class MemoryPair:
    """Two ends, joined by the model."""

    async def join(self, near: End, far: End) -> None:
        self._wires = join(near, far)

    async def settle(self) -> None:
        while move(self._wires):
            pass

    async def close(self) -> None:
        """Nothing of it is left anywhere."""


class TCPPair:
    """Two ends, joined by loopback."""

    async def join(self, near: End, far: End) -> None:
        accepted: Deferred[None] = Deferred()
        far.connectionMade = lambda: accepted.callback(None)  # type: ignore[method-assign]
        listening = await TCP4ServerEndpoint(reactor, 0, interface=LOOPBACK).listen(Factory.forProtocol(lambda: far))
        way = TCP4ClientEndpoint(reactor, LOOPBACK, listening.getHost().port)
        await way.connect(Factory.forProtocol(lambda: near))
        await accepted
        await listening.stopListening()
        self._ends = near, far
        for end in self._ends:
            # Buffers of the kernel that do not grow.
            for option in (socket.SO_SNDBUF, socket.SO_RCVBUF):
                end.transport.socket.setsockopt(socket.SOL_SOCKET, option, WRITE_MARK)

    async def settle(self) -> None:
        """Wait until both ends observe nothing new."""
        seen = None
        while seen != (seen := [sum(map(len, end.seen)) for end in self._ends]):
            await deferLater(reactor, QUIET_S)

    async def close(self) -> None:
        for end in self._ends:
            end.transport.abortConnection()
        await self.settle()


Pair = MemoryPair | TCPPair


@pytest_twisted.async_yield_fixture(params=[MemoryPair, TCPPair])
async def pair(request: pytest.FixtureRequest) -> AsyncIterator[Pair]:
    """Not joined yet."""
    made: Pair = request.param()
    yield made
    await made.close()


async def join_ends(pair: Pair, far: End | None = None) -> tuple[End, End]:
    """Two ends that are told of half a close, or another at the far side."""
    ends = HalfCloseableEnd(), far or HalfCloseableEnd()
    await pair.join(*ends)
    return ends


@pytest_twisted.ensureDeferred
async def test_bytes_come_in_order_and_the_end_behind_them(pair: Pair) -> None:
    near, far = await join_ends(pair)
    near.transport.write(b"a")
    near.transport.write(b"b")
    near.transport.loseConnection()
    near.transport.write(b"c")
    await pair.settle()

    assert near.seen == ["ConnectionDone"]
    assert far.seen == [b"abc", "read lost"]

    far.transport.loseConnection()
    await pair.settle()

    assert far.seen == [b"abc", "read lost", "ConnectionDone"]


@pytest_twisted.ensureDeferred
async def test_an_end_that_is_not_told_of_halves_is_closed_with_the_other(pair: Pair) -> None:
    near, far = await join_ends(pair, End())
    near.transport.write(b"a")
    near.transport.loseConnection()
    await pair.settle()

    assert near.seen == ["ConnectionDone"]
    assert far.seen == [b"a", "ConnectionDone"]


@pytest_twisted.ensureDeferred
async def test_half_a_close_is_told_once_behind_the_bytes_and_the_other_half_goes_on(pair: Pair) -> None:
    near, far = await join_ends(pair)
    near.transport.write(b"a")
    near.transport.loseWriteConnection()
    near.transport.write(b"b")
    await pair.settle()
    far.transport.write(b"reply")
    await pair.settle()

    assert near.seen == ["write lost", b"reply"]
    assert far.seen == [b"ab", "read lost"]

    far.transport.loseConnection()
    await pair.settle()

    assert near.seen == ["write lost", b"reply", "read lost"]
    assert far.seen == [b"ab", "read lost", "ConnectionDone"]


@pytest_twisted.ensureDeferred
async def test_what_is_written_after_half_a_close_is_dropped(pair: Pair) -> None:
    near, far = await join_ends(pair)
    near.transport.loseWriteConnection()
    await pair.settle()
    near.transport.write(b"late")
    await pair.settle()

    assert near.seen == ["write lost"]
    assert far.seen == ["read lost"]


@pytest_twisted.ensureDeferred
async def test_half_a_close_of_one_end_loses_what_an_end_not_told_of_halves_has_not_sent(pair: Pair) -> None:
    near, far = await join_ends(pair, End())
    near.transport.pauseProducing()
    far.transport.write(LARGE)
    await pair.settle()
    near.transport.loseWriteConnection()
    await pair.settle()
    near.transport.resumeProducing()
    await pair.settle()

    assert far.seen == ["ConnectionDone"]
    assert near.seen[0] == "write lost"
    assert near.seen[-1] == "read lost"
    assert received(near) < len(LARGE)


@pytest_twisted.ensureDeferred
async def test_a_paused_end_hears_nothing_and_a_close_waits_for_the_bytes_before_it(pair: Pair) -> None:
    near, far = await join_ends(pair)
    far.transport.pauseProducing()
    near.transport.write(LARGE)
    near.transport.loseConnection()
    await pair.settle()
    assert (near.seen, far.seen) == ([], [])

    far.transport.resumeProducing()
    await pair.settle()

    assert near.seen == ["ConnectionDone"]
    assert far.seen == [LARGE, "read lost"]


@pytest_twisted.ensureDeferred
async def test_a_producer_is_paused_above_the_mark_and_resumed_once_when_all_has_left(pair: Pair) -> None:
    near, far = await join_ends(pair)
    producer = Producer()
    near.transport.registerProducer(producer, True)
    far.transport.pauseProducing()
    near.transport.write(bytes(WRITE_MARK))
    assert producer.told == []
    near.transport.write(LARGE)
    await pair.settle()
    assert producer.told == ["pause"]

    far.transport.resumeProducing()
    await pair.settle()
    near.transport.write(b"small")
    await pair.settle()

    assert producer.told == ["pause", "resume"]
    assert received(far) == WRITE_MARK + len(LARGE) + len(b"small")


@pytest.mark.parametrize("leave", ["loseConnection", "abortConnection"])
@pytest_twisted.ensureDeferred
async def test_a_producer_is_stopped_once_when_its_connection_ends(pair: Pair, leave: str) -> None:
    near, _ = await join_ends(pair)
    producer = Producer()
    near.transport.registerProducer(producer, True)
    near.transport.write(b"a")

    getattr(near.transport, leave)()
    await pair.settle()

    assert producer.told == ["stop"]


@pytest_twisted.ensureDeferred
async def test_to_abort_loses_what_is_unsent_and_is_an_error_for_the_other(pair: Pair) -> None:
    near, far = await join_ends(pair)
    far.transport.pauseProducing()
    near.transport.write(LARGE)
    await pair.settle()

    near.transport.abortConnection()
    near.transport.write(b"late")
    far.transport.resumeProducing()
    await pair.settle()

    assert near.seen == ["ConnectionAborted"]
    assert far.seen[-1] == "ConnectionLost"
    assert received(far) < len(LARGE)


@pytest_twisted.ensureDeferred
async def test_an_end_that_has_closed_reads_no_more_and_to_send_to_it_is_an_error(pair: Pair) -> None:
    near, far = await join_ends(pair)
    near.transport.loseConnection()
    await pair.settle()

    far.transport.write(b"late")
    await pair.settle()
    far.transport.loseConnection()
    await pair.settle()

    assert near.seen == ["ConnectionDone"]
    assert far.seen == ["read lost", "ConnectionLost"]


@pytest_twisted.ensureDeferred
async def test_both_may_close_at_once(pair: Pair) -> None:
    near, far = await join_ends(pair)
    near.transport.loseConnection()
    far.transport.loseConnection()
    await pair.settle()

    assert near.seen == ["ConnectionDone"]
    assert far.seen == ["ConnectionDone"]


def received(end: End) -> int:
    """How many bytes have come."""
    return sum(len(entry) for entry in end.seen if isinstance(entry, bytearray))
