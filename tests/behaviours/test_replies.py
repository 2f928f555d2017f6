"""Replies as the query wants them, and messages that are no replies."""

from __future__ import annotations

import hashlib

import pytest

from tests.pair import BINARY, CLOSE, PING, TEXT, MemoryNet, RawPeer, masked, plain, request, unframe

X = masked(TEXT, b"x")
DEFLATE = "Sec-WebSocket-Extensions: permessage-deflate"


def texts(data: bytes) -> list[str]:
    """The text messages in these bytes."""
    frames = unframe(data)
    assert {first for first, _ in frames} <= {TEXT}
    return [payload.decode() for _, payload in frames]


def wait(net: MemoryNet, peer: RawPeer, *moments: float) -> list[bytes]:
    """What has come by each of these moments, in seconds from now."""
    came, now = [], 0.0
    for moment in moments:
        net.wait(moment - now)
        now = moment
        came.append(peer.take())
    return came


def test_delay_replies_later(net: MemoryNet) -> None:
    peer = net.open("/echo?delay=200ms")
    assert peer.ask(X) == b""
    assert wait(net, peer, 0.199, 0.2) == [b"", plain(TEXT, b"x")]


def test_each_reply_has_its_own_delay(net: MemoryNet) -> None:
    peer = net.open("/echo?delay=1s")
    peer.send(X)
    net.wait(0.5)
    peer.send(masked(BINARY, b"y"))
    assert wait(net, peer, 0.5, 1.0) == [plain(TEXT, b"x"), plain(BINARY, b"y")]


@pytest.mark.parametrize("seed", range(5))
def test_jitter_keeps_the_order(net: MemoryNet, seed: int) -> None:
    peer = net.open(f"/echo?delay=100ms&jitter=1s&seed={seed}")
    peer.send(*(masked(TEXT, str(number).encode()) for number in range(20)))
    assert peer.take() == b""
    assert wait(net, peer, 0.099) == [b""]
    net.wait(1.01)
    assert texts(peer.take()) == [str(number) for number in range(20)]


def test_a_seed_repeats_drops_and_jitters(net: MemoryNet) -> None:
    came = []
    for _ in range(2):
        peer = net.open("/echo?drop=0.5&jitter=1s&seed=42")
        peer.send(*(masked(TEXT, str(number).encode()) for number in range(20)))
        came.append(wait(net, peer, 0.2, 0.4, 0.6, 0.8, 1.0))
    assert came[0] == came[1]
    assert 3 < len(texts(b"".join(came[0]))) < 17


@pytest.mark.parametrize(("share", "count"), [("0", 10), ("1", 0)])
def test_drop_leaves_out_a_share(net: MemoryNet, share: str, count: int) -> None:
    assert len(unframe(net.open(f"/echo?drop={share}").ask(*[X] * 10))) == count


def test_times_repeats_each_reply(net: MemoryNet) -> None:
    assert texts(net.open("/echo?times=3").ask(X, masked(TEXT, b"y"))) == ["x"] * 3 + ["y"] * 3


def test_reply_none_says_nothing_but_hears_everything(net: MemoryNet) -> None:
    peer = net.open("/simple-echo?reply=none")
    assert peer.ask(masked(TEXT, b"add")) == b""
    assert net.open("/simple-echo").ask(X) == plain(TEXT, b"x...added...")


@pytest.mark.parametrize("first", [TEXT, BINARY])
def test_reply_size_counts_the_bytes(net: MemoryNet, first: int) -> None:
    assert net.open("/echo?reply=size").ask(masked(first, "é".encode())) == plain(TEXT, b"2")


@pytest.mark.parametrize("first", [TEXT, BINARY])
def test_reply_sha256_names_the_bytes(net: MemoryNet, first: int) -> None:
    digest = hashlib.sha256(b"abc").hexdigest().encode()
    assert net.open("/echo?reply=sha256").ask(masked(first, b"abc")) == plain(TEXT, digest)


def test_fragment_cuts_a_message(net: MemoryNet) -> None:
    assert net.open("/echo?fragment=2").ask(masked(TEXT, b"hello")) == b"\x01\x02he\x00\x02ll\x80\x01o"


@pytest.mark.parametrize("text", [b"", b"a", b"ab"])
def test_fragment_leaves_a_short_message_whole(net: MemoryNet, text: bytes) -> None:
    assert net.open("/echo?fragment=2").ask(masked(TEXT, text)) == plain(TEXT, text)


def test_fragments_of_a_compressed_message_are_marked_once(net: MemoryNet) -> None:
    frames = unframe(net.open("/echo?fragment=4", DEFLATE).ask(masked(TEXT, b"hello")))
    # The first has RSV1, the last FIN (RFC 7692, 6.1).
    assert [first for first, _ in frames] == [0x41, 0x80]


def test_a_compressed_message_comes_whole_too(net: MemoryNet) -> None:
    assert [first for first, _ in unframe(net.open("/echo?times=1&delay=0s&fragment=1M", DEFLATE).ask(X))] == [0xC1]


def test_the_mode_of_multi_echo_works_beneath(net: MemoryNet) -> None:
    peer, other = net.open("/multi-echo?delay=200ms"), net.open("/multi-echo?times=2")
    peer.send(masked(TEXT, b"add"), X, masked(BINARY, b"b"))
    net.wait(0.2)
    assert peer.take() == plain(TEXT, b"add...added...") + plain(TEXT, b"x...added...") + plain(BINARY, b"b")
    assert texts(other.ask(X)) == ["x", "x"]


def test_the_mode_of_simple_echo_is_shared_with_plain_clients(net: MemoryNet) -> None:
    net.open("/simple-echo").ask(masked(TEXT, b"add"))
    assert texts(net.open("/simple-echo?times=2").ask(X)) == ["x...added..."] * 2


def take_nothing(net: MemoryNet, path: str) -> RawPeer:
    """A client that opens a connection and reads nothing of it."""
    peer = net.raw()
    peer.transport.write(request(path))
    peer.transport.pauseProducing()
    net.settle()
    return peer


# Pace


def test_rate_spreads_what_is_sent(net: MemoryNet) -> None:
    peer = net.open("/echo?rate=100")
    peer.send(masked(BINARY, bytes(196)))
    assert len(peer.take()) == 10
    net.wait(0.09)
    assert peer.take() == b""
    sizes = []
    for _ in range(20):
        net.wait(0.1)
        sizes.append(len(peer.take()))
    assert sizes == [10] * 19 + [0]


def test_a_close_waits_behind_what_is_owed(net: MemoryNet) -> None:
    peer = net.open("/echo?rate=1K")
    net.wait(10)
    peer.send(masked(BINARY, bytes(1000)), masked(CLOSE, b"\x03\xe8"))
    assert len(peer.take()) < 200
    net.wait(0.5)
    assert not peer.heard_end
    for _ in range(10):
        net.wait(0.1)
    assert unframe(peer.received[-4:]) == [(CLOSE, b"\x03\xe8")]
    assert peer.lost


def test_chop_limits_each_write(net: MemoryNet) -> None:
    peer = net.open("/echo?chop=3")
    pieces: list[bytes] = []
    peer.dataReceived = pieces.append  # type: ignore[method-assign]
    peer.send(masked(TEXT, b"hello"))
    assert pieces == [b"\x81\x05h", b"ell", b"o"]


def test_no_room_no_reading(net: MemoryNet) -> None:
    """What a client may make the server owe is bounded: then its messages stay with it."""
    peer = net.open("/echo?rate=1K")
    peer.send(*[masked(BINARY, bytes(10_000))] * 100)
    assert sum(map(len, peer.transport.stream)) > 500_000
    peer.vanish()


@pytest.mark.parametrize("message", [masked(PING, bytes(100)) * 100, masked(BINARY, bytes(10_000))])
def test_what_waits_to_leave_stops_reading_and_is_all_sent(net: MemoryNet, message: bytes) -> None:
    peer = net.open("/echo?rate=1M")
    peer.send(*[message] * 100)
    assert sum(map(len, peer.transport.stream)) > 500_000
    for _ in range(200):
        net.wait(0.01)
    replies = [payload for _, payload in unframe(peer.take())]
    assert b"".join(replies) == bytes(1_000_000)


def test_too_many_waiting_replies_stop_reading_until_some_are_sent(net: MemoryNet) -> None:
    peer = net.open("/echo?delay=10s")
    peer.send(*[masked(BINARY, bytes(10_000))] * 100)
    assert sum(map(len, peer.transport.stream)) > 500_000
    for _ in range(10):
        net.wait(10)
    replies = [payload for first, payload in unframe(peer.take()) if first == BINARY]
    assert replies == [bytes(10_000)] * 100


@pytest.mark.parametrize(
    ("path", "frames", "most"),
    [("/echo?times=1000&delay=10s", masked(BINARY) * 10_000, 2100), ("/info?delay=10s", masked(BINARY) * 10_000, 600)],
)
def test_what_was_read_at_one_go_waits_too(net: MemoryNet, path: str, frames: bytes, most: int) -> None:
    """Many small messages whose replies are large are not all worked on."""
    peer = net.open(path)
    peer.send(frames)
    [protocol] = net.server.connections.all()
    assert 100 < len(protocol.script.replies) < most
    assert protocol.script.replies.weight < 300_000
    assert len(protocol.data) > 6 * 7000
    peer.vanish()


def test_what_waited_to_be_worked_on_is_all_answered(net: MemoryNet) -> None:
    peer = net.open("/echo?delay=1s")
    peer.send(*[masked(BINARY, b"a" * 10)] * 4000)
    for _ in range(100):
        net.wait(0.5)
    assert unframe(peer.take()).count((BINARY, b"a" * 10)) == 4000
    peer.vanish()


# Unsolicited


def test_greet_is_the_first_message(net: MemoryNet) -> None:
    peer = net.open("/echo?greet=hello+%C3%A9")
    assert peer.take() == plain(TEXT, "hello é".encode())


def test_push_comes_again_and_again(net: MemoryNet) -> None:
    peer = net.open("/echo?push=tick&every=500ms&count=3")
    assert peer.take() == b""
    tick = plain(TEXT, b"tick")
    assert wait(net, peer, 0.499, 0.5, 1.0, 1.5, 2.0, 9.0) == [b"", tick, tick, tick, b"", b""]


def test_push_comes_every_second_without_end(net: MemoryNet) -> None:
    peer = net.open("/echo?push=tick")
    assert wait(net, peer, 1, 2, 3, 4) == [plain(TEXT, b"tick")] * 4


def test_a_push_waits_for_a_client_that_takes_nothing(net: MemoryNet) -> None:
    peer = take_nothing(net, f"/echo?push={'a' * 8000}&every=10ms&count=30")
    for _ in range(100):
        net.wait(0.01)
    peer.transport.resumeProducing()
    for _ in range(100):
        net.wait(0.01)
    assert peer.take().count(b"a" * 8000) == 30


def test_flood_sends_so_many_bytes(net: MemoryNet) -> None:
    peer = net.open("/echo?flood=200K")
    net.settle()
    frames = unframe(peer.take())
    assert [(first, len(payload)) for first, payload in frames] == [(BINARY, 65536)] * 3 + [(BINARY, 8192)]


def test_a_flood_goes_at_the_pace_of_the_client(net: MemoryNet) -> None:
    peer = take_nothing(net, "/echo?flood=1024M")
    assert sum(map(len, peer.transport.far.stream)) < 10_000
    for _ in range(25):
        net.wait(1)
    assert peer.lost


def test_a_flood_goes_at_the_rate_that_is_asked_for(net: MemoryNet) -> None:
    peer = net.open("/echo?flood=1024M&rate=10K")
    for _ in range(10):
        net.wait(0.1)
    assert 10_000 <= len(peer.take()) <= 12_000


# Pings


def test_ping_comes_at_its_interval(net: MemoryNet) -> None:
    peer = net.open("/echo?ping=1s&ping-payload=are+you+there")
    ping = plain(PING, b"are you there")
    assert wait(net, peer, 0.9, 1.0, 2.0) == [b"", ping, ping]


@pytest.mark.parametrize(
    ("query", "payload", "pong"),
    [
        ("pong=wrong", b"a\x00", plain(0x8A, b"\x9e\xff")),
        ("pong=wrong", b"", plain(0x8A, b"unasked")),
        ("pong=none", b"a", b""),
        ("delay=1s", b"a", plain(0x8A, b"a")),
        ("pong=unasked", b"a", plain(0x8A, b"a")),
    ],
)
def test_a_ping_is_answered_as_asked(net: MemoryNet, query: str, payload: bytes, pong: bytes) -> None:
    peer = net.open(f"/echo?{query}")
    peer.take()
    assert peer.ask(masked(PING, payload)) == pong


def test_pong_may_be_late(net: MemoryNet) -> None:
    peer = net.open("/echo?pong=delay:2s")
    assert peer.ask(masked(PING, b"a")) == b""
    assert wait(net, peer, 1.9, 2.0) == [b"", plain(0x8A, b"a")]


def test_so_many_late_pongs_are_kept_and_no_more(net: MemoryNet) -> None:
    peer = net.open("/echo?pong=delay:2s")
    peer.send(masked(PING, b"a") * 1100)
    net.wait(2)
    assert len(unframe(peer.take())) == 1000


def test_a_pong_may_come_unasked(net: MemoryNet) -> None:
    assert net.open("/echo?pong=unasked").take() == plain(0x8A, b"unasked")


def test_no_ping_is_added_to_what_a_client_does_not_take(net: MemoryNet) -> None:
    peer = net.open("/echo?ping=10ms&flood=1M&rate=1M")
    for _ in range(200):
        net.wait(0.01)
    assert 20 < sum(first == PING for first, _ in unframe(peer.take())) < 120
