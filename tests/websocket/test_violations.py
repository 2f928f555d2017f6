"""What a client does wrong on an open connection, and the close code that it gets."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from echod.settings import Limits
from tests.pair import BINARY, CLOSE, TEXT, Journal, MemoryNet, masked, plain, unframe

VIOLATIONS = {
    "an unmasked frame": (b"\x81\x05hello", 1002),
    "an unknown opcode": (masked(0x83), 1002),
    "an unknown control frame": (masked(0x8B), 1002),
    "a reserved bit": (masked(0x91), 1002),
    "a fragmented ping": (masked(0x09), 1002),
    "a long ping": (masked(0x89, bytes(126)), 1002),
    "a continuation of nothing": (masked(0x80), 1002),
    "a message within a message": (masked(0x01, b"a") + masked(0x81, b"b"), 1002),
    "a Close of one byte": (masked(CLOSE, b"\x03"), 1002),
    "a Close with a code that is never sent": (masked(CLOSE, b"\x03\xed"), 1002),
    "a Close with a reason that is not UTF-8": (masked(CLOSE, b"\x03\xe8\xff"), 1007),
    "text that is not UTF-8": (masked(TEXT, b"\xff"), 1007),
    "text that ends within a character": (masked(TEXT, b"\xc3"), 1007),
    "text of a surrogate": (masked(TEXT, b"\xed\xa0\x80"), 1007),
    "a fragment that is not UTF-8": (masked(0x01, b"\xff"), 1007),
    "a message over the limit": (masked(BINARY, bytes(1001)), 1009),
    "fragments over the limit": (masked(0x02, bytes(600)) + masked(0x80, bytes(600)), 1009),
}


def each_violation(names: object = VIOLATIONS) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("name", names)


@pytest.fixture
def small(make_net: Callable[..., MemoryNet]) -> MemoryNet:
    """A server that takes messages of 1,000 bytes."""
    return make_net(limits=Limits(max_message_bytes=1000))


def code_of(close: bytes) -> int:
    return int.from_bytes(close[:2], "big")


@each_violation()
def test_a_violation_is_answered_with_its_close_code(small: MemoryNet, name: str) -> None:
    violation, code = VIOLATIONS[name]

    [(first, payload)] = unframe(small.open("/echo").ask(violation))

    assert (first, code_of(payload)) == (CLOSE, code)


# After a bad Close there is nothing to wait for.
@each_violation([name for name in VIOLATIONS if "Close with" not in name])
def test_after_a_violation_the_peers_close_ends_the_connection(small: MemoryNet, name: str) -> None:
    peer = small.open("/echo")
    peer.ask(VIOLATIONS[name][0])

    assert peer.ask(masked(CLOSE, b"\x03\xe8")) == b""
    assert peer.lost


@each_violation()
def test_a_violator_that_never_closes_is_dropped(small: MemoryNet, name: str) -> None:
    peer = small.open("/echo")
    peer.send(VIOLATIONS[name][0])

    small.wait(5)

    assert peer.lost


@each_violation([name for name in VIOLATIONS if "Close with" not in name])
def test_a_publication_hears_the_code_of_the_violation(small: MemoryNet, name: str) -> None:
    journal = Journal()
    violation, code = VIOLATIONS[name]
    small.publish("/p", **journal.callbacks)
    peer = small.open("/p")

    peer.send(violation, masked(CLOSE, code.to_bytes(2, "big")))

    assert [line if line == "open" else line[0] for line in journal.lines] == ["open", code]


@each_violation(["text that is not UTF-8", "an unmasked frame", "a message over the limit"])
def test_nothing_is_taken_after_a_violation(small: MemoryNet, name: str) -> None:
    journal = Journal()
    small.publish("/p", **journal.callbacks)
    peer = small.open("/p")

    peer.send(VIOLATIONS[name][0], masked(TEXT, b"late"))
    peer.hang_up()

    assert "late" not in journal.lines


def test_the_largest_message_is_taken(small: MemoryNet) -> None:
    assert small.open("/echo").ask(masked(BINARY, bytes(1000))) == plain(BINARY, bytes(1000))


def test_a_message_over_the_limit_is_refused_by_its_head_alone(small: MemoryNet) -> None:
    [(first, payload)] = unframe(small.open("/echo").ask(b"\x82\xff\x00\x00\x00\x00\x80\x00\x00\x00\0\0\0\0"))

    assert (first, code_of(payload)) == (CLOSE, 1009)


def test_the_others_go_on(small: MemoryNet) -> None:
    other = small.open("/echo")

    small.open("/echo").send(VIOLATIONS["text that is not UTF-8"][0])

    assert other.ask(masked(TEXT, b"x")) == b"\x81\x01x"
