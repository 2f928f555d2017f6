"""What the server sees, said to the one who is seen."""

from __future__ import annotations

import json
import zlib
from typing import Any

from tests.pair import BINARY, CLOSE, TEXT, MemoryNet, RawPeer, masked, request, unframe

OFFERS = ("Sec-WebSocket-Protocol: chat", "Sec-WebSocket-Extensions: permessage-deflate; server_max_window_bits=10")


def seen(peer: RawPeer) -> list[dict[str, Any]]:
    """What was said so far."""
    frames = unframe(peer.take())
    assert all(first == TEXT for first, _ in frames)
    return [json.loads(payload) for _, payload in frames]


def test_the_first_message_is_what_the_server_sees(net: MemoryNet) -> None:
    [info] = seen(net.open("/info"))
    assert info["instance"] == "here"
    assert info["peer"] == {"host": "192.0.2.7", "port": 50000}
    assert info["local"] == {"host": "192.0.2.1", "port": 9001}
    assert info["proxy"] is None
    assert info["tls"] is None
    assert (info["subprotocol"], info["extensions"]) == (None, [])


def test_the_request_is_shown_as_received_and_in_order(net: MemoryNet) -> None:
    [info] = seen(net.open("/info?times=1", "X-Twice:  a ", "x-twice: b", "X-Byte: \xe9", "Cookie: a=b"))
    asked = info["request"]
    assert asked["line"] == "GET /info?times=1 HTTP/1.1"
    assert asked["lines"][-4:] == ["X-Twice:  a ", "x-twice: b", "X-Byte: \xe9", "Cookie: a=b"]
    assert asked["headers"][-4:] == [["X-Twice", "a"], ["x-twice", "b"], ["X-Byte", "\xe9"], ["Cookie", "a=b"]]
    head = request("/info?times=1", "X-Twice:  a ", "x-twice: b", "X-Byte: \xe9", "Cookie: a=b")
    assert "\r\n".join([asked["line"], *asked["lines"], "", ""]).encode("latin-1") == head


def test_what_was_agreed_is_shown(net: MemoryNet) -> None:
    peer = net.open("/info?fragment=100K", *OFFERS)
    [(first, _)] = unframe(peer.take())
    assert first == 0xC1
    peer = net.open("/info", *OFFERS[:1])
    assert seen(peer)[0]["subprotocol"] == "chat"


def test_the_parameters_of_the_extension_are_shown(net: MemoryNet) -> None:
    [(_, payload)] = unframe(net.open("/info", *OFFERS).take())
    inflated = zlib.decompressobj(-15).decompress(payload + b"\x00\x00\xff\xff")
    assert json.loads(inflated)["extensions"] == [
        {
            "name": "permessage-deflate",
            "server_no_context_takeover": False,
            "client_no_context_takeover": False,
            "server_max_window_bits": 10,
            "client_max_window_bits": 15,
        }
    ]


def test_each_reply_is_the_same_again(net: MemoryNet) -> None:
    peer = net.open("/info")
    [info] = seen(peer)
    peer.send(masked(TEXT, b"x"), masked(BINARY, b"y"))
    assert seen(peer) == [info, info]


def test_a_client_that_reads_nothing_is_not_answered_without_end(net: MemoryNet) -> None:
    """What it is told is much more than what asks for it, and many may ask in one chunk."""
    peer = net.open("/info")
    peer.transport.pauseProducing()
    peer.send(masked(BINARY) * 10_000)
    assert 50_000 < sum(map(len, peer.transport.far.stream)) < 100_000


def test_it_takes_behaviours(net: MemoryNet) -> None:
    peer = net.open("/info?greet=hello&delay=1s&close=4001&after=1")
    first, second = unframe(peer.take())
    assert json.loads(first[1])["instance"] == "here"
    assert second == (TEXT, b"hello")
    peer.send(masked(TEXT, b"x"))
    net.wait(1)
    assert unframe(peer.take())[-1] == (CLOSE, b"\x0f\xa1")


def test_messages_that_come_with_the_handshake_are_not_part_of_it(net: MemoryNet) -> None:
    peer = net.raw()
    peer.send(request("/info") + masked(TEXT, b"x"))
    peer.received = peer.received.partition(b"\r\n\r\n")[2]
    first, second = seen(peer)
    assert first == second


def ask(net: MemoryNet, target: str, method: str = "GET") -> bytes:
    return net.raw().ask(f"{method} {target} HTTP/1.1\r\nHost: h\r\nX-A: 1\r\nx-a:  2\r\n\r\n".encode())


def test_a_plain_request_is_shown_too(net: MemoryNet) -> None:
    answer = ask(net, "/info?any=thing")
    head, _, body = answer.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 200 OK\r\n")
    assert b"Content-Type: application/json\r\n" in head
    asked = json.loads(body)["request"]
    assert asked == {
        "line": "GET /info?any=thing HTTP/1.1",
        "lines": ["Host: h", "X-A: 1", "x-a:  2"],
        "headers": [["Host", "h"], ["X-A", "1"], ["x-a", "2"]],
    }


def test_head_gets_no_body(net: MemoryNet) -> None:
    head, _, body = ask(net, "/info", "HEAD").partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 200 OK\r\n")
    assert body == b""


def test_it_is_read_only(net: MemoryNet) -> None:
    assert ask(net, "/info", "POST").startswith(b"HTTP/1.1 405 ")


def test_the_answer_is_the_only_one_and_the_connection_ends(net: MemoryNet) -> None:
    peer = net.raw()
    peer.keeps_open = True
    assert peer.ask(b"GET /info HTTP/1.1\r\nHost: h\r\n\r\n" * 2).count(b"HTTP/1.1 200 OK") == 1
    assert peer.heard_end
    assert peer.ask(b"more") == b""
    peer.half_close()
    assert peer.lost


def test_a_page_is_logged_with_its_path_escaped(net: MemoryNet, log: Any) -> None:
    ask(net, "/info?secret=1")
    assert log.lines("echod.site.access_log") == ['192.0.2.7:50000 "GET /info" 200']
