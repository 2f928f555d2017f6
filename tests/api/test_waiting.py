"""Callbacks that return Deferreds or coroutines: one at a time, in order, with back-pressure."""

from __future__ import annotations

from typing import Any

import pytest
from twisted.internet.defer import Deferred, succeed

from tests.pair import TEXT, Journal, MemoryNet, RawPeer, masked

BYE = b"\x88\x82\0\0\0\0\x03\xe8"


class Slow(Journal):
    """A journal whose `on_message` is done when `finish` is called."""

    def __init__(self) -> None:
        super().__init__()
        self.running: Deferred[None] | None = None

    def on_message(self, contract: Any, data: Any, ext: None) -> Deferred[None]:
        super().on_message(contract, data, ext)
        self.running = Deferred()
        return self.running

    def finish(self) -> None:
        assert self.running is not None
        self.running.callback(None)


class SlowCoroutine(Slow):
    """The same with a coroutine."""

    async def on_message(self, contract: Any, data: Any, ext: None) -> None:
        await super().on_message(contract, data, ext)


@pytest.fixture(params=[Slow, SlowCoroutine])
def slow(net: MemoryNet, request: pytest.FixtureRequest) -> Slow:
    """What happens at `/p`, slowly."""
    slow: Slow = request.param()
    net.publish("/p", **slow.callbacks)
    return slow


def is_read(peer: RawPeer) -> bool:
    """Whether the server reads from this peer."""
    return not peer.transport.far.paused


def texts(*payloads: str) -> bytes:
    return b"".join(masked(TEXT, payload.encode()) for payload in payloads)


def test_the_next_message_waits_for_the_one_before(net: MemoryNet, slow: Slow) -> None:
    net.open("/p").send(texts("1", "2"))
    assert slow.lines == ["open", "1"]

    slow.finish()

    assert slow.lines == ["open", "1", "2"]


def test_other_connections_do_not_wait(net: MemoryNet, slow: Slow) -> None:
    net.open("/p").send(texts("1"))

    net.open("/p").send(texts("2"))

    assert slow.lines == ["open", "1", "open", "2"]


def test_on_close_comes_last(net: MemoryNet, slow: Slow) -> None:
    net.open("/p").send(texts("1", "2") + BYE)
    assert slow.lines == ["open", "1"]

    slow.finish()
    slow.finish()

    assert slow.lines == ["open", "1", "2", (1000, "")]


def test_the_contract_is_closed_while_on_close_still_waits(net: MemoryNet, slow: Slow) -> None:
    net.open("/p").send(texts("1") + BYE)

    assert slow.contract.closed
    assert slow.contract.close_code == 1000


def test_the_end_is_told_after_on_close_has_run(net: MemoryNet) -> None:
    ending: Deferred[None] = Deferred()
    contracts: list[Any] = []
    net.publish("/p", on_open=contracts.append, on_close=lambda _contract, _code, _data: ending)
    peer, ended = net.open("/p"), []
    contracts[0].when_closed().addCallback(ended.append)
    peer.send(BYE)
    assert ended == []

    ending.callback(None)

    assert ended == [1000]


def test_the_first_message_waits_for_on_open(net: MemoryNet) -> None:
    journal, opening = Journal(), Deferred[None]()
    net.publish("/p", on_open=lambda _contract: opening, on_message=journal.on_message)
    net.open("/p").send(texts("1"))
    assert journal.lines == []

    opening.callback(None)

    assert journal.lines == ["1"]


@pytest.mark.usefixtures("slow")
def test_sixteen_messages_may_wait_before_reading_pauses(net: MemoryNet) -> None:
    peer = net.open("/p")

    peer.send(texts("0"), *(texts(str(number)) for number in range(1, 17)))
    assert is_read(peer)
    peer.send(texts("17"))

    assert not is_read(peer)


def test_reading_goes_on_when_no_message_waits(net: MemoryNet, slow: Slow) -> None:
    peer = net.open("/p")
    peer.send(*(texts(str(number)) for number in range(18)), texts("held back"))

    for _ in range(17):
        assert not is_read(peer)
        slow.finish()

    assert is_read(peer)
    net.settle()
    slow.finish()
    assert slow.lines == ["open", *map(str, range(18)), "held back"]


def test_messages_of_a_lost_connection_are_still_handled_before_its_end(net: MemoryNet, slow: Slow) -> None:
    peer = net.open("/p")
    peer.send(texts("1", "2", "3"))
    peer.vanish()

    slow.finish()
    slow.finish()
    slow.finish()

    assert slow.lines == ["open", "1", "2", "3", (1006, "")]


def test_a_slow_callback_may_answer_when_it_is_done(net: MemoryNet) -> None:
    async def later(contract: Any, data: str, _ext: None) -> None:
        await wait(net, 2)
        contract.send(data)

    net.publish("/p", on_message=later)
    peer = net.open("/p")
    assert peer.ask(texts("x")) == b""

    net.wait(2)

    assert peer.take() == b"\x81\x01x"


def test_a_slow_callback_whose_peer_has_gone_is_normal(net: MemoryNet, log: Any) -> None:
    async def later(contract: Any, data: str, _ext: None) -> None:
        await wait(net, 2)
        contract.send(data)

    net.publish("/p", on_message=later)
    peer = net.open("/p")
    peer.send(texts("x"))
    peer.vanish()

    net.wait(2)

    assert log.take_failures() == []


@pytest.mark.parametrize("kind", ["nothing", "a coroutine", "a Deferred"])
def test_five_thousand_messages_at_once_are_no_recursion(net: MemoryNet, kind: str) -> None:
    journal = Journal()

    async def at_once(contract: Any, data: Any, ext: None) -> None:
        journal.on_message(contract, data, ext)

    calls = {
        "nothing": journal.on_message,
        "a coroutine": at_once,
        "a Deferred": lambda *args: succeed(journal.on_message(*args)),
    }
    net.publish("/p", on_message=calls[kind])

    net.open("/p").send(b"\x81\x81\0\0\0\0x" * 5000)

    assert journal.lines == ["x"] * 5000


def test_five_thousand_waiting_messages_are_no_recursion(net: MemoryNet) -> None:
    journal, first = Journal(), Deferred[None]()

    async def wait_for_the_first(contract: Any, data: Any, ext: None) -> None:
        journal.on_message(contract, data, ext)
        if len(journal.lines) == 1:
            await first

    net.publish("/p", on_message=wait_for_the_first)
    net.open("/p").send(b"\x81\x81\0\0\0\0x" * 5000)
    assert len(journal.lines) == 1

    first.callback(None)

    assert len(journal.lines) == 5000


def test_what_a_callback_returns_otherwise_is_ignored(net: MemoryNet) -> None:
    net.publish("/p", on_message=lambda contract, data, _ext: contract.send(data))

    assert net.open("/p").ask(texts("1", "2")) == b"\x81\x011\x81\x012"


def wait(net: MemoryNet, seconds: float) -> Deferred[None]:
    """Fires after that time on the clock."""
    done: Deferred[None] = Deferred()
    net.clock.callLater(seconds, done.callback, None)
    return done
