"""A connection that was sent much works on it in slices: others have their turn, and nothing is lost or reordered."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from echod.settings import Limits
from tests.deflate import deflated
from tests.pair import CLOSE, TEXT, Journal, MemoryNet, RawPeer, masked, unframe

BYE = masked(CLOSE, b"\x03\xe8")


@pytest.fixture
def _one_step_each(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every slice is over at once, after a single message."""
    monkeypatch.setattr("echod.websocket.time_slices.SLICE_S", -1.0)
    monkeypatch.setattr("echod.rules.websocket.frames.MOST_TAKEN", 0)


sliced = pytest.mark.usefixtures("_one_step_each")


@pytest.fixture
def journal(net: MemoryNet) -> Journal:
    """What happens at `/p`, on all of its connections."""
    journal = Journal()
    net.publish("/p", **journal.callbacks)
    return journal


def train(letters: str) -> bytes:
    """One text message for each letter."""
    return b"".join(masked(TEXT, letter.encode()) for letter in letters)


def is_read(peer: RawPeer) -> bool:
    return not peer.transport.far.paused


@sliced
def test_others_have_their_turn_between_the_slices(net: MemoryNet, journal: Journal) -> None:
    first, second = net.open("/p"), net.open("/p")

    first.transport.arrive(train("abcdef"))
    second.transport.arrive(train("UVWXYZ"))
    net.settle()

    said = "".join(journal.lines[2:])
    assert said not in ("abcdefUVWXYZ", "UVWXYZabcdef")
    assert "".join(filter(str.islower, said)) == "abcdef"
    assert "".join(filter(str.isupper, said)) == "UVWXYZ"


@sliced
def test_no_message_is_lost_or_out_of_order(net: MemoryNet) -> None:
    peer = net.open("/echo")

    peer.send(*(train("abcdefghij")[cut : cut + 10] for cut in range(0, 70, 10)))

    assert unframe(peer.take()) == [(TEXT, letter.encode()) for letter in "abcdefghij"]


@sliced
def test_what_comes_meanwhile_stays_behind(net: MemoryNet) -> None:
    peer = net.open("/echo")
    peer.transport.arrive(train("abc"))
    peer.transport.arrive(train("def"))

    net.settle()

    assert unframe(peer.take()) == [(TEXT, letter.encode()) for letter in "abcdef"]


@sliced
def test_reading_is_held_until_the_last_slice(net: MemoryNet) -> None:
    peer = net.open("/echo")

    peer.transport.arrive(train("abc"))
    assert not is_read(peer)
    net.settle()

    assert is_read(peer)


def test_what_is_short_is_done_at_once(net: MemoryNet) -> None:
    peer = net.open("/echo")

    peer.transport.arrive(train("abc"))

    assert is_read(peer)
    assert b"".join(peer.transport.far.stream) == b"\x81\x01a\x81\x01b\x81\x01c"


@sliced
def test_a_close_at_the_end_of_the_train_is_answered_behind_the_replies(net: MemoryNet) -> None:
    peer = net.open("/echo")

    answer = peer.ask(train("abc") + BYE + train("d"))

    assert unframe(answer) == [(TEXT, b"a"), (TEXT, b"b"), (TEXT, b"c"), (CLOSE, b"\x03\xe8")]
    assert peer.lost


@sliced
def test_a_violation_in_the_train_is_its_end(net: MemoryNet) -> None:
    peer = net.open("/echo")

    answer = peer.ask(train("ab") + b"\x81\x01x" + train("c"))

    frames = unframe(answer)
    assert frames[:2] == [(TEXT, b"a"), (TEXT, b"b")]
    assert [(first, payload[:2]) for first, payload in frames[2:]] == [(CLOSE, b"\x03\xea")]
    assert peer.lost


@sliced
def test_to_leave_closes_after_the_last_slice(net: MemoryNet, journal: Journal) -> None:
    peer = net.open("/p")
    [protocol] = net.server.connections.all()
    peer.transport.arrive(train("abc"))

    protocol.guard.leave(1001, "going")
    assert peer.transport.far.stream == []
    net.settle()

    assert journal.lines == ["open", "a", "b", "c"]
    assert peer.take() == b"\x88\x07\x03\xe9going"


def test_to_leave_with_nothing_to_do_closes_now(net: MemoryNet) -> None:
    peer = net.open("/echo")
    [protocol] = net.server.connections.all()

    protocol.guard.leave(1001, "")
    net.settle()

    assert peer.take() == b"\x88\x02\x03\xe9"


@sliced
def test_who_half_closes_behind_a_train_gets_all_replies(net: MemoryNet) -> None:
    peer = net.open("/echo")
    peer.transport.arrive(train("abc"))

    peer.half_close()

    assert unframe(peer.take()) == [(TEXT, b"a"), (TEXT, b"b"), (TEXT, b"c")]
    assert peer.lost


@sliced
def test_a_client_of_ours_works_in_slices_too(net: MemoryNet) -> None:
    heard: list[Any] = []
    far = net.connect("/echo", on_message=lambda _contract, data, _ext: heard.append(data))

    for letter in "abc":
        far.contract.send(letter)
    net.settle()

    assert heard == ["a", "b", "c"]


def test_a_connection_that_is_lost_between_slices_works_no_more(
    make_net: Callable[..., MemoryNet], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The slices are a second apart here. That no timer stays is looked at after every test."""
    monkeypatch.setattr("echod.flow.quotas.RateLimit.wait_s", lambda _: 1.0)
    monkeypatch.setattr("echod.rules.websocket.frames.MOST_TAKEN", 0)
    net, journal = make_net(limits=Limits(ping_interval_s=0)), Journal()
    net.publish("/p", **journal.callbacks)
    peer = net.open("/p")
    peer.send(train("abc"))
    net.wait(0.5)
    assert journal.lines == ["open", "a", "b"]

    peer.vanish()
    net.wait(60)

    assert journal.lines == ["open", "a", "b", (1006, "")]


# When all connections together have used up their share of a turn.


@pytest.fixture
def _no_share(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every turn is over before it has begun."""
    monkeypatch.setattr("echod.flow.turn_share.SHARE_S", 0.0)


unshared = pytest.mark.usefixtures("_no_share")
LONG = 400
"""So many letters make a train that is not short."""


@unshared
def test_much_waits_for_its_turn_and_is_answered_then(net: MemoryNet) -> None:
    peer = net.open("/echo")

    peer.transport.arrive(train("ab" * LONG))
    assert not is_read(peer)
    assert b"".join(peer.transport.far.stream) == b""
    for _ in range(100):
        net.wait(0)

    assert unframe(peer.take()) == [(TEXT, b"a"), (TEXT, b"b")] * LONG


@unshared
def test_a_short_plain_message_is_answered_at_once(net: MemoryNet) -> None:
    peer = net.open("/echo")

    peer.transport.arrive(train("a"))

    assert b"".join(peer.transport.far.stream) == b"\x81\x01a"


@unshared
def test_who_is_stopped_while_it_waits_is_forgotten(net: MemoryNet, journal: Journal) -> None:
    peer = net.open("/p")
    [protocol] = net.server.connections.all()
    peer.transport.arrive(train("a" * 2 * LONG))

    protocol.guard.slices.stop()
    net.wait(0)

    assert journal.lines == ["open"]
    assert not protocol.guard.slices.is_working


BOMBS = masked(0xC2, deflated(bytes(200_000)), b"\0\0\0\0") * 20
OFFER = "Sec-WebSocket-Extensions: permessage-deflate"


def test_what_was_received_is_left_alone_while_replies_wait(net: MemoryNet) -> None:
    peer = net.open("/echo", OFFER)
    peer.transport.pauseProducing()

    peer.transport.arrive(BOMBS)
    net.wait(0)

    assert sum(map(len, peer.transport.far.stream)) < 500_000
    peer.transport.resumeProducing()
    for _ in range(100):
        net.wait(0)
    # So large a reply is not deflated.
    assert unframe(peer.take()) == [(0x82, bytes(200_000))] * 20
