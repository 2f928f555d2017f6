"""Reading that stops, connections that end as asked or not at all, and frames that no server may send."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from echod.rules.behaviours.violations import VIOLATIONS
from echod.settings import Limits
from tests.pair import BINARY, CLOSE, PING, TEXT, MemoryNet, RawPeer, masked, plain, request, unframe

X = masked(TEXT, b"x")
REPLY = plain(TEXT, b"x")
TEN_MINUTES = 600
BYE = masked(CLOSE, b"\x03\xe8")


# Reading


def test_stall_stops_reading_after_so_many_messages(net: MemoryNet) -> None:
    peer = net.open("/echo?stall=2")
    assert peer.ask(X * 5 + masked(PING)) == REPLY * 2
    assert peer.ask(X) == b""
    assert sum(map(len, peer.transport.stream)) > 0


def test_stall_stops_reading_after_a_time(net: MemoryNet) -> None:
    peer = net.open("/echo?stall=2s")
    assert peer.ask(X) == REPLY
    net.wait(2)
    assert peer.ask(X) == b""


def test_stall_stops_reading_at_once(net: MemoryNet) -> None:
    assert net.open("/echo?stall=0").ask(X) == b""


def test_a_stall_ends_and_nothing_is_lost(net: MemoryNet) -> None:
    peer = net.open("/echo?stall=1&stall-for=10s")
    assert peer.ask(X * 3, X) == REPLY
    net.wait(9.9)
    assert peer.take() == b""
    net.wait(0.1)
    assert peer.take() == REPLY * 3


def test_during_a_stall_pings_go_on(net: MemoryNet) -> None:
    peer = net.open("/echo?stall=0")
    net.wait(20)
    ping = peer.take()
    assert ping[0] == PING
    net.wait(20)
    net.wait(20)
    assert peer.take() == ping * 2


def test_a_client_that_is_gone_is_noticed_during_a_stall(net: MemoryNet, monkeypatch: pytest.MonkeyPatch) -> None:
    peer = net.open("/echo?stall=0")
    net.wait(20)
    monkeypatch.setattr("echod.behaviours.protocol.is_broken", lambda _: True)
    net.wait(20)
    assert peer.lost
    assert net.server.counters.counts() == {"ping timeout": 1}


def test_what_comes_during_a_stall_waits_for_its_end(net: MemoryNet) -> None:
    peer = net.open("/echo?stall=0&stall-for=1s")
    peer.transport.arrive(X)
    net.settle()
    assert peer.take() == b""
    net.wait(1)
    assert peer.take() == REPLY


def test_a_stall_of_no_time_is_none(net: MemoryNet) -> None:
    peer = net.open("/echo?stall=1&stall-for=0ms")
    assert peer.ask(X * 3) == REPLY * 3


def test_a_stall_ends_after_ten_minutes_by_itself(net: MemoryNet) -> None:
    peer = net.open("/echo?stall=0")
    peer.send(X)
    for _ in range(TEN_MINUTES // 10):
        assert REPLY not in peer.take()
        net.wait(10)
    assert REPLY in peer.take()


def test_a_stalled_server_still_speaks(net: MemoryNet) -> None:
    peer = net.open("/echo?stall=0&push=tick")
    net.wait(1)
    assert peer.take() == plain(TEXT, b"tick")


# Ending


@pytest.mark.parametrize(
    ("query", "close"),
    [
        ("close=4001", b"\x0f\xa1"),
        ("close=1000&reason=bye", b"\x03\xe8bye"),
        ("close=4999&reason=%C3%A9", b"\x13\x87\xc3\xa9"),
    ],
)
def test_close_closes_at_once(net: MemoryNet, query: str, close: bytes) -> None:
    peer = net.open(f"/echo?{query}")
    assert peer.take() == plain(CLOSE, close)
    peer.send(masked(CLOSE, close))
    assert peer.lost


def test_close_comes_after_the_replies_to_so_many_messages(net: MemoryNet) -> None:
    peer = net.open("/echo?close=4001&after=2&delay=1s")
    assert peer.ask(X * 4) == b""
    net.wait(1)
    assert peer.take() == REPLY * 2 + plain(CLOSE, b"\x0f\xa1")


def test_close_comes_after_a_time_and_replies_that_wait_are_dropped(net: MemoryNet) -> None:
    peer = net.open("/echo?close=4001&after=2s&delay=3s")
    peer.send(X)
    net.wait(2)
    assert peer.take() == plain(CLOSE, b"\x0f\xa1")
    peer.send(masked(CLOSE, b"\x0f\xa1"))
    assert peer.lost


def test_a_client_that_does_not_answer_our_close_is_cut(net: MemoryNet) -> None:
    peer = net.open("/echo?close=4001")
    for _ in range(6):
        net.wait(1)
    assert peer.lost


@pytest.mark.parametrize("end", ["abort", "fin"])
def test_an_end_without_a_close_comes_after_the_replies(net: MemoryNet, end: str) -> None:
    peer = net.open(f"/echo?end={end}&after=1")
    assert peer.ask(X * 2) == REPLY
    assert peer.lost


def test_fin_is_the_end_of_the_stream_alone(net: MemoryNet) -> None:
    peer = net.raw()
    peer.keeps_open = True
    peer.send(request("/echo?end=fin"))
    assert peer.heard_end
    assert not peer.lost
    peer.hang_up()


def test_abort_is_a_reset(net: MemoryNet) -> None:
    peer = net.open("/echo?end=abort&after=1")
    peer.send(X)
    assert peer.lost
    assert not peer.heard_end


def test_an_end_at_its_time_loses_what_is_on_its_way(net: MemoryNet) -> None:
    peer = net.open("/echo?end=abort&after=1s&rate=100")
    peer.send(masked(BINARY, bytes(1000)))
    for _ in range(11):
        net.wait(0.1)
    assert peer.lost
    assert 50 < len(peer.take()) < 150


def test_an_end_waits_for_what_is_on_its_way_when_it_counts(net: MemoryNet) -> None:
    peer = net.open("/echo?end=abort&after=1&rate=1K")
    peer.send(masked(BINARY, bytes(1000)))
    for _ in range(11):
        net.wait(0.1)
    assert unframe(peer.take()) == [(BINARY, bytes(1000))]
    assert peer.lost


def test_vanish_says_and_hears_nothing(net: MemoryNet) -> None:
    peer = net.open("/echo?end=vanish&after=1&push=tick")
    assert peer.ask(X, X, masked(PING), BYE) == REPLY
    for _ in range(TEN_MINUTES - 1):
        net.wait(1)
    assert peer.take() == b""
    assert not peer.lost
    assert sum(map(len, peer.transport.stream)) > 0


def test_a_vanished_connection_ends_after_ten_minutes(net: MemoryNet) -> None:
    peer = net.open("/echo?end=vanish")
    for _ in range(TEN_MINUTES // 10):
        net.wait(10)
    assert peer.lost


def test_a_vanished_connection_counts(make_net: Callable[..., MemoryNet]) -> None:
    net = make_net(limits=Limits(max_connections=1))
    peer = net.open("/echo?end=vanish")
    other = net.raw()
    net.settle()
    assert other.take().startswith(b"HTTP/1.1 503 ")
    peer.vanish()


def test_close_reply_none_leaves_a_close_without_an_answer(net: MemoryNet) -> None:
    peer = net.open("/echo?close-reply=none")
    assert peer.ask(X + BYE + X, X) == REPLY
    for _ in range(100):
        net.wait(1)
    assert peer.take() == b""
    assert not peer.lost
    peer.half_close()
    assert peer.lost


def test_close_reply_none_ends_after_ten_minutes(net: MemoryNet) -> None:
    peer = net.open("/echo?close-reply=none")
    peer.send(BYE)
    for _ in range(TEN_MINUTES // 10):
        net.wait(10)
    assert peer.lost


def test_a_client_that_closes_its_side_gets_what_it_waits_for(net: MemoryNet) -> None:
    peer = net.open("/echo?delay=2s")
    peer.send(X)
    peer.half_close()
    assert not peer.lost
    net.wait(2)
    assert peer.take() == REPLY
    assert peer.lost


def test_a_client_that_closes_both_ways_gets_what_is_on_its_way(net: MemoryNet) -> None:
    peer = net.open("/echo?rate=1M")
    peer.send(masked(BINARY, bytes(300_000)), BYE)
    peer.half_close()
    for _ in range(40):
        net.wait(0.01)
    assert unframe(peer.take()) == [(BINARY, bytes(300_000)), (CLOSE, b"\x03\xe8")]
    assert peer.lost


@pytest.mark.parametrize("query", ["delay=2s", "jitter=10ms", "rate=10K", "delay=1s&times=2&stall=200&push=a"])
def test_a_close_of_the_client_is_answered_after_the_replies(net: MemoryNet, query: str) -> None:
    peer = net.open(f"/echo?{query}")
    peer.send(X * 100 + BYE + X, X, BYE)
    for _ in range(210):
        net.wait(0.01)
    times = 2 if "times" in query else 1
    assert peer.take() == REPLY * 100 * times + plain(CLOSE, b"\x03\xe8")
    assert peer.lost
    assert net.clock.getDelayedCalls() == []


def test_a_client_that_closes_and_ends_its_side_gets_what_it_waits_for(net: MemoryNet) -> None:
    peer = net.open("/echo?delay=2s")
    peer.send(X + BYE)
    peer.half_close()
    net.wait(2)
    assert peer.take() == REPLY + plain(CLOSE, b"\x03\xe8")
    assert peer.lost


@pytest.mark.parametrize("frame", [masked(CLOSE, b"\x03\xed"), masked(CLOSE, b"\x03\xe8\xff")])
def test_a_bad_close_is_answered_after_the_replies_too(net: MemoryNet, frame: bytes) -> None:
    peer = net.open("/echo?delay=2s")
    peer.send(X + frame)
    net.wait(2)
    assert unframe(peer.take())[0] == (TEXT, b"x")
    peer.vanish()


def test_our_close_answers_one_that_has_come(net: MemoryNet) -> None:
    peer = net.open("/echo?close=4001&after=1&delay=1s")
    peer.send(X + BYE)
    net.wait(1)
    assert peer.take() == REPLY + plain(CLOSE, b"\x0f\xa1")
    assert peer.lost


def test_a_drain_answers_a_close_that_has_come(net: MemoryNet) -> None:
    peer = net.open("/echo?delay=60s")
    peer.send(X + BYE)
    done = net.shut_down()
    net.wait(0)
    assert peer.take() == REPLY + plain(CLOSE, b"\x03\xe8")
    assert peer.lost
    assert done == [None]


def test_a_drain_makes_replies_as_they_are_taken_and_closes_behind_them(net: MemoryNet) -> None:
    peer = net.open("/echo?times=1000&delay=60s")
    peer.send(X * 20)
    peer.transport.pauseProducing()
    done = net.shut_down()
    [protocol] = net.server.connections.all()
    assert protocol.writer.owed < 100_000
    peer.transport.resumeProducing()
    for _ in range(100):
        net.wait(0.01)
    assert peer.take() == REPLY * 20_000 + plain(CLOSE, b"\x03\xe9")
    peer.send(masked(CLOSE, b"\x03\xe9"))
    assert peer.lost
    assert done == [None]


def test_a_close_behind_a_rate_waits_ten_minutes_at_most(net: MemoryNet) -> None:
    peer = net.open("/echo?rate=10")
    peer.send(masked(BINARY, bytes(10_000)), BYE)
    for _ in range(TEN_MINUTES * 2):
        net.wait(0.51)
    assert peer.lost
    assert 1000 < len(peer.take()) < 10_000


def test_a_client_that_answers_no_ping_is_cut(net: MemoryNet) -> None:
    peer = net.open("/echo?delay=1s")
    for _ in range(41):
        net.wait(1)
    assert peer.lost


@pytest.mark.parametrize(
    "query",
    ["delay=60s", "rate=10&times=3", "chop=1", "push=a", "flood=1024M&rate=10", "ping=1s", "stall=1", "pong=delay:60s",
     "close=4001&after=60s", "end=abort&after=60s", "bad=utf8&after=60s", "times=3", "close-reply=none"],
)  # fmt: skip
def test_a_drain_gives_what_is_owed_and_then_1001(net: MemoryNet, query: str) -> None:
    peer = net.open(f"/echo?{query}")
    peer.send(X)
    done = net.shut_down()
    net.wait(0)
    frames = unframe(peer.take())
    assert (TEXT, b"x") in frames
    assert frames[-1] == (CLOSE, b"\x03\xe9")
    peer.send(masked(CLOSE, b"\x03\xe9"))
    if query == "close-reply=none":
        peer.vanish()
    assert peer.lost
    assert done == [None]


@pytest.mark.parametrize(("query", "data"), [("end=vanish", b""), ("close-reply=none", BYE)])
def test_a_drain_ends_silence_at_once(net: MemoryNet, query: str, data: bytes) -> None:
    peer = net.open(f"/echo?{query}")
    peer.send(data)
    done = net.shut_down()
    assert peer.lost
    assert done == [None]


@pytest.mark.parametrize(
    "query",
    ["delay=9s", "rate=1", "push=a", "flood=1M&rate=1", "ping=1s", "pong=delay:9s", "stall=1", "stall=9s",
     "close=4001&after=9s", "end=vanish&after=1", "close-reply=none", "times=9&jitter=9s"],
)  # fmt: skip
def test_whoever_vanishes_leaves_no_timer(net: MemoryNet, query: str) -> None:
    peer = net.open(f"/echo?{query}")
    peer.send(X, masked(PING), X)
    peer.vanish()
    assert net.clock.getDelayedCalls() == []


def test_nothing_is_sent_on_a_connection_that_is_closing(net: MemoryNet) -> None:
    peer = net.open("/echo?close=4001")
    assert peer.take() == plain(CLOSE, b"\x0f\xa1")
    [protocol] = net.server.connections.all()
    protocol.sendMessage(b"x")
    net.settle()
    assert peer.take() == b""


# Violations


BYTES = {
    "utf8": b"\x81\x02\xc3\x28",
    "mask": masked(TEXT, b"hello"),
    "rsv": b"\x91\x05hello",
    "opcode": b"\x83\x05hello",
    "length": b"\x81\x7e\x00\x05hello",
    "huge-length": b"\x82\x7f\x7f\xff\xff\xff\xff\xff\xff\xffhello",
    "control-length": b"\x89\x7e\x00\x7e" + b"p" * 126,
    "control-fragment": b"\x09\x05hello",
    "continuation": b"\x80\x05hello",
    "close-code": b"\x88\x02\x03\xed",
    "close-utf8": b"\x88\x04\x03\xe8\xc3\x28",
}


def test_every_fault_is_known_here() -> None:
    assert list(BYTES) == list(VIOLATIONS)


@pytest.mark.parametrize("fault", BYTES)
def test_a_bad_frame_comes_at_once(net: MemoryNet, fault: str) -> None:
    assert net.open(f"/echo?bad={fault}").take() == BYTES[fault]


@pytest.mark.parametrize("fault", BYTES)
def test_a_bad_frame_comes_after_the_replies_to_so_many_messages(net: MemoryNet, fault: str) -> None:
    peer = net.open(f"/echo?bad={fault}&after=1")
    assert peer.ask(X) == REPLY + BYTES[fault]


def test_a_bad_frame_comes_after_a_time(net: MemoryNet) -> None:
    peer = net.open("/echo?bad=rsv&after=1s")
    net.wait(1)
    assert peer.take() == BYTES["rsv"]


def test_the_client_may_go_on_after_a_bad_frame(net: MemoryNet) -> None:
    assert net.open("/echo?bad=rsv").ask(X) == BYTES["rsv"] + REPLY


def test_a_bad_frame_may_be_followed_by_an_end(net: MemoryNet) -> None:
    peer: RawPeer = net.open("/echo?bad=opcode&close=4001")
    assert peer.take() == BYTES["opcode"] + plain(CLOSE, b"\x0f\xa1")


@pytest.mark.parametrize("fault", ["close-code", "close-utf8"])
def test_after_a_bad_close_the_clients_close_ends_the_connection(net: MemoryNet, fault: str) -> None:
    peer = net.open(f"/echo?bad={fault}")
    assert peer.ask(masked(CLOSE, b"\x03\xea")) == BYTES[fault]
    assert peer.lost


def test_a_bad_frame_is_not_sent_after_a_close(net: MemoryNet) -> None:
    peer = net.open("/echo?bad=rsv&after=1s&rate=1")
    peer.send(BYE)
    net.wait(1)
    assert not peer.take().startswith(b"\x91")
    peer.vanish()


def test_a_bad_frame_is_not_sent_after_our_close(net: MemoryNet) -> None:
    peer = net.open("/echo?bad=rsv&after=1")
    net.shut_down()
    net.wait(0)
    assert peer.take() == plain(CLOSE, b"\x03\xe9")
    assert peer.ask(X) == b""
