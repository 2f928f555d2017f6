"""The opening handshake as the query wants it."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.pair import ACCEPT, CLOSE, TEXT, MemoryNet, RawPeer, header, masked, plain, request

FOREVER_S = 600


def ask(net: MemoryNet, path: str, *headers: str) -> bytes:
    """What is answered to the opening handshake."""
    return net.raw().ask(request(path, *headers))


def head_of(answer: bytes) -> list[str]:
    return answer.partition(b"\r\n\r\n")[0].decode("ascii").split("\r\n")


@pytest.mark.parametrize("path", ["/echo", "/", "/simple-echo", "/multi-echo", "/info"])
def test_every_endpoint_answers_a_bad_query_with_400(net: MemoryNet, path: str) -> None:
    answer = ask(net, f"{path}?dela=1s")
    assert answer.startswith(b"HTTP/1.1 400 Bad Request\r\n")
    assert answer.endswith(b"there is no parameter 'dela', did you mean delay?; /behaviours lists all of them\n")


def test_a_path_of_a_callback_keeps_its_query(net: MemoryNet) -> None:
    net.publish("/own")
    assert ask(net, "/own?dela=1s").startswith(b"HTTP/1.1 101 ")


def test_a_bad_handshake_is_told_so_first(net: MemoryNet) -> None:
    assert net.raw().ask(request("/echo?x=1").replace(b"Version: 13", b"Version: 8")).startswith(b"HTTP/1.1 426 ")


def test_status_refuses(net: MemoryNet) -> None:
    peer = net.raw()
    answer = peer.ask(request("/echo?status=418&header=X-A:1"))
    assert head_of(answer)[0] == "HTTP/1.1 418 I'm a Teapot"
    assert header(answer, "X-A") == "1"
    assert answer.endswith(b"\r\n\r\n418 I'm a Teapot: refused, as asked\n")
    assert peer.lost


def test_a_status_without_a_phrase_refuses_too(net: MemoryNet) -> None:
    assert head_of(ask(net, "/echo?status=599"))[0] == "HTTP/1.1 599 "


def test_location_and_retry_after_are_headers_of_the_refusal(net: MemoryNet) -> None:
    answer = ask(net, "/echo?status=307&location=ws://h/echo&retry-after=5")
    assert header(answer, "Location") == "ws://h/echo"
    assert header(answer, "Retry-After") == "5"


def test_hold_answers_later(net: MemoryNet) -> None:
    peer = net.raw()
    assert peer.ask(request("/echo?hold=3s") + masked(TEXT, b"early")) == b""
    net.wait(2.999)
    assert peer.take() == b""
    net.wait(0.002)
    answer = peer.take()
    assert header(answer.partition(b"\r\n\r\n")[0], "Sec-WebSocket-Accept") == ACCEPT.decode()
    assert answer.endswith(plain(TEXT, b"early"))
    assert peer.ask(masked(TEXT, b"late")) == plain(TEXT, b"late")


def test_hold_goes_before_a_refusal(net: MemoryNet) -> None:
    peer = net.raw()
    assert peer.ask(request("/echo?hold=1s&status=503")) == b""
    net.wait(1)
    assert peer.take().startswith(b"HTTP/1.1 503 ")
    assert peer.lost


def test_hold_forever_ends_after_ten_minutes(net: MemoryNet) -> None:
    peer = net.raw()
    peer.send(request("/echo?hold=forever"))
    net.wait(FOREVER_S - 1)
    assert not peer.lost
    net.wait(1)
    assert peer.take() == b""
    assert peer.lost


def test_who_closes_its_side_during_a_hold_has_given_up(net: MemoryNet) -> None:
    peer = net.raw()
    peer.send(request("/echo?hold=3s"))
    peer.half_close()
    assert peer.lost


def test_who_closes_its_side_after_a_hold_gets_its_replies(net: MemoryNet) -> None:
    peer = net.raw()
    peer.send(request("/echo?hold=1s&delay=1s"))
    net.wait(1)
    peer.take()
    peer.send(masked(TEXT, b"x"))
    peer.half_close()
    net.wait(1)
    assert peer.take() == plain(TEXT, b"x")
    assert peer.lost


def test_who_vanishes_during_a_hold_leaves_no_timer(net: MemoryNet) -> None:
    peer = net.raw()
    peer.send(request("/echo?hold=3s"))
    peer.vanish()
    assert net.clock.getDelayedCalls() == []


def test_a_client_that_sends_on_during_a_hold_is_not_read_without_end(net: MemoryNet) -> None:
    peer = net.raw()
    peer.send(request("/echo?hold=3s"), *[masked(TEXT, bytes(1000))] * 40)
    assert sum(map(len, peer.transport.stream)) > 20_000
    net.wait(3)
    assert peer.take().count(bytes(1000)) == 40


def test_what_comes_after_a_refusal_is_dropped(net: MemoryNet) -> None:
    peer = net.raw()
    peer.keeps_open = True
    peer.send(request("/echo?hold=1s&status=503"))
    net.wait(1)
    assert peer.take().startswith(b"HTTP/1.1 503 ")
    assert peer.ask(b"more") == b""
    peer.half_close()
    assert peer.lost


@pytest.mark.parametrize("query", ["hold=forever", "hold=3s", "hold=3s&status=403"])
def test_a_drain_ends_a_hold_at_once(net: MemoryNet, query: str) -> None:
    peer = net.raw()
    peer.send(request(f"/echo?{query}"))
    done = net.shut_down()
    assert peer.take().startswith(b"HTTP/1.1 503 ")
    assert peer.lost
    assert done == [None]


def test_a_drain_reaches_who_was_held(net: MemoryNet) -> None:
    peer = net.raw()
    peer.send(request("/echo?hold=1s&delay=60s"))
    net.wait(1)
    peer.take()
    peer.send(masked(TEXT, b"x"))
    net.shut_down()
    net.wait(0)
    assert peer.take() == plain(TEXT, b"x") + plain(CLOSE, b"\x03\xe9")


def test_a_drain_during_the_answer_to_a_hold_changes_nothing(net: MemoryNet) -> None:
    peer = net.raw()
    peer.keeps_open = True
    peer.send(request("/echo?hold=1s&status=403"))
    net.wait(1)
    net.shut_down()
    assert peer.take().count(b"HTTP/1.1 ") == 1
    peer.hang_up()


def test_headers_are_added_in_the_order_in_which_they_were_asked_for(net: MemoryNet) -> None:
    lines = head_of(ask(net, "/echo?header=X-A:1&header=X-B:2&header=X-A:3"))
    assert [line for line in lines if line.startswith("X-")] == ["X-A: 1", "X-B: 2", "X-A: 3"]


def test_accept_wrong_is_the_value_for_another_key(net: MemoryNet) -> None:
    answer = ask(net, "/echo?accept=wrong")
    assert answer.startswith(b"HTTP/1.1 101 ")
    # SHA-1 of "AAAAAAAAAAAAAAAAAAAAAA==258EAFA5-E914-47DA-95CA-C5AB0DC85B11".
    assert header(answer, "Sec-WebSocket-Accept") == "ICX+Yqv66kxgM0FcWaLWlFLwTAI="


@pytest.mark.parametrize(
    ("asked", "offered", "selected"),
    [
        ("chat", "mail, chat", "chat"),
        ("chat", "mail", None),
        ("chat", "", None),
        ("none", "mail, chat", None),
        ("none", "none", None),
        ("force:chat", "mail", "chat"),
        ("force:chat", "", "chat"),
        ("force:chat", "chat", "chat"),
    ],
)
def test_the_subprotocol_is_chosen(net: MemoryNet, asked: str, offered: str, selected: str | None) -> None:
    headers = [f"Sec-WebSocket-Protocol: {offered}"] if offered else []
    lines = head_of(ask(net, f"/echo?subprotocol={asked}", *headers))
    chosen = [line.partition(": ")[2] for line in lines if line.startswith("Sec-WebSocket-Protocol")]
    assert chosen == ([] if selected is None else [selected])


OFFER = "permessage-deflate; client_max_window_bits"


@pytest.mark.parametrize(
    ("asked", "offered", "agreed"),
    [
        ("off", OFFER, None),
        ("bits:9", OFFER, "permessage-deflate; server_max_window_bits=9; client_max_window_bits=9"),
        ("bits:15", OFFER, "permessage-deflate; server_max_window_bits=15; client_max_window_bits=15"),
        ("bits:12", "permessage-deflate", "permessage-deflate; server_max_window_bits=12"),
        ("bits:12", "permessage-deflate; server_max_window_bits=10", "permessage-deflate; server_max_window_bits=10"),
        (
            "bits:12",
            "permessage-deflate; server_no_context_takeover",
            "permessage-deflate; server_no_context_takeover; server_max_window_bits=12",
        ),
        (
            "no-context-takeover",
            "permessage-deflate; server_max_window_bits=10",
            "permessage-deflate; server_no_context_takeover; server_max_window_bits=10; client_no_context_takeover",
        ),
        (
            "bits:12",
            "permessage-deflate; client_max_window_bits=10; client_no_context_takeover",
            "permessage-deflate; server_max_window_bits=12; client_no_context_takeover; client_max_window_bits=10",
        ),
        ("bits:9", "", None),
        ("bits:9", "x-other", None),
    ],
)
def test_deflate_is_agreed_as_asked(net: MemoryNet, asked: str, offered: str, agreed: str | None) -> None:
    headers = [f"Sec-WebSocket-Extensions: {offered}"] if offered else []
    lines = head_of(ask(net, f"/echo?deflate={asked}", *headers))
    answered = [line.partition(": ")[2] for line in lines if line.startswith("Sec-WebSocket-Extensions")]
    assert answered == ([] if agreed is None else [agreed])


def test_a_server_without_compression_stays_without_it(make_net: Callable[..., MemoryNet]) -> None:
    answer = ask(make_net(compression=False), "/echo?deflate=bits:9", f"Sec-WebSocket-Extensions: {OFFER}")
    assert b"Extensions" not in answer


def test_what_autobahn_refuses_is_refused_behind_a_hold_too(net: MemoryNet) -> None:
    peer: RawPeer = net.raw()
    peer.send(request("/echo?hold=1s", "Sec-WebSocket-Protocol: a,a"))
    net.wait(1)
    assert peer.take().startswith(b"HTTP/1.1 400 ")
    assert peer.lost
