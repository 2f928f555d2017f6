"""The address of a WebSocket taken apart, and what can be the path of an endpoint (RFC 6455, 3)."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from echod.errors import BadSetting
from echod.rules.http.uri import Address, is_path, normalize_path, parse_uri


@pytest.mark.parametrize(
    ("uri", "secure", "host", "port", "resource"),
    [
        ("ws://localhost:9001/simple-echo", False, "localhost", 9001, "/simple-echo"),
        ("wss://example.com/a", True, "example.com", 443, "/a"),
        ("ws://example.com", False, "example.com", 80, "/"),
        ("ws://example.com/", False, "example.com", 80, "/"),
        ("ws://example.com:/", False, "example.com", 80, "/"),
        ("ws://example.com?a=b", False, "example.com", 80, "/?a=b"),
        ("ws://example.com/a?b?c", False, "example.com", 80, "/a?b?c"),
        ("ws://example.com/a?", False, "example.com", 80, "/a"),
        ("ws://example.com/a??", False, "example.com", 80, "/a??"),
        ("ws://example.com?", False, "example.com", 80, "/"),
        ("ws://h?x=1", False, "h", 80, "/?x=1"),
        ("ws://h?x=/a:b@c", False, "h", 80, "/?x=/a:b@c"),
        ("wSs://H:00443//a", True, "h", 443, "//a"),
        ("ws://example.com/%41;b/@c", False, "example.com", 80, "/%41;b/@c"),
        ("WS://Example.COM/A", False, "example.com", 80, "/A"),
        ("ws://127.0.0.1:1/", False, "127.0.0.1", 1, "/"),
        ("ws://[::1]:65535/", False, "::1", 65535, "/"),
        ("wss://[::1]", True, "::1", 443, "/"),
    ],
)
def test_a_uri_is_taken_apart(uri: str, secure: bool, host: str, port: int, resource: str) -> None:
    assert parse_uri(uri) == Address(uri, secure, host, port, resource)


@pytest.mark.parametrize(
    "uri",
    [
        "",
        "ws",
        "ws:",
        "ws://",
        "ws:///a",
        "ws://:80/",
        "ws:localhost",
        "//localhost/",
        "localhost:9001",
        "/simple-echo",
        "http://localhost/",
        "https://localhost/",
        "wsx://localhost/",
        "ws://localhost:0/",
        "ws://localhost:65536/",
        "ws://localhost:-1/",
        "ws://localhost:x/",
        "ws://[::1/",
        "ws://[localhost]/",
        "ws://localhost/#",
        "ws://h/a#b",
        "ws://h#b",
        "ws://user@h/",
        "ws://user:password@h/",
        "ws://@h/",
        "ws://h/a b",
        " ws://h/",
        "ws://h/ ",
        "ws://h/\n",
        "ws://h/\t",
        "ws://h/\u00e4",
        "ws://\u00e4/",
        "ws://h/\x7f",
        "ws://h\r\nX: y/",
        "ws://evil[::1]/",
        "ws://[::1]evil/",
        "ws://[::1]evil:9001/",
    ],
)
def test_what_is_no_websocket_uri_is_refused_with_what_would_be_one(uri: str) -> None:
    with pytest.raises(BadSetting, match="ws://localhost:9001/simple-echo") as caught:
        parse_uri(uri)
    assert (caught.value.name, caught.value.value) == ("uri", uri)


@pytest.mark.parametrize(
    "host",
    [
        "a..b",
        ".a",
        "a..",
        ".",
        "a" * 64,
        f"{'a.' * 126}bc",
        "%zz",
        "%41",
        "-a",
        "a-.b",
        "a!b",
        "*.a",
        "a~",
        "[:]",
        "[1:2]",
        "[::1::]",
        "[12345::]",
    ],
)
@pytest.mark.parametrize("scheme", ["ws", "wss"])
def test_a_host_that_cannot_be_is_refused_with_what_could(scheme: str, host: str) -> None:
    uri = f"{scheme}://{host}/"
    with pytest.raises(BadSetting, match="ws://localhost:9001/simple-echo") as caught:
        parse_uri(uri)
    assert (caught.value.name, caught.value.value) == ("uri", uri)


def test_the_sentence_says_what_a_host_is() -> None:
    with pytest.raises(BadSetting, match="whose host is an address or a name: labels of 1 to 63 letters, digits"):
        parse_uri("ws://a..b/")


@pytest.mark.parametrize(
    "host", ["a", "1", "a.", "a-b.c--d", "a_b", "_a.b", "1.2.3.999", "a" * 63, f"{'a.' * 126}b", f"{'a.' * 126}b."]
)
def test_what_may_be_a_host_is_left_to_be_looked_up(host: str) -> None:
    assert parse_uri(f"ws://{host}/").host == host


@given(st.text() | st.text("ws:/[]@?#%10a.").map("ws://".__add__))
def test_any_text_is_an_address_or_a_bad_setting(text: str) -> None:
    try:
        address = parse_uri(text)
    except BadSetting:
        return
    assert address.host
    assert 1 <= address.port <= 65535
    assert address.resource.startswith("/")


@pytest.mark.parametrize(
    ("uri", "host"),
    [
        ("ws://[::1]:9001/", "[::1]:9001"),
        ("ws://127.0.0.1/", "127.0.0.1"),
        ("ws://h:80/", "h"),
        ("ws://h:443/", "h:443"),
        ("wss://h:443/", "h"),
        ("wss://h:80/", "h:80"),
        ("wss://[::1]/", "[::1]"),
        ("ws://h:0080/", "h"),
        ("ws://h./", "h."),
    ],
)
def test_a_default_port_is_left_out_of_the_header_host(uri: str, host: str) -> None:
    assert parse_uri(uri).host_header == host


@pytest.mark.parametrize(
    ("uri", "wanted"),
    [
        ("ws://h/a#b", "without a fragment"),
        ("ws://h#", "without a fragment"),
        ("ws://me:secret@h/", "without user and password, which the header Authorization can carry"),
        ("ws://@h/", "without user and password"),
        ("ws://[fe80::1%25eth0]:9001/", "without an IPv6 zone"),
        ("ws://[fe80::1%eth0]/", "without an IPv6 zone"),
        ("ws://h/\u00e4", "of visible ASCII, everything else percent-encoded"),
        ("ws://h/a b", "of visible ASCII"),
        ("ws://h/\r\nX: y", "of visible ASCII"),
        ("ws:///a", "with a host and at most a port from 1 to 65535"),
        ("ws://h:65536/", "with a host and at most a port"),
        ("ws://h:000000/", "with a host and at most a port"),
        (f"ws://h:{'9' * 5000}/", "with a host and at most a port"),
        ("ws://h:1:2/", "with a host and at most a port"),
        ("ws://h%41/", "whose host is an address or a name"),
        ("ws://[1.2.3.4]/", "whose host is an address or a name"),
        ("ws://[abc]/", "whose host is an address or a name"),
    ],
)
def test_each_fault_has_its_sentence(uri: str, wanted: str) -> None:
    with pytest.raises(BadSetting) as caught:
        parse_uri(uri)
    assert f"wss://host/path, {wanted}" in str(caught.value)


@pytest.mark.parametrize("uri", [None, 1, b"ws://h/", "w\u017f://h/"])
def test_what_is_no_uri_at_all_is_a_bad_setting_too(uri: Any) -> None:
    with pytest.raises(BadSetting):
        parse_uri(uri)


@pytest.mark.parametrize(
    ("uri", "path"), [("ws://h/a?b", "/a"), ("ws://h?b", "/"), ("ws://h", "/"), ("ws://h/a", "/a")]
)
def test_the_path_is_the_resource_without_the_query(uri: str, path: str) -> None:
    assert parse_uri(uri).path == path


@pytest.mark.parametrize("path", ["/", "/simple-echo", "/a/b", "/a/", "//", "/%20", "/~", "/a;b=c,d", "/!"])
def test_printable_ascii_behind_a_slash_is_a_path(path: str) -> None:
    assert is_path(path)


@pytest.mark.parametrize(
    "path",
    ["", "a", "simple-echo", "?", "/?", "/a?b", "/#", "/a#b", "/a b", "/a\n", "/\t", "/\x00", "/\x7f", "/\u00e4", "*"],
)
def test_anything_else_is_no_path(path: str) -> None:
    assert not is_path(path)


@pytest.mark.parametrize(
    ("path", "normal"),
    [
        ("/echo", "/echo"),
        ("/%65cho", "/echo"),
        ("/simple%2Decho", "/simple-echo"),
        ("/simple%2decho", "/simple-echo"),
        ("/%41%7a%30%2E%5f%7E", "/Az0._~"),
        ("/caf%c3%a9", "/caf%C3%A9"),
        ("/a%2fb", "/a%2Fb"),
        ("/%2565cho", "/%2565cho"),
        ("/%3f", "/%3F"),
        ("/%zz%6", "/%zz%6"),
        ("/%", "/%"),
    ],
)
def test_paths_that_mean_the_same_have_one_normal_form(path: str, normal: str) -> None:
    """RFC 3986, 6.2.2.1 and 6.2.2.2; a character that is reserved is another one when it is encoded."""
    assert normalize_path(path) == normalize_path(normal) == normal
