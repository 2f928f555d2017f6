"""The head of a request: what is refused, what is taken, and that neither depends on how the bytes arrive."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from echod.rules.http.head import Head, HeadReader, Refusal, authority_of

MAX_BYTES = 16384
MAX_HEADERS = 100

pieces_of_heads = st.sampled_from(
    [
        b"GET / HTTP/1.1",
        b"GET",
        b"/",
        b"*",
        b"http://h/p?q",
        b"http://[",
        b"HTTP/1.1",
        b"Host: h",
        b"A:b",
        b":",
        b" ",
        b"\r\n",
        b"\r\n\r\n",
        b"\r",
        b"\n",
        b"\t",
        b"\x00",
        b"\x16\x03\x01",
        b"\x7f",
        b"\x85",
        b"\xa0",
        b"\xff",
        b"#",
    ]
)
heads = st.lists(pieces_of_heads | st.binary(max_size=6), max_size=16).map(b"".join)


def read(*chunks: bytes, max_bytes: int = MAX_BYTES, max_headers: int = MAX_HEADERS) -> Head | Refusal | None:
    """The first result of feeding these chunks."""
    reader = HeadReader(max_bytes, max_headers)
    return next(filter(None, map(reader.feed, chunks)), None)


def head_of(raw: bytes) -> Head:
    """The head that these bytes are."""
    head = read(raw)
    assert isinstance(head, Head)
    return head


def status_of(raw: bytes, **limits: int) -> int | None:
    """The status that these bytes are refused with; None when they are not refused."""
    result = read(raw, **limits)
    return result.status if isinstance(result, Refusal) else None


def cut(data: bytes, places: list[int]) -> list[bytes]:
    """The data in pieces, cut at these places."""
    edges = sorted({0, len(data), *(place for place in places if place < len(data))})
    return [data[start:end] for start, end in pairwise(edges)]


def request_with(line: bytes) -> bytes:
    """A request whose second line, behind the Host header, is this one."""
    return b"GET / HTTP/1.1\r\nHost: h\r\n" + line + b"\r\n\r\n"


def head_of_size(size: int) -> bytes:
    """A whole head of exactly this many bytes, the empty line at its end not counted."""
    start = b"GET / HTTP/1.1\r\nHost: h\r\nX: "
    return start + b"x" * (size - len(start)) + b"\r\n\r\n"


def head_of_fields(count: int) -> bytes:
    """A whole head of exactly this many header fields; the request line is none."""
    return b"GET / HTTP/1.1\r\nHost: h\r\n" + b"X: x\r\n" * (count - 1) + b"\r\n"


def test_a_whole_head_is_read() -> None:
    assert read(b"GET /a?b HTTP/1.1\r\nHost: h:9001\r\nX-Y:  z \t\r\n\r\n") == Head(
        method="GET", target="/a?b", version="HTTP/1.1", headers=(("Host", "h:9001"), ("X-Y", "z"))
    )


@pytest.mark.parametrize("raw", [b"", b"G", b"GET / HTTP/1.1\r\n", b"GET / HTTP/1.1\r\nHost: h\r\n\r"])
def test_an_incomplete_head_is_waited_for(raw: bytes) -> None:
    assert read(raw) is None


@pytest.mark.parametrize("size", [16383, 16384])
def test_a_head_within_the_byte_limit_is_taken(size: int) -> None:
    assert isinstance(read(head_of_size(size)), Head)


def test_a_head_one_byte_over_the_limit_is_refused() -> None:
    assert status_of(head_of_size(16385)) == 431


def test_a_head_at_the_byte_limit_is_taken_when_it_comes_byte_by_byte() -> None:
    raw = head_of_size(64)
    assert isinstance(read(*cut(raw, list(range(len(raw)))), max_bytes=64), Head)


def test_a_head_over_the_byte_limit_is_refused_before_its_end() -> None:
    assert status_of(b"GET /" + b"a" * 16384) == 431


def test_bytes_behind_the_head_do_not_count_for_the_limit() -> None:
    assert isinstance(read(head_of_size(64) + b"x" * 1000, max_bytes=64), Head)


def test_a_head_with_as_many_fields_as_allowed_is_taken() -> None:
    assert isinstance(read(head_of_fields(100)), Head)


def test_a_head_with_one_field_more_is_refused() -> None:
    assert status_of(head_of_fields(101)) == 431


@pytest.mark.parametrize(
    "control", [b"\x00", b"\x01", b"\x08", b"\x0b", b"\x0c", b"\x1b", b"\x1c", b"\x1d", b"\x1e", b"\x1f", b"\x7f"]
)
@pytest.mark.parametrize("line", [b"X: a%sb", b"X: %s", b"X%s: a", b"%s: a"])
def test_a_control_character_in_a_header_line_is_refused(line: bytes, control: bytes) -> None:
    assert status_of(request_with(line % control)) == 400


@pytest.mark.parametrize("byte", range(0x80, 0x100))
def test_every_byte_of_other_alphabets_may_stand_in_a_value(byte: int) -> None:
    """RFC 9110, 5.5: obs-text; UTF-8 has 0x85 in many letters, which is NEL in latin-1."""
    value = b"%c \xc3%cles\xc3%c" % (byte, byte, byte)
    assert head_of(request_with(b"X: " + value)).values("x") == [value.decode("latin-1")]


@pytest.mark.parametrize("byte", range(0x80, 0x100))
@pytest.mark.parametrize(
    "head", [b"GET /%c HTTP/1.1\r\nHost: h\r\n\r\n", b"GET / HTTP/1.1\r\nHost: h\r\nX%c: a\r\n\r\n"]
)
def test_targets_and_names_are_ascii(head: bytes, byte: int) -> None:
    """RFC 9112, 3.2, and RFC 9110, 5.6.2."""
    assert status_of(head % byte) == 400


@pytest.mark.parametrize("control", [b"\x00", b"\t", b"\x0b", b"\x0c", b"\x1c", b"\x7f", b"\x85", b"\r", b"\n"])
@pytest.mark.parametrize("target", [b"/a%sb", b"/a%s", b"/?a%sb", b"http://h/a%sb", b"http://h/a%s"])
def test_a_control_character_in_the_target_is_refused(target: bytes, control: bytes) -> None:
    assert status_of(b"GET " + target % control + b" HTTP/1.1\r\nHost: h\r\n\r\n") == 400


@pytest.mark.parametrize(
    "line", [b"X: a\rb", b"X: a\nb", b"X: a\r\r\nY: b", b"X: a\nTransfer-Encoding: chunked", b"\rX: a"]
)
def test_a_bare_line_end_is_refused(line: bytes) -> None:
    assert status_of(request_with(line)) == 400


@pytest.mark.parametrize(
    "raw",
    [
        b"\n",
        b"GET / HTTP/1.0\n",
        b"GET / HTTP/1.0\n\n",
        b"GET / HTTP/1.1\nHost: h\n\n",
        b"GET / HTTP/1.1\r\nHost: h\n",
        b"GET / HTTP/1.1\r\nHost: h\r\n\n",
        b"GET / HTTP/1.1\nHost: h\r\n\r\n",
        b"\r\n\nGET / HTTP/1.1\r\n",
        b"GET / HTTP/1.1\rH",
        b"\rG",
        b"\r\r\n",
    ],
)
def test_a_line_that_does_not_end_with_crlf_is_refused_at_once_and_by_its_name(raw: bytes) -> None:
    refusal = read(raw)
    assert isinstance(refusal, Refusal)
    assert (refusal.status, refusal.why) == (400, "a line of the request head does not end with CRLF")


@pytest.mark.parametrize(
    "raw", [b"\r", b"GET / HTTP/1.1\r", b"\r\n", b"\r\n\r", b"\r\nGET / HTTP/1.1\r\nHost: h\r\n\r"]
)
def test_what_may_become_a_line_end_is_waited_for(raw: bytes) -> None:
    assert read(raw) is None
    assert read(*cut(raw, list(range(len(raw))))) is None


def test_an_empty_line_before_the_request_line_is_ignored() -> None:
    """RFC 9112, 2.2."""
    raw = b"\r\nGET /health/live HTTP/1.1\r\nHost: h\r\n\r\n"
    head = head_of(raw)
    assert (head.path, head.raw[:4]) == ("/health/live", b"GET ")
    assert read(*cut(raw, list(range(len(raw))))) == head


def test_what_stands_behind_a_head_with_an_empty_line_in_front_is_kept() -> None:
    reader = HeadReader(MAX_BYTES, MAX_HEADERS)
    assert isinstance(reader.feed(b"\r\nGET / HTTP/1.1\r\nHost: h\r\n\r\nxyz"), Head)
    assert (reader.rest, bytes(reader.received[:5])) == (b"xyz", b"GET /")


@pytest.mark.parametrize("raw", [b"\r\n\r\n", b"\r\n\r\nGET / HTTP/1.1\r\nHost: h\r\n\r\n"])
def test_more_empty_lines_are_refused_at_once(raw: bytes) -> None:
    refusal = read(*cut(raw, list(range(len(raw)))))
    assert isinstance(refusal, Refusal)
    assert (refusal.status, refusal.why) == (400, "the request begins with more than one empty line")


@pytest.mark.parametrize(("raw", "is_silent"), [(b"", True), (b"\r", False), (b"\r\n", False), (b"G", False)])
def test_silence_is_to_send_nothing_at_all(raw: bytes, is_silent: bool) -> None:
    reader = HeadReader(MAX_BYTES, MAX_HEADERS)
    reader.feed(raw)
    assert reader.is_silent is is_silent


@pytest.mark.parametrize("version", ["1.2", "1.9"])
def test_a_higher_minor_version_is_read_as_1_1(version: str) -> None:
    """RFC 9110, 6.2."""
    head = head_of(f"GET / HTTP/{version}\r\nHost: h\r\n\r\n".encode())
    assert (head.version, head.raw.split(b"\r\n")[0]) == ("HTTP/1.1", f"GET / HTTP/{version}".encode())


@pytest.mark.parametrize("line", [b"GET / HTTP/0.9", b"GET / HTTP/2.0", b"PRI * HTTP/2.0"])
def test_another_major_version_is_refused(line: bytes) -> None:
    assert status_of(line + b"\r\nHost: h\r\n\r\n") == 505


def test_a_tunnel_may_be_asked_for() -> None:
    """RFC 9112, 3.2.3: it is refused as a method, and not as a target."""
    assert head_of(b"CONNECT h:443 HTTP/1.1\r\nHost: h:443\r\n\r\n").path == "h:443"
    assert status_of(b"GET h:443 HTTP/1.1\r\nHost: h:443\r\n\r\n") == 400


@pytest.mark.parametrize(
    ("target", "authority"),
    [("/", "h:1"), ("http://other", "other"), ("ws://[::1]:80/?a", "[::1]:80"), ("//x/y", "h:1")],
)
def test_an_absolute_target_says_for_whom_a_request_is(target: str, authority: str) -> None:
    """RFC 9112, 3.2.2: it goes before the Host header."""
    assert authority_of(head_of(f"GET {target} HTTP/1.1\r\nHost: h:1\r\n\r\n".encode())) == authority


@pytest.mark.parametrize(
    "line",
    [
        b"X: a\r\n b",
        b"X: a\r\n\tb",
        b"X: a\r\n b: c",
        b" X: a",
        b"no colon",
        b": no name",
        b"X : a",
        b"X\t: a",
        b"X Y: a",
        b"(X): a",
        b"X\xe9: a",
        b'"X": a',
        b"X\xa0: a",
        b"=: a",
        b"@",
        b"X;Y: a",
    ],
)
def test_a_line_that_is_no_header_is_refused(line: bytes) -> None:
    assert status_of(request_with(line)) == 400


@pytest.mark.parametrize(
    "line",
    [
        b"",
        b" ",
        b"GET",
        b"GET /",
        b"GET / ",
        b"GET  / HTTP/1.1",
        b"GET /  HTTP/1.1",
        b" GET / HTTP/1.1",
        b"GET / HTTP/1.1 ",
        b"GET /a b HTTP/1.1",
        b"GET\t/\tHTTP/1.1",
        b"G(T / HTTP/1.1",
        b"G\xc9T / HTTP/1.1",
        b"GET / http/1.1",
        b"GET / HTTP/1",
        b"GET / HTTP/1.",
        b"GET / HTTP/1.10",
        b"GET / HTTP/11.1",
        b"GET / HTTP/x.y",
        b"GET / HTTP 1.1",
        b"GET / HTTP/1.1/",
        b"GET / HTTPS/1.1",
        b"GET / HTTP/\xb2.\xb9",
        b"GET / ICY/1.1",
    ],
)
def test_a_bad_request_line_is_refused(line: bytes) -> None:
    assert status_of(line + b"\r\nHost: h\r\n\r\n") == 400


@pytest.mark.parametrize(
    "target",
    [
        b"a",
        b"simple-echo",
        b"?a",
        b"h:80",
        b"**",
        b"*/",
        b"ftp://h/",
        b"javascript:1",
        b"://h/",
        b"http//h/",
        b"http://[::1",
        b"http://[x]/",
        b"http://[::::]/",
        b"http://[1.2.3.4]/",
        b"http://]/",
        b"/a#b",
        b"/#",
        b"http://h/#a",
        b"/\xe9",
        b"/\xa0",
        b"http://h\xe9/",
    ],
)
def test_a_target_that_is_neither_a_path_nor_a_web_address_is_refused(target: bytes) -> None:
    assert status_of(b"GET " + target + b" HTTP/1.1\r\nHost: h\r\n\r\n") == 400


@pytest.mark.parametrize(
    "target", [b"http:", b"http:/a", b"http:a", b"http://", b"http:///a", b"ws:///a", b"http://:80/a"]
)
def test_an_absolute_target_without_a_host_is_refused(target: bytes) -> None:
    """RFC 9110, 4.2.1: it must be rejected as invalid."""
    assert status_of(b"GET " + target + b" HTTP/1.1\r\nHost: h\r\n\r\n") == 400


@pytest.mark.parametrize("method", [b"GET", b"HEAD", b"POST"])
def test_the_asterisk_is_a_target_of_options_alone(method: bytes) -> None:
    """RFC 9112, 3.2.4."""
    assert status_of(method + b" * HTTP/1.1\r\nHost: h\r\n\r\n") == 400


@pytest.mark.parametrize("size", [1, 2, 3, 100])
def test_a_tls_greeting_is_refused_at_its_first_bytes(size: int) -> None:
    assert status_of((b"\x16\x03\x01\x02\x00\x01" + b"\x00" * 94)[:size]) == 400


def test_a_proxy_protocol_preamble_is_refused() -> None:
    assert status_of(b"\r\n\r\n\x00\r\nQUIT\n\x21\x11\x00\x0c") == 400


@pytest.mark.parametrize(
    ("target", "path", "query"),
    [
        (b"/", "/", ""),
        (b"/a", "/a", ""),
        (b"/a?b", "/a", "b"),
        (b"/a?b?c", "/a", "b?c"),
        (b"/?", "/", ""),
        (b"//a", "//a", ""),
        (b"/%41/../b;c", "/%41/../b;c", ""),
        (b"/http://h/a", "/http://h/a", ""),
        (b"http://h/a?b", "/a", "b"),
        (b"http://h:9001/a", "/a", ""),
        (b"http://h", "/", ""),
        (b"http://h?b", "/", "b"),
        (b"HTTPS://h/a", "/a", ""),
        (b"ws://[::1]:9001/a", "/a", ""),
        (b"wss://h//a", "//a", ""),
    ],
)
def test_a_target_has_this_path_and_this_query(target: bytes, path: str, query: str) -> None:
    head = head_of(b"GET " + target + b" HTTP/1.1\r\nHost: h\r\n\r\n")
    assert (head.path, head.query) == (path, query)


def test_the_asterisk_has_no_path_that_could_be_published() -> None:
    assert head_of(b"OPTIONS * HTTP/1.1\r\nHost: h\r\n\r\n").path == "*"


def test_the_target_is_kept_as_it_was_sent() -> None:
    assert head_of(b"GET http://h/a%20b?c HTTP/1.1\r\nHost: h\r\n\r\n").target == "http://h/a%20b?c"


@pytest.mark.parametrize(
    ("line", "value"),
    [
        (b"X:", ""),
        (b"X: ", ""),
        (b"X:a", "a"),
        (b"X: \ta\t ", "a"),
        (b"X: a\tb", "a\tb"),
        (b"X: a: b", "a: b"),
        (b"X: \xe9", "\xe9"),
        (b"X: \xa0a\xa0", "\xa0a\xa0"),
        (b"x: a", "a"),
    ],
)
def test_only_blanks_and_tabs_around_a_value_are_dropped(line: bytes, value: str) -> None:
    assert head_of(request_with(line)).values("x") == [value]


def test_the_values_of_all_lines_stay_apart_and_in_order() -> None:
    assert head_of(request_with(b"X: b, c\r\nY: d\r\nx: a")).values("x") == ["b, c", "a"]


def test_tokens_are_the_elements_of_all_lines_in_lower_case() -> None:
    head = head_of(request_with(b"Connection: Keep-Alive,Upgrade \r\nCONNECTION:\t, x"))
    assert head.tokens("connection") == ["keep-alive", "upgrade", "", "x"]


@pytest.mark.parametrize("value", [b"\xa0websocket", b"websocket\xa0", b"h2c,\xa0websocket"])
def test_a_no_break_space_is_part_of_a_token(value: bytes) -> None:
    """Blanks and tabs alone may stand around an element (RFC 9110, 5.6.3): a proxy in front sees another word."""
    assert "websocket" not in head_of(request_with(b"Upgrade: " + value)).tokens("upgrade")


@given(st.binary(max_size=200) | heads)
def test_any_bytes_give_nothing_a_head_or_a_refusal(data: bytes) -> None:
    result = read(data, max_bytes=64, max_headers=5)
    assert result is None or isinstance(result, Head | Refusal)


@given(st.text("/?:%.;@[]*a1-") | st.text("/?:a[]@").map("http://h".__add__) | st.text(":1.]/").map("http://[".__add__))
def test_every_target_is_refused_or_has_a_path(target: str) -> None:
    result = read(f"OPTIONS {target} HTTP/1.1\r\nHost: h\r\n\r\n".encode())
    if isinstance(result, Head):
        assert result.path.startswith("/") or result.path == target == "*"
        assert result.query == target.partition("?")[2]
    else:
        assert result is not None


@given(heads, st.lists(st.integers(0, 120)))
@example(b"GET / HTTP/1.1\r\nHost: hh\r\nX: xxx\r\n\r\n", list(range(40)))
@example(b"GET / HTTP/1.1\r\nHost: h\r\nX: xxxxxxxxx\x00", list(range(40)))
def test_any_segmentation_gives_the_result_of_the_whole(data: bytes, places: list[int]) -> None:
    limits = {"max_bytes": 32, "max_headers": 4}
    assert read(*cut(data, places), **limits) == read(data, **limits)


@given(st.binary(max_size=40), st.lists(st.integers(0, 80)))
def test_bytes_behind_the_head_stay_in_received(behind: bytes, places: list[int]) -> None:
    raw = b"GET / HTTP/1.1\r\nHost: h\r\n\r\n" + behind
    reader = HeadReader(MAX_BYTES, MAX_HEADERS)
    fed = b""
    for piece in cut(raw, places):
        fed += piece
        if reader.feed(piece):
            break
    assert bytes(reader.received) == fed == raw[: len(fed)]
