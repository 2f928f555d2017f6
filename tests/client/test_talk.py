"""What the command sends, waits for and tells, with a clock of the test's own."""

from __future__ import annotations

from typing import Any, cast

import pytest
from twisted.internet.task import Clock

from echod import Contract
from echod.client import talk as talk_module
from echod.client.talk import GREETING_S, Lines, Talk
from echod.errors import ConnectionClosed

WAIT_S = 2.0


class Peer:
    """A contract that notes what is sent, and how it is closed."""

    def __init__(self) -> None:
        self.told: list[str | int] = []
        self.is_closed = False

    def send(self, data: str) -> None:
        if self.is_closed:
            raise ConnectionClosed(1001, "gone")
        self.told.append(data)

    def close(self, code: int) -> None:
        self.told.append(int(code))


class Source:
    """Where lines come from; notes whether it is read."""

    is_read = False

    def start(self) -> None:
        self.is_read = True

    def stop(self) -> None:
        self.is_read = False


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def peer() -> Peer:
    return Peer()


@pytest.fixture
def contract(peer: Peer) -> Contract:
    return cast(Contract, peer)


@pytest.fixture
def source() -> Source:
    return Source()


@pytest.fixture
def shown() -> list[str]:
    return []


@pytest.fixture
def talk(clock: Clock, source: Source, shown: list[str], contract: Contract) -> Talk:
    """After the handshake, and the greeting."""
    talk = Talk(clock, source, cast(Any, shown.append), WAIT_S)
    talk.opened(contract)
    assert not source.is_read
    clock.advance(GREETING_S)
    assert source.is_read
    return talk


@pytest.mark.parametrize(
    ("pieces", "lines", "rest"),
    [
        ([b"a\nb\n"], [b"a", b"b"], b""),
        ([b"a", b"b\nc"], [b"ab"], b"c"),
        ([b"a\r\nb\r", b"\n\r\n"], [b"a", b"b", b""], b""),
        ([b"\n\n"], [b"", b""], b""),
        ([b"a\rb\n"], [b"a\rb"], b""),
        ([b""], [], b""),
    ],
)
def test_lines_are_cut_at_their_ends(pieces: list[bytes], lines: list[bytes], rest: bytes) -> None:
    cutter = Lines()
    assert [line for piece in pieces for line in cutter.feed(piece)] == lines
    assert cutter.take() == rest


def test_it_closes_once_silence_follows_the_last_reply(
    talk: Talk, clock: Clock, peer: Peer, contract: Contract, shown: list[str]
) -> None:
    talk.read(b"1\n2\n")
    talk.ended(None)
    for word in ("1", "2"):
        clock.advance(WAIT_S * 0.9)
        talk.received(contract, word, None)
    clock.advance(WAIT_S * 0.9)
    assert peer.told == ["1", "2"]
    clock.advance(WAIT_S * 0.1)
    assert peer.told == ["1", "2", 1000]
    talk.closed(contract, 1000, "")
    assert shown == ["RECEIVED 1", "RECEIVED 2", "CLOSED with code 1000 "]
    assert talk.is_good(1000)
    assert clock.getDelayedCalls() == []


def test_what_comes_before_the_first_line_is_no_reply(
    clock: Clock, source: Source, contract: Contract, capsys: pytest.CaptureFixture[str]
) -> None:
    talk = Talk(clock, source, lambda _: None, WAIT_S)
    talk.opened(contract)
    talk.received(contract, "greeting", None)
    clock.advance(GREETING_S)
    talk.read(b"1\n")
    talk.ended(None)
    clock.advance(WAIT_S)
    talk.closed(contract, 1000, "")
    assert capsys.readouterr().err == "echod: no reply to 1 of 1 lines within 2s\n"
    assert not talk.is_good(1000)


def test_messages_that_never_end_are_waited_for_once(talk: Talk, clock: Clock, peer: Peer, contract: Contract) -> None:
    talk.ended(None)
    for number in range(11):
        clock.advance(WAIT_S / 10)
        talk.received(contract, str(number), None)
    assert peer.told == [1000]


@pytest.mark.parametrize("pieces", [[b"first\nxxxxxx\nlast\n"], [b"first\n", b"xxx", b"xxx", b"x\nlast\n"]])
def test_after_a_line_that_is_too_long_nothing_is_sent_or_said_any_more(
    talk: Talk,
    source: Source,
    peer: Peer,
    pieces: list[bytes],
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(talk_module, "MOST_LINE_BYTES", 5)
    for piece in [*pieces, b"xxxxxxxxx"]:
        talk.read(piece)
    talk.ended(None)
    assert (peer.told, source.is_read) == (["first"], False)
    assert capsys.readouterr().err == "echod: not sent, nor what follows: a line of more than 5 bytes\n"


def test_what_comes_behind_a_close_of_the_server_is_told_once(
    talk: Talk, peer: Peer, contract: Contract, source: Source, capsys: pytest.CaptureFixture[str]
) -> None:
    peer.is_closed = True
    talk.read(b"1\n2\n")
    talk.closed(contract, 1001, "gone")
    told = "echod: not sent, nor what follows: the connection is closed (code 1001, gone)\n"
    assert (capsys.readouterr().err, source.is_read, talk.is_good(1000)) == (told, False, False)


def test_an_input_that_cannot_be_read_is_told_and_what_was_read_is_waited_for(
    talk: Talk, peer: Peer, clock: Clock, contract: Contract, capsys: pytest.CaptureFixture[str]
) -> None:
    talk.read(b"1\nhalf")
    talk.ended(OSError(5, "Input/output error"))
    assert capsys.readouterr().err == "echod: cannot read standard input: Input/output error\n"
    talk.received(contract, "1", None)
    clock.advance(WAIT_S)
    assert peer.told == ["1", 1000]
    talk.closed(contract, 1000, "")
    assert not talk.is_good(1000)


def test_before_the_handshake_there_is_nothing_to_leave(clock: Clock, source: Source) -> None:
    assert not Talk(clock, source, lambda _: None, WAIT_S).leave()


def test_a_talk_that_is_left_is_no_success(
    talk: Talk, peer: Peer, contract: Contract, capsys: pytest.CaptureFixture[str]
) -> None:
    talk.read(b"1\n")
    assert talk.leave()
    talk.read(b"2\n")
    talk.closed(contract, 1001, "")
    assert (peer.told, talk.is_good(1000)) == (["1", 1001], False)
    assert capsys.readouterr().err == ""
