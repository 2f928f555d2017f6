"""The frames of the client: masked with what cannot be foreseen, compressed when negotiated, answered."""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from typing import Any

import pytest

from echod.api import client
from echod.settings import Limits
from tests.deflate import HELLO, HELLO_ENDED, TAIL
from tests.pair import BINARY, CLOSE, PING, PONG, TEXT, Journal, MemoryNet, RawPeer, plain, unframe, welcome

DEFLATE = "Sec-WebSocket-Extensions: permessage-deflate"


@pytest.fixture
def server() -> RawPeer:
    return RawPeer()


@pytest.fixture
def journal(net: MemoryNet, server: RawPeer) -> Journal:
    """What a client hears that is open and has said nothing."""
    journal = Journal()
    net.connect(far_end=lambda: server, **journal.callbacks)
    welcome(server)
    return journal


@pytest.fixture
def contract(journal: Journal) -> Any:
    return journal.contract


@pytest.fixture
def foreseen(contract: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
    """The contract of a client whose randomness is 0x01010101, then 0x02020202 …"""
    numbers: Iterator[int] = iter(range(1, 256))
    monkeypatch.setattr(client.os, "urandom", lambda count: bytes([next(numbers)]) * count)
    return contract


def sent_by(net: MemoryNet, server: RawPeer) -> bytes:
    """The bytes that the client has sent."""
    net.settle()
    return server.take()


def test_masks_are_random_bytes_of_the_system(net: MemoryNet, server: RawPeer, foreseen: Any) -> None:
    foreseen.send("AB")
    foreseen.send(b"AB")

    assert sent_by(net, server) == b"\x81\x82\x01\x01\x01\x01@C" + b"\x82\x82\x02\x02\x02\x02C@"


def test_masks_differ_from_frame_to_frame(net: MemoryNet, server: RawPeer, contract: Any) -> None:
    for _ in range(20):
        contract.send("")

    frames = sent_by(net, server)
    assert len({frames[start + 2 : start + 6] for start in range(0, 120, 6)}) == 20


@pytest.mark.parametrize("size", [0, 1, 3, 4, 5, 125, 126, 65535, 65536, 200_001])
def test_any_length_is_masked_and_comes_out_whole(net: MemoryNet, server: RawPeer, contract: Any, size: int) -> None:
    payload = bytes(number % 251 for number in range(size))

    contract.send(payload)

    frames = sent_by(net, server)
    assert frames[1] & 0x80
    assert unframe(frames) == [(BINARY, payload)]


def test_control_frames_are_masked_too(net: MemoryNet, server: RawPeer, foreseen: Any) -> None:
    server.send(b"\x89\x02AB")
    assert server.take() == b"\x8a\x82\x01\x01\x01\x01@C"

    foreseen.close()

    assert sent_by(net, server) == b"\x88\x82\x02\x02\x02\x02\x01\xea"


@pytest.mark.usefixtures("contract")
def test_a_ping_is_answered_with_its_payload(server: RawPeer) -> None:
    assert unframe(server.ask(plain(PING, b"hello"))) == [(PONG, b"hello")]


def test_messages_are_heard_in_order_with_their_types(server: RawPeer, journal: Journal) -> None:
    server.send(b"\x81\x01a" + b"\x82\x01\xff" + b"\x01\x01b\x80\x01c" + b"\x81\x00")

    assert journal.lines == ["open", "a", b"\xff", "bc", ""]


def test_a_message_may_be_longer_than_what_is_taken(net: MemoryNet, server: RawPeer) -> None:
    contract = open_with(net, server, limits=Limits(max_message_bytes=3))

    contract.send("abcdef")

    assert unframe(sent_by(net, server)) == [(TEXT, b"abcdef")]


@pytest.mark.parametrize(
    ("frame", "code"),
    [
        (b"\x81\x82\0\0\0\0AB", 1002),
        (b"\x83\x00", 1002),
        (b"\x81\x01\xff", 1007),
        (b"\x88\x02\x03\xed", 1002),
        (b"\x88\x03\x03\xe8\xff", 1007),
        (b"\x82\x7f\x00\x00\x00\x00\x40\x00\x00\x00", 1009),
    ],
)
@pytest.mark.usefixtures("contract")
def test_a_violation_of_the_server_is_answered_with_its_code(server: RawPeer, frame: bytes, code: int) -> None:
    [(first, payload)] = unframe(server.ask(frame))

    assert (first, payload[:2]) == (CLOSE, code.to_bytes(2, "big"))


def test_fragments_over_the_limit_are_answered_with_1009(net: MemoryNet, server: RawPeer) -> None:
    open_with(net, server, limits=Limits(max_message_bytes=10))

    [(first, payload)] = unframe(server.ask(b"\x02\x06abcdef" + b"\x80\x06ghijkl"))

    assert (first, payload[:2]) == (CLOSE, b"\x03\xf1")


def open_with(net: MemoryNet, server: RawPeer, *answer: str, **plan: Any) -> Any:
    """The contract of a client that is open after this answer."""
    opening = net.connect(far_end=lambda: server, **plan)
    welcome(server, *answer)
    return opening.contract


def test_messages_are_compressed_when_the_server_agrees(net: MemoryNet, server: RawPeer) -> None:
    contract, inflate = open_with(net, server, DEFLATE), zlib.decompressobj(-15)

    contract.send("hello " * 50)
    contract.send(b"hello " * 50)

    frames = unframe(sent_by(net, server))
    assert [first for first, _ in frames] == [0xC1, 0xC2]
    assert [inflate.decompress(body + TAIL) for _, body in frames] == [b"hello " * 50] * 2
    assert len(frames[1][1]) < len(frames[0][1]) < 50


def test_messages_are_not_compressed_when_the_server_does_not_agree(
    net: MemoryNet, server: RawPeer, contract: Any
) -> None:
    contract.send("hello")

    assert unframe(sent_by(net, server)) == [(TEXT, b"hello")]


def test_an_empty_list_of_extensions_selects_none(net: MemoryNet, server: RawPeer) -> None:
    contract = open_with(net, server, "Sec-WebSocket-Extensions: ,")

    contract.send("hello")

    assert unframe(sent_by(net, server)) == [(TEXT, b"hello")]


def test_compressed_messages_are_understood(net: MemoryNet, server: RawPeer) -> None:
    journal = Journal()
    open_with(net, server, DEFLATE, **journal.callbacks)

    # The sample of RFC 7692, 7.2.3.1, and the same again with the context of the first (7.2.3.2).
    server.send(b"\xc1\x07\xf2\x48\xcd\xc9\xc9\x07\x00" + b"\xc1\x05\xf2\x00\x11\x00\x00")

    assert journal.lines == ["open", "Hello", "Hello"]


@pytest.mark.parametrize("ended", [HELLO_ENDED, HELLO_ENDED[:-1]])
def test_after_a_stream_that_has_ended_every_message_is_understood(
    net: MemoryNet, server: RawPeer, ended: bytes
) -> None:
    journal = Journal()
    open_with(net, server, DEFLATE, **journal.callbacks)

    server.send(plain(0xC1, ended), plain(0xC1, HELLO), plain(0xC1, ended), plain(0xC1, HELLO))

    assert journal.lines == ["open", "Hello", "Hello", "Hello", "Hello"]


@pytest.mark.parametrize("bits", range(8, 16))
def test_the_server_may_choose_windows(net: MemoryNet, server: RawPeer, bits: int) -> None:
    parameters = f"; client_max_window_bits={bits}; server_max_window_bits={bits}"
    contract, inflate = open_with(net, server, DEFLATE + parameters), zlib.decompressobj(-bits)
    text = "".join(f"{number:04}" for number in range(1000))

    for _ in range(2):
        contract.send(text)

    frames = unframe(sent_by(net, server))
    assert [inflate.decompress(body + TAIL) for _, body in frames] == [text.encode()] * 2


def test_the_server_may_forbid_a_context(net: MemoryNet, server: RawPeer) -> None:
    contract = open_with(net, server, DEFLATE + "; client_no_context_takeover")

    contract.send("Hello")
    contract.send("Hello")

    bodies = [body for _, body in unframe(sent_by(net, server))]
    assert bodies[0] == bodies[1]


def test_an_answer_to_an_offer_that_was_not_made_is_refused(net: MemoryNet, server: RawPeer) -> None:
    opening = net.connect(far_end=lambda: server, compression=False)

    welcome(server, DEFLATE)

    assert "'permessage-deflate', which was not offered" in str(opening.error)


def test_both_ends_compress_with_each_other(net: MemoryNet) -> None:
    heard: list[str] = []
    contract = net.connect("/simple-echo", on_message=lambda _contract, data, _ext: heard.append(data)).contract

    for text in ("add", "hello " * 100, "none", "x"):
        contract.send(text)
    net.settle()

    assert heard == ["add...added...", "hello " * 100 + "...added...", "none", "x"]


def test_a_stream_of_frames_may_be_chosen_by_hand(net: MemoryNet, server: RawPeer, foreseen: Any) -> None:
    foreseen._connection.sendFrame(0, b"AB", fin=False)

    assert sent_by(net, server) == b"\x00\x82\x01\x01\x01\x01@C"
