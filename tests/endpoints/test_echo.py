"""The three echoes answer on the wire what the oracle of the note says."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from echod import Echo, EndpointFactory
from tests.oracle import MULTI, SHARED, SIMPLE
from tests.pair import BINARY, TEXT, MemoryNet, RawPeer, masked, unframe

ALL = ["/simple-echo", "/multi-echo", "/echo", "/"]


def say(peer: RawPeer, text: str) -> str:
    """The one reply to a text message."""
    [(first, reply)] = unframe(peer.ask(masked(TEXT, text.encode())))
    assert first == TEXT
    return reply.decode()


@pytest.mark.parametrize("path", ["/simple-echo", "/multi-echo"])
def test_one_client_hears_what_the_oracle_says(net: MemoryNet, path: str) -> None:
    peer = net.open(path)

    replies = [(text, say(peer, text)) for text, _ in SIMPLE]

    assert replies == SIMPLE


def test_the_simple_echo_has_one_mode_for_all(net: MemoryNet) -> None:
    clients = {"a": net.open("/simple-echo"), "b": net.open("/simple-echo")}

    replies = [(who, text, say(clients[who], text)) for who, text, _ in SHARED]

    assert replies == SHARED


def test_the_mode_of_the_simple_echo_outlives_its_clients(net: MemoryNet) -> None:
    peer = net.open("/simple-echo")
    say(peer, "add")
    peer.hang_up()

    assert say(net.open("/simple-echo"), "x") == "x...added..."


def test_each_server_starts_with_the_mode_off(make_net: Callable[..., MemoryNet]) -> None:
    say(make_net().open("/simple-echo"), "add")

    assert say(make_net().open("/simple-echo"), "x") == "x"


def test_the_multi_echo_has_a_mode_for_each_client(net: MemoryNet) -> None:
    clients = {"a": net.open("/multi-echo"), "b": net.open("/multi-echo")}

    replies = [(who, text, say(clients[who], text)) for who, text, _ in MULTI]

    assert replies == MULTI


@pytest.mark.parametrize("leave", [RawPeer.hang_up, RawPeer.vanish])
def test_the_mode_of_the_multi_echo_is_gone_with_its_client(net: MemoryNet, leave: object) -> None:
    peer = net.open("/multi-echo")
    say(peer, "add")
    leave(peer)

    assert say(net.open("/multi-echo"), "x") == "x"


def test_a_reply_goes_to_its_sender_only(net: MemoryNet) -> None:
    sender, other = net.open("/simple-echo"), net.open("/simple-echo")

    say(sender, "x")

    assert other.take() == b""


@pytest.mark.parametrize("path", ["/echo", "/"])
def test_the_plain_echo_has_no_modes(net: MemoryNet, path: str) -> None:
    peer = net.open(path)

    assert [say(peer, text) for text in ("add", "x", "")] == ["add", "x", ""]


@pytest.mark.parametrize("mode", ["add", "none"])
@pytest.mark.parametrize("payload", [b"add", b"none", b"", bytes(range(256))])
@pytest.mark.parametrize("path", ["/simple-echo", "/multi-echo"])
def test_binary_comes_back_as_it_is_in_either_mode(net: MemoryNet, path: str, mode: str, payload: bytes) -> None:
    peer = net.open(path)
    say(peer, mode)

    assert unframe(peer.ask(masked(BINARY, payload))) == [(BINARY, payload)]
    assert say(peer, "x") == {"add": "x...added...", "none": "x"}[mode]


@pytest.mark.parametrize("path", ALL)
def test_empty_messages_come_back_empty(net: MemoryNet, path: str) -> None:
    peer = net.open(path)

    assert peer.ask(b"\x81\x80\x01\x02\x03\x04") == b"\x81\x00"
    assert peer.ask(b"\x82\x80\x01\x02\x03\x04") == b"\x82\x00"


def test_a_frame_is_unmasked_and_answered_without_a_mask(net: MemoryNet) -> None:
    # The sample of RFC 6455, 5.7.
    assert net.open("/echo").ask(b"\x81\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58") == b"\x81\x05Hello"


def test_fragments_are_one_message(net: MemoryNet) -> None:
    peer = net.open("/multi-echo")
    start, middle, end = b"\x01\x81\0\0\0\0a", b"\x00\x81\0\0\0\0d", b"\x80\x81\0\0\0\0d"

    assert peer.ask(start, middle) == b""
    assert peer.ask(end) == b"\x81\x0eadd...added..."


def test_a_ping_between_fragments_is_answered_at_once(net: MemoryNet) -> None:
    peer = net.open("/echo")

    answer = peer.ask(b"\x01\x81\0\0\0\0a" + b"\x89\x82\0\0\0\0hi" + b"\x80\x81\0\0\0\0b")

    assert answer == b"\x8a\x02hi" + b"\x81\x02ab"


@pytest.mark.parametrize("payload", [b"", b"hi", bytes(125)])
def test_a_ping_is_answered_with_its_payload(net: MemoryNet, payload: bytes) -> None:
    assert unframe(net.open("/echo").ask(masked(0x89, payload))) == [(0x8A, payload)]


def test_an_unasked_pong_is_not_answered(net: MemoryNet) -> None:
    assert net.open("/echo").ask(b"\x8a\x82\0\0\0\0hi") == b""


def test_replies_keep_the_order_of_messages(net: MemoryNet) -> None:
    texts = [str(number) for number in range(100)]

    answer = net.open("/simple-echo").ask(b"".join(masked(TEXT, text.encode()) for text in texts))

    assert [reply.decode() for _, reply in unframe(answer)] == texts


@pytest.mark.parametrize("size", [125, 126, 65535, 65536, 1_000_000])
def test_any_length_comes_back_in_one_frame(net: MemoryNet, size: int) -> None:
    payload = b"\xc3\xa4" * (size // 2)

    assert unframe(net.open("/echo").ask(masked(TEXT, payload))) == [(TEXT, payload)]


def test_a_reply_may_be_longer_than_the_longest_message(net: MemoryNet) -> None:
    net.publish("/twice", on_message=lambda contract, data, _ext: contract.send(data * 2), max_message_size=4)

    assert net.open("/twice").ask(masked(TEXT, b"abcd")) == b"\x81\x08abcdabcd"


def test_a_program_of_autobahn_may_choose_its_frames(net: MemoryNet) -> None:
    class Halves(Echo):
        def onMessage(self, payload: bytes, is_binary: bool) -> None:
            self.beginMessage(is_binary)
            self.sendMessageFrame(payload[:1])
            self.sendMessageFrame(payload[1:])
            self.endMessage()

    factory = EndpointFactory(net.server.context)
    factory.protocol = Halves
    net.server.publish("/halves", factory)

    assert net.open("/halves").ask(masked(TEXT, b"abc")) == b"\x01\x01a" + b"\x00\x02bc" + b"\x80\x00"
