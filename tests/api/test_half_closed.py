"""A client that has closed its direction, and waits for what callbacks that take their time have to say."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from twisted.internet.defer import Deferred

from echod.settings import Limits
from tests.pair import CLOSE, TEXT, Journal, MemoryNet, RawPeer, masked, unframe


class Slow(Journal):
    """Answers each message when it is its turn and `go_on` is called."""

    def __init__(self) -> None:
        super().__init__()
        self._waiting: list[Deferred[None]] = []

    async def on_message(self, contract: Any, data: Any, ext: None) -> None:
        super().on_message(contract, data, ext)
        pause: Deferred[None] = Deferred()
        self._waiting.append(pause)
        await pause
        contract.send(data)

    def go_on(self) -> None:
        self._waiting.pop().callback(None)


@pytest.fixture
def slow(net: MemoryNet) -> Slow:
    """What happens at `/p`, slowly."""
    slow = Slow()
    net.publish("/p", **slow.callbacks)
    return slow


def send_and_close_half(peer: RawPeer, *texts: str) -> None:
    peer.transport.write(b"".join(masked(TEXT, text.encode()) for text in texts))
    peer.half_close()


def test_a_reply_that_takes_its_time_comes_before_the_end(net: MemoryNet, slow: Slow) -> None:
    peer = net.open("/p")
    send_and_close_half(peer, "a")
    assert (peer.take(), slow.lines, peer.lost) == (b"", ["open", "a"], False)

    slow.go_on()
    net.settle()

    assert (peer.take(), slow.lines, peer.lost) == (b"\x81\x01a", ["open", "a", (1006, "")], True)


def test_the_replies_of_all_that_wait_come_before_the_end(net: MemoryNet, slow: Slow) -> None:
    peer = net.open("/p")
    send_and_close_half(peer, "a", "b", "c")

    for _ in range(3):
        assert not peer.lost
        slow.go_on()
        net.settle()

    assert peer.take() == b"\x81\x01a\x81\x01b\x81\x01c"
    assert peer.lost


def test_an_opening_that_takes_its_time_may_still_greet(net: MemoryNet) -> None:
    pause: Deferred[None] = Deferred()

    async def greet(contract: Any) -> None:
        await pause
        contract.send("hello")

    net.publish("/p", on_open=greet)
    peer = net.open("/p")
    peer.half_close()

    pause.callback(None)
    net.settle()

    assert (peer.take(), peer.lost) == (b"\x81\x05hello", True)


def test_without_a_callback_at_work_the_end_is_at_once(net: MemoryNet) -> None:
    journal = Journal()
    net.publish("/p", **journal.callbacks)
    peer = net.open("/p")

    send_and_close_half(peer, "a")

    assert (journal.lines, peer.lost) == (["open", "a", (1006, "")], True)


def test_who_closes_its_half_behind_its_close_is_not_waited_for(net: MemoryNet, slow: Slow) -> None:
    peer = net.open("/p")
    peer.keeps_open = True
    peer.send(masked(TEXT, b"a") + masked(CLOSE, b"\x03\xe8"))

    peer.half_close()

    assert (unframe(peer.take()), peer.lost) == ([(CLOSE, b"\x03\xe8")], True)
    slow.go_on()
    assert slow.lines == ["open", "a", (1000, "")]


def test_who_closes_its_half_while_its_close_is_awaited_is_not_waited_for(net: MemoryNet, slow: Slow) -> None:
    peer = net.open("/p")
    peer.send(masked(TEXT, b"a"))
    slow.contract.close()

    peer.half_close()

    assert peer.lost
    slow.go_on()


def test_to_hear_of_the_end_again_changes_nothing(net: MemoryNet, slow: Slow) -> None:
    peer = net.open("/p")
    send_and_close_half(peer, *map(str, range(16)))

    # As TCP does whenever reading goes on.
    for _ in range(20):
        peer.transport.far.hear_end()
    for _ in range(16):
        assert not peer.transport.far.paused
        slow.go_on()
    net.settle()

    assert len(unframe(peer.take())) == 16
    assert peer.lost


@pytest.mark.parametrize("leave", [RawPeer.vanish, RawPeer.hang_up])
def test_who_is_lost_meanwhile_is_lost(net: MemoryNet, slow: Slow, leave: Callable[[RawPeer], None]) -> None:
    peer = net.open("/p")
    send_and_close_half(peer, "a", "b")

    leave(peer)
    slow.go_on()
    slow.go_on()
    # TCP tells of a whole close behind half a one only when something is sent.
    net.settle()

    assert slow.lines == ["open", "a", "b", (1006, "")]
    assert net.clock.getDelayedCalls() == []


def test_a_callback_may_close_in_the_end(net: MemoryNet) -> None:
    pause: Deferred[None] = Deferred()

    async def close(contract: Any, _data: Any, _ext: None) -> None:
        await pause
        contract.close(4000)

    net.publish("/p", on_message=close)
    peer = net.open("/p")
    send_and_close_half(peer, "a")

    pause.callback(None)
    net.settle()

    assert (unframe(peer.take()), peer.lost) == ([(CLOSE, b"\x0f\xa0")], True)


def test_a_callback_that_never_ends_is_waited_for_as_long_as_for_a_pong(net: MemoryNet, slow: Slow) -> None:
    peer = net.open("/p")
    send_and_close_half(peer, *map(str, range(16)))
    net.wait(20)
    net.wait(19.9)
    assert not peer.lost

    net.wait(0.1)

    assert peer.lost
    assert len(net.server.admission) == 0
    assert slow.lines == ["open", "0"]


def test_a_drain_does_not_wait_for_it(make_net: Callable[..., MemoryNet]) -> None:
    net, slow = make_net(limits=Limits(drain_spread_s=0)), Slow()
    net.publish("/p", **slow.callbacks)
    peer = net.open("/p")
    send_and_close_half(peer, "a")

    done = net.shut_down()
    net.wait(5)

    assert done == [None]
    assert unframe(peer.take()) == [(CLOSE, b"\x03\xe9")]
