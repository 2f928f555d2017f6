"""Every way in which a client's connection ends: what the server sees, and what `on_close` is told."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from echod.settings import Limits
from echod.websocket import time_slices as slices
from echod.websocket.autobahn.state import State
from tests.pair import CLOSE, PING, TEXT, Journal, MemoryNet, RawPeer, accept, plain, unframe, welcome

BYE = b"\x88\x02\x03\xe8"
BAD = b"\x88\x05\x0f\xa1bad"


@pytest.fixture
def journal() -> Journal:
    """What the client hears."""
    return Journal()


@pytest.fixture
def server(net: MemoryNet, journal: Journal) -> RawPeer:
    """The server of an open client."""
    server = RawPeer()
    net.connect(far_end=lambda: server, **journal.callbacks)
    welcome(server)
    return server


def close(net: MemoryNet, journal: Journal, *code_and_reason: Any) -> None:
    journal.contract.close(*code_and_reason)
    net.settle()


def test_the_server_closes_with_code_and_reason_and_drops(server: RawPeer, journal: Journal) -> None:
    assert unframe(server.ask(b"\x88\x05\x03\xe8bye")) == [(CLOSE, b"\x03\xe8bye")]
    assert journal.lines == ["open"]

    server.hang_up()

    assert journal.lines == ["open", (1000, "bye")]


def test_the_server_closes_with_1014_and_drops(server: RawPeer, journal: Journal) -> None:
    assert unframe(server.ask(b"\x88\x05\x03\xf6bad")) == [(CLOSE, b"\x03\xf6bad")]

    server.hang_up()

    assert journal.lines == ["open", (1014, "bad")]


@pytest.mark.parametrize("code", [1004, 1005, 1006, 1015, 1016, 2999])
def test_a_code_that_no_close_may_carry_is_a_violation(server: RawPeer, journal: Journal, code: int) -> None:
    [(opcode, payload)] = unframe(server.ask(b"\x88\x02" + code.to_bytes(2, "big")))

    assert (opcode, payload[:2]) == (CLOSE, b"\x03\xea")
    server.hang_up()
    assert journal.lines == ["open", (1002, f"invalid close code {code}")]


def test_our_close_may_be_answered_with_1014(net: MemoryNet, server: RawPeer, journal: Journal) -> None:
    close(net, journal, 4001)
    server.take()
    server.send(b"\x88\x02\x03\xf6")

    server.hang_up()

    assert journal.lines == ["open", (1014, "")]


def test_a_bare_close_is_1005(server: RawPeer, journal: Journal) -> None:
    assert unframe(server.ask(b"\x88\x00")) == [(CLOSE, b"")]

    server.hang_up()

    assert journal.lines == ["open", (1005, "")]


@pytest.mark.parametrize("leave", [RawPeer.vanish, RawPeer.hang_up])
def test_a_server_that_is_lost_is_1006(server: RawPeer, journal: Journal, leave: Callable[[RawPeer], None]) -> None:
    leave(server)

    assert journal.lines == ["open", (1006, "")]


def test_we_close_and_the_server_answers_and_drops(net: MemoryNet, server: RawPeer, journal: Journal) -> None:
    close(net, journal, 3000, "enough")
    assert unframe(server.take()) == [(CLOSE, b"\x0b\xb8enough")]

    server.send(b"\x88\x08\x0b\xb8enough")
    server.hang_up()

    assert journal.lines == ["open", (3000, "enough")]


def test_we_close_and_the_server_never_answers(net: MemoryNet, server: RawPeer, journal: Journal) -> None:
    close(net, journal)
    net.wait(4.9)
    assert not server.lost

    net.wait(0.1)

    assert journal.lines == ["open", (1006, "")]
    assert server.lost


def test_the_server_answers_our_close_but_keeps_the_connection(
    net: MemoryNet, server: RawPeer, journal: Journal
) -> None:
    close(net, journal)
    server.send(b"\x88\x02\x03\xe8")
    net.wait(4.9)
    assert not server.lost

    net.wait(0.1)

    assert journal.lines == ["open", (1000, "")]
    assert server.lost


def test_the_wait_for_the_server_is_on_our_clock(net: MemoryNet, server: RawPeer, journal: Journal) -> None:
    from twisted.internet import reactor

    close(net, journal)
    server.send(b"\x88\x02\x03\xe8")

    assert len(net.clock.getDelayedCalls()) == 2  # to drop the connection, and for the next ping
    assert reactor.getDelayedCalls() == []


def test_the_server_closes_but_keeps_the_connection(net: MemoryNet, server: RawPeer, journal: Journal) -> None:
    server.send(b"\x88\x05\x03\xe9off")
    net.wait(4.9)
    assert not server.lost

    net.wait(0.1)

    assert journal.lines == ["open", (1001, "off")]
    assert server.lost


def test_both_close_at_once(net: MemoryNet, server: RawPeer, journal: Journal) -> None:
    server.transport.write(b"\x88\x02\x0b\xb9")
    close(net, journal, 3000)
    server.hang_up()

    assert unframe(server.take()) == [(CLOSE, b"\x0b\xb8")]
    assert journal.lines == ["open", (3001, "")]


@pytest.mark.parametrize("late", [[BYE], [BAD], [plain(TEXT, b"late"), plain(TEXT, b"later"), BAD], [bytes(70_000)]])
@pytest.mark.parametrize("cut", [list, lambda late: [b"".join(late)], lambda late: [bytes([b]) for b in late[0][:9]]])
def test_whatever_follows_a_close_changes_nothing(
    net: MemoryNet, server: RawPeer, journal: Journal, late: list[bytes], cut: Callable[[list[bytes]], list[bytes]]
) -> None:
    server.keeps_open = True
    assert unframe(server.ask(BYE, *cut(late))) == [(CLOSE, b"\x03\xe8")]
    server.hang_up()

    assert journal.lines == ["open", (1000, "")]
    assert net.clock.getDelayedCalls() == []


@pytest.mark.parametrize("late", [BAD, plain(TEXT, b"late"), plain(PING, b"late"), b"\x83\x00"])
def test_whatever_comes_in_the_segment_of_a_close_changes_nothing(
    server: RawPeer, journal: Journal, late: bytes
) -> None:
    assert unframe(server.ask(plain(TEXT, b"in time") + BYE + late)) == [(CLOSE, b"\x03\xe8")]
    server.hang_up()

    assert journal.lines == ["open", "in time", (1000, "")]


def test_what_follows_the_answer_to_our_close_changes_nothing(
    net: MemoryNet, server: RawPeer, journal: Journal
) -> None:
    close(net, journal)

    server.send(plain(TEXT, b"in time") + BYE + plain(TEXT, b"late"), BAD)
    server.hang_up()

    assert journal.lines == ["open", "in time", (1000, "")]


def test_a_message_that_a_close_comes_into_is_never_whole(server: RawPeer, journal: Journal) -> None:
    server.send(b"\x01\x01a" + BYE + b"\x80\x01b", b"\x80\x01c")
    server.hang_up()

    assert journal.lines == ["open", (1000, "")]


def test_what_waits_for_its_turn_behind_a_close_is_dropped(
    net: MemoryNet, server: RawPeer, journal: Journal, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Each step is a slice of its own.
    monkeypatch.setattr(slices, "SLICE_S", -1.0)
    server.transport.write(b"\x01\x01a\x80\x01b" + plain(PING, b"") + BYE + plain(TEXT, b"late"))
    server.send(BAD)

    for _ in range(10):
        net.wait(0)
    server.send(plain(TEXT, b"later"))
    server.hang_up()

    assert journal.lines == ["open", "ab", (1000, "")]


def test_the_time_to_close_is_a_limit_of_the_plan(net: MemoryNet, journal: Journal) -> None:
    server = RawPeer()
    net.connect(far_end=lambda: server, limits=Limits(close_timeout_s=1), **journal.callbacks)
    welcome(server)
    close(net, journal)

    net.wait(1)

    assert journal.lines == ["open", (1006, "")]


def test_the_end_of_the_connection_leaves_no_timer(net: MemoryNet, server: RawPeer, journal: Journal) -> None:
    close(net, journal)

    server.vanish()

    assert net.clock.getDelayedCalls() == []


def test_the_code_of_a_violation_is_ours(server: RawPeer, journal: Journal) -> None:
    server.send(b"\x83\x00", b"\x88\x02\x03\xe8")
    server.hang_up()

    [_, (code, reason)] = journal.lines
    assert code == 1002
    assert "reserved opcode" in reason


def test_nothing_is_sent_after_our_close(net: MemoryNet, server: RawPeer, journal: Journal) -> None:
    close(net, journal)
    server.take()

    assert server.ask(plain(PING, b"x")) == b""


def test_to_send_as_autobahn_does_is_silent_when_it_closes(net: MemoryNet, server: RawPeer, journal: Journal) -> None:
    close(net, journal)
    server.take()

    journal.contract._connection.sendMessage(b"late")
    net.settle()

    assert server.take() == b""


def test_a_close_in_the_segment_of_the_answer_is_heard(net: MemoryNet, journal: Journal) -> None:
    server = RawPeer()
    opening = net.connect(far_end=lambda: server, **journal.callbacks)

    server.send(accept(server.take()) + b"\x88\x05\x03\xe9off")
    server.hang_up()

    assert opening.contract.closed
    assert journal.lines == ["open", (1001, "off")]


def test_state_and_code_are_known_while_it_closes(server: RawPeer, journal: Journal) -> None:
    server.send(b"\x88\x05\x03\xe8bye")

    assert journal.contract.state is State.CLOSING
    assert journal.contract.close_code is None


def test_pings_that_are_not_answered_end_the_connection(net: MemoryNet, server: RawPeer, journal: Journal) -> None:
    net.wait(20)
    [(first, _)] = unframe(server.take())
    assert first == PING

    net.wait(20)

    assert journal.lines == ["open", (1006, "")]


def test_our_client_and_our_server_close_with_each_other(net: MemoryNet, journal: Journal) -> None:
    at_server = Journal()
    net.publish("/p", **at_server.callbacks)
    net.connect("/p", **journal.callbacks)

    close(net, journal, 4000, "done")

    assert at_server.lines == journal.lines == ["open", (4000, "done")]
    assert net.clock.getDelayedCalls() == []


def test_our_server_closes_our_client(net: MemoryNet, journal: Journal) -> None:
    at_server = Journal()
    net.publish("/p", **at_server.callbacks)
    net.connect("/p", **journal.callbacks)

    close(net, at_server, 4000, "done")

    assert at_server.lines == journal.lines == ["open", (4000, "done")]
    assert net.clock.getDelayedCalls() == []


def test_after_a_violation_by_the_server_nothing_is_heard(server: RawPeer, journal: Journal) -> None:
    server.keeps_open = True
    [(first, payload)] = unframe(server.ask(b"\x83\x00"))
    assert (first, payload[:2]) == (CLOSE, b"\x03\xea")

    assert server.ask(plain(TEXT, b"late")) == b""
    server.hang_up()

    assert journal.lines == ["open", (1002, journal.lines[-1][1])]


def test_a_server_that_stays_after_its_violation_is_dropped(net: MemoryNet, server: RawPeer, journal: Journal) -> None:
    server.keeps_open = True
    server.send(b"\x83\x00")
    assert not server.lost

    net.wait(5)

    assert server.lost
    assert journal.lines[-1][0] == 1002
