"""The opening handshake as a request: each thing that is checked, and what is let through (RFC 6455, 4.2.1)."""

from __future__ import annotations

import base64
import binascii
import time
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from echod.rules.http.head import Head, Refusal
from echod.rules.http.upgrade import check_upgrade, has_body, is_key, is_upgrade, offered_subprotocols

GOOD = {
    "Host": "localhost:9001",
    "Upgrade": "websocket",
    "Connection": "Upgrade",
    "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
    "Sec-WebSocket-Version": "13",
    "Origin": "null",
}


def handshake(*more: tuple[str, str], method: str = "GET", version: str = "HTTP/1.1", without: str = "") -> Head:
    """A good handshake, but for these differences."""
    headers = [(name, value) for name, value in GOOD.items() if name != without]
    return Head(method, "/echo", version, (*headers, *more))


def refusal_of(head: Head) -> Refusal:
    """The refusal of a handshake that must be refused."""
    refusal = check_upgrade(head)
    assert refusal is not None
    return refusal


def with_value(name: str, value: str) -> Head:
    """A good handshake, but for the value of this header."""
    return handshake((name, value), without=name)


def test_a_good_handshake_is_let_through() -> None:
    assert check_upgrade(handshake()) is None


def test_a_client_that_is_no_browser_sends_no_origin() -> None:
    assert check_upgrade(handshake(without="Origin")) is None


@pytest.mark.parametrize("name", ["Connection", "Sec-WebSocket-Key"])
def test_a_missing_header_is_named(name: str) -> None:
    refusal = refusal_of(handshake(without=name))
    assert refusal.status == 400
    assert name.lower() in refusal.why


ONCE = ["Sec-WebSocket-Key", "Sec-WebSocket-Version", "Origin"]


@pytest.mark.parametrize("name", ONCE)
def test_a_header_that_stands_twice_is_named(name: str) -> None:
    assert refusal_of(handshake((name, GOOD[name]))) == Refusal(400, f"the header {name.lower()} stands more than once")


@pytest.mark.parametrize("name", ["Connection", "Upgrade"])
def test_a_list_may_stand_on_two_lines(name: str) -> None:
    assert check_upgrade(handshake((name, "x"))) is None


@pytest.mark.parametrize("name", ONCE)
def test_a_header_that_stands_twice_is_seen_in_any_spelling(name: str) -> None:
    assert refusal_of(handshake((name.upper(), "x"))).status == 400


@pytest.mark.parametrize("method", ["POST", "HEAD", "OPTIONS", "CONNECT", "get"])
def test_a_websocket_is_opened_with_get(method: str) -> None:
    refusal = refusal_of(handshake(method=method))
    assert (refusal.status, refusal.headers) == (405, (("Allow", "GET"),))


@pytest.mark.parametrize("version", ["HTTP/1.0", "HTTP/0.9", "HTTP/2.0"])
def test_a_websocket_is_opened_with_http_1_1(version: str) -> None:
    assert refusal_of(handshake(version=version)).status == 505


@pytest.mark.parametrize("value", ["", "keep-alive", "Upgraded", "Up grade", "close, x-upgrade", "Upgrade;q=1"])
def test_connection_must_contain_upgrade(value: str) -> None:
    assert refusal_of(with_value("Connection", value)) == Refusal(
        400, "the header connection does not contain 'upgrade'"
    )


@pytest.mark.parametrize("value", ["upgrade", "UPGRADE", "keep-alive, Upgrade", "Upgrade,close", ", \tupgrade ,"])
def test_connection_is_a_list_in_any_spelling(value: str) -> None:
    assert check_upgrade(with_value("Connection", value)) is None


@pytest.mark.parametrize(
    "value", ["websocket", "WebSocket", "WEBSOCKET", "h2c, websocket", "websocket,foo", ",websocket"]
)
def test_upgrade_is_a_list_in_any_spelling(value: str) -> None:
    head = with_value("Upgrade", value)
    assert is_upgrade(head)
    assert check_upgrade(head) is None


@pytest.mark.parametrize("value", ["", "h2c", "websockets", "web socket", "websocket/13", "TLS/1.0"])
def test_another_upgrade_is_no_handshake(value: str) -> None:
    assert not is_upgrade(with_value("Upgrade", value))


def test_a_request_without_upgrade_is_no_handshake() -> None:
    assert not is_upgrade(handshake(without="Upgrade"))


@pytest.mark.parametrize("value", ["8", "12", "7", "14", "0", "", "013", "13.0", "+13", "13, 8", "thirteen"])
def test_another_version_is_told_which_one_is_spoken(value: str) -> None:
    refusal = refusal_of(with_value("Sec-WebSocket-Version", value))
    assert (refusal.status, refusal.headers) == (426, (("Upgrade", "websocket"), ("Sec-WebSocket-Version", "13")))


def test_a_missing_version_is_told_which_one_is_spoken() -> None:
    refusal = refusal_of(handshake(without="Sec-WebSocket-Version"))
    assert (refusal.status, refusal.headers) == (426, (("Upgrade", "websocket"), ("Sec-WebSocket-Version", "13")))


@pytest.mark.parametrize(
    "key",
    [
        "",
        "x",
        "dGhlIHNhbXBsZSBub25jZQ",
        "dGhlIHNhbXBsZSBub25jZQ=",
        "dGhlIHNhbXBsZSBub25jZQ===",
        "AAAAAAAAAAAAAAAAAAAAAAA=",
        "AAAAAAAAAAAAAAAAAAAAAAAA",
        "dGhlIHNhbXBsZSBub25jZ_==",
        "dGhlIHNhbXBsZSBub25j Q==",
        "=AAAAAAAAAAAAAAAAAAAAAA=",
        "dGhlIHNhbXBsZSBub25jZQ==, dGhlIHNhbXBsZSBub25jZQ==",
        "dGhlIHNhbXBsZSBub25j\u00e9Q==",
        "A" * 20 + "====",
    ],
)
def test_a_key_that_is_not_16_bytes_in_base64_is_refused(key: str) -> None:
    assert refusal_of(with_value("Sec-WebSocket-Key", key)) == Refusal(
        400, "the header sec-websocket-key is not 16 bytes in base64"
    )


@given(st.binary(max_size=20))
def test_the_base64_of_16_bytes_alone_is_a_key(value: bytes) -> None:
    assert is_key(base64.b64encode(value).decode()) is (len(value) == 16)


@given(st.text(max_size=30) | st.text("AQw+/=", min_size=22, max_size=26))
def test_what_passes_as_a_key_decodes_to_16_bytes(key: str) -> None:
    if is_key(key):
        assert len(binascii.a2b_base64(key.encode("ascii"), strict_mode=True)) == 16


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("Content-Length", "1"),
        ("Content-Length", "00"),
        ("Content-Length", ""),
        ("Content-Length", "-0"),
        ("Content-Length", "0, 5"),
        ("Transfer-Encoding", "chunked"),
        ("Transfer-Encoding", "identity"),
    ],
)
def test_a_handshake_that_announces_a_body_is_refused(name: str, value: str) -> None:
    assert refusal_of(handshake((name, value))) == Refusal(400, "an opening handshake has no body")


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ([], False),
        ([("Content-Length", "0")], False),
        ([("content-length", "7")], True),
        ([("Content-Length", "0"), ("CONTENT-LENGTH", "7")], True),
        ([("Content-Length", "0"), ("Transfer-Encoding", "chunked")], True),
        ([("transfer-encoding", "")], True),
    ],
)
def test_a_body_is_announced_by_either_header(headers: list[tuple[str, str]], expected: bool) -> None:
    assert has_body(handshake(*headers)) is expected


def test_the_first_check_that_fails_gives_the_answer() -> None:
    assert refusal_of(handshake(("Content-Length", "1"), method="POST", without="Sec-WebSocket-Key")).status == 405


@pytest.mark.parametrize(
    ("head", "why"),
    [
        (replace(handshake(), target="//[x"), "the request target cannot be taken apart"),
        (
            handshake(("Sec-WebSocket-Protocol", "a, b"), ("Sec-WebSocket-Protocol", "a")),
            "a subprotocol is offered twice",
        ),
        (
            handshake(("Sec-WebSocket-Extensions", "permessage-deflate; a b")),
            "the header sec-websocket-extensions is not a list of extensions",
        ),
    ],
)
def test_a_handshake_that_contradicts_itself_is_refused_with_the_reason(head: Head, why: str) -> None:
    refusal = refusal_of(head)
    assert (refusal.status, refusal.why) == (400, why)


@pytest.mark.parametrize("host", ["h", "h:9001", "[::1]", "[::1]:80", "", "h:", "[::1]:"])
def test_a_host_may_be_without_a_port(host: str) -> None:
    assert check_upgrade(with_value("Host", host)) is None


@pytest.mark.parametrize(
    "origin",
    [
        "null",
        "NULL",
        "file://",
        "https://[::1]",
        "x://y",
        "",
        "x",
        "localhost:21000",
        "http://",
        "http://h:x",
        "http://[x",
    ],
)
def test_whatever_an_origin_is_the_endpoint_decides(origin: str) -> None:
    """RFC 6455, 4.2.2: a server that does not check it has nothing to say of its form."""
    assert check_upgrade(with_value("Origin", origin)) is None


@pytest.mark.parametrize(
    ("values", "offered"),
    [
        (["chat"], ["chat"]),
        ([", chat, ,"], ["chat"]),
        ([",", " , "], []),
        (["foo bar, chat"], ["chat"]),
        (["foo bar, foo bar"], []),
        (["b", "a,b;c"], ["b", "a"]),
        (["\xe9, (x), a/b, 1"], ["1"]),
        (["A, a"], ["A", "a"]),
    ],
)
def test_what_is_no_token_is_not_offered(values: list[str], offered: list[str]) -> None:
    """RFC 9110, 5.6.1.2, and RFC 6455, 4.1: empty elements are none, and what is no token cannot be selected."""
    head = handshake(*(("Sec-WebSocket-Protocol", value) for value in values))
    assert check_upgrade(head) is None
    assert offered_subprotocols(head) == offered


@pytest.mark.parametrize(
    "value",
    [
        "",
        "permessage-deflate",
        "permessage-deflate; client_max_window_bits, permessage-deflate",
        'x;a;A=1;b = "2" ,y',
        " , ,\tx",
        'x; a="1\\5"',
        "x; a=",
        'x; a=""',
    ],
)
def test_extensions_are_a_list_with_parameters(value: str) -> None:
    """RFC 6455, 9.1. A value that is missing is left to its extension, which declines the offer."""
    assert check_upgrade(handshake(("Sec-WebSocket-Extensions", value))) is None


@pytest.mark.parametrize(
    "value", ["x y", "x;", "x; a=b=c", 'x; a="b', 'x; a="b c"', "x;;a", "\xe9", "=", "x; a b", 'x;a="\\"', "x; =1"]
)
def test_what_is_no_list_of_extensions_is_refused(value: str) -> None:
    assert refusal_of(handshake(("Sec-WebSocket-Extensions", "ok"), ("Sec-WebSocket-Extensions", value))).status == 400


@pytest.mark.parametrize(
    "value", ["a;b" + " " * 16_000 + "!", "a;b  " * 3000 + "(", "a," * 8000 + "(", "a;b=c" * 3000 + "("]
)
def test_a_long_list_of_extensions_is_read_in_linear_time(value: str) -> None:
    start = time.process_time()
    assert refusal_of(handshake(("Sec-WebSocket-Extensions", value))).status == 400
    assert time.process_time() - start < 0.1
