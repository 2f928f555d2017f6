"""What a client asks for in its opening handshake, and the bytes of the 101 answer."""

from __future__ import annotations

from enum import Enum
from typing import Any

import pytest

from echod.rules.http.head import Head
from echod.rules.websocket.handshake import (
    Acceptance,
    Opening,
    accept_of,
    flatten_headers,
    read_extensions,
    read_opening,
)

HOST = ("Host", "localhost:9001")


def read(*headers: tuple[str, str], target: str = "/echo") -> Opening:
    """What this handshake asks for."""
    return read_opening(Head("GET", target, "HTTP/1.1", headers or (HOST,)))


@pytest.mark.parametrize("value", ["\xa0b\xa0", "\x85", "Bogot\xc3\xa1 \xc3\x85", "voil\xc3\xa0"])
def test_no_byte_of_a_value_is_lost(value: str) -> None:
    """The last byte of a letter in UTF-8 may be a blank to `str.strip`."""
    assert read(HOST, ("X-City", value), ("X-City", "b")).headers["x-city"] == f"{value}, b"


def test_the_host_of_an_absolute_target_goes_before_the_header() -> None:
    """RFC 9112, 3.2.2."""
    assert read(HOST, target="ws://other:80/echo").host == "other"


def test_lines_of_one_name_are_joined_under_its_lower_case() -> None:
    assert read(HOST, ("X-Y", "a"), ("x-y", "b")).headers == {"host": "localhost:9001", "x-y": "a, b"}


@pytest.mark.parametrize(
    ("value", "host"),
    [
        ("h:9001", "h"),
        ("h", "h"),
        ("[::1]:80", "[::1]"),
        ("[::1]", "[::1]"),
        ("", ""),
        ("h:", "h"),
        ("[::1]:", "[::1]"),
    ],
)
def test_the_host_is_without_its_port(value: str, host: str) -> None:
    assert read(("Host", value)).host == host


@pytest.mark.parametrize(
    ("target", "path", "params"),
    [
        ("/echo", "/echo", {}),
        ("/echo?a=1&a=2&b=%20", "/echo", {"a": ["1", "2"], "b": [" "]}),
        ("/echo;x", "/echo", {}),
        ("http://host/echo?a=b", "/echo", {"a": ["b"]}),
        ("//host/echo", "/echo", {}),
    ],
)
def test_the_target_is_a_path_and_a_query(target: str, path: str, params: dict[str, list[str]]) -> None:
    opening = read(target=target)

    assert (opening.path, opening.params) == (path, params)


@pytest.mark.parametrize(
    ("value", "offered"), [("a", ["a"]), ("b , a", ["b", "a"]), ("", []), (", chat, ,", ["chat"]), ("foo bar", [])]
)
def test_subprotocols_are_in_the_order_of_the_client(value: str, offered: list[str]) -> None:
    assert read(HOST, ("Sec-WebSocket-Protocol", value)).protocols == offered


def test_what_is_not_asked_for_is_empty() -> None:
    opening = read()

    assert (opening.origin, opening.protocols, opening.extensions) == ("", [], [])


@pytest.mark.parametrize(
    ("value", "extensions"),
    [
        ("x", [("x", {})]),
        ("X-One, two", [("x-one", {}), ("two", {})]),
        ('x; a; A=1; b = "2"', [("x", {"a": [True, "1"], "b": ["2"]})]),
        ("x; a=b=c", [("x", {"a": ["b=c"]})]),
        ("x; a=", [("x", {"a": [""]})]),
        ('x; a="1\\5"', [("x", {"a": ["15"]})]),
        (" , ,x", [("x", {})]),
        ("", []),
    ],
)
def test_extensions_have_parameters_with_all_their_values(value: str, extensions: list[Any]) -> None:
    assert read_extensions({"sec-websocket-extensions": value}) == extensions


def test_the_origin_is_as_it_was_sent() -> None:
    assert read(HOST, ("Origin", "https://[::1]")).origin == "https://[::1]"


def test_the_key_is_answered_with_the_sample_of_the_rfc() -> None:
    # RFC 6455, 1.3.
    assert accept_of("dGhlIHNhbXBsZSBub25jZQ==") == "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="


def test_an_answer_has_these_lines_in_this_order() -> None:
    assert Acceptance("key", "chat", "permessage-deflate", [("A", "1"), ("A", "2")]).render() == (
        b"HTTP/1.1 101 Switching Protocols\r\n"
        b"Server: echod\r\n"
        b"Upgrade: WebSocket\r\n"
        b"Connection: Upgrade\r\n"
        b"A: 1\r\n"
        b"A: 2\r\n"
        b"Sec-WebSocket-Protocol: chat\r\n"
        b"Sec-WebSocket-Accept: key\r\n"
        b"Sec-WebSocket-Extensions: permessage-deflate\r\n"
        b"\r\n"
    )


def test_a_member_of_an_enumeration_is_answered_as_the_text_that_it_is() -> None:
    class City(str, Enum):  # noqa: UP042 - it is formatted as its name, and a StrEnum is not.
        OURS = "Oslo"

    assert b"\r\nX: Oslo\r\n" in Acceptance("key", headers=flatten_headers({"X": City.OURS})).render()


@pytest.mark.parametrize(
    ("value", "lines"), [("a", [("X", "a")]), (["a", "b"], [("X", "a"), ("X", "b")]), (1, [("X", "1")]), ([], [])]
)
def test_a_header_may_have_several_values(value: Any, lines: list[tuple[str, str]]) -> None:
    assert flatten_headers({"X": value}) == lines
