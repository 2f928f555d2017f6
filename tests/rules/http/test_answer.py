"""The head of a server's answer (RFC 9112), read as forgivingly as it allows a client."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from echod.rules.http.answer import MOST_INTERIM, Answer, AnswerReader, BadAnswer, parse_status_line

MOST = 200
OK = b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\r\n"


def read(*segments: bytes) -> Answer | None:
    reader = AnswerReader(MOST)
    return [reader.feed(segment) for segment in segments][-1]


@pytest.mark.parametrize(
    ("lines", "fields"),
    [
        (b"", {}),
        (b"X-Date: S\xe1b 13\r\n", {"x-date": ["Sáb 13"]}),
        (b"X: \xc3\x85\x85\r\n", {"x": ["Ã\x85\x85"]}),
        (b"UPGRADE:websocket\r\nconnection:\tUpgrade \r\n", {"upgrade": ["websocket"], "connection": ["Upgrade"]}),
        (b"A: 1\nB: 2\r\n", {"a": ["1"], "b": ["2"]}),
        (b"A: 1\r\na: 2\r\nA:\r\n", {"a": ["1", "2", ""]}),
        (b"A: 1\r\n 2\r\n\t3\r\nB: 4\r\n", {"a": ["1 2 3"], "b": ["4"]}),
        (b"A:\r\n 2\r\n", {"a": ["2"]}),
        (b" lost\r\nA: 1\r\n", {"a": ["1"]}),
        (b"no colon\r\n of it\r\nA: 1\r\n: no name\r\n", {"a": ["1"]}),
        (b"A : 1\r\n", {"a": ["1"]}),
        (b"A: b:c\r\n", {"a": ["b:c"]}),
        (b"A: 1\r2\0003\x1b\r\n", {"a": ["1 2 3\x1b"]}),
    ],
)
def test_fields_are_read_as_they_come(lines: bytes, fields: dict[str, list[str]]) -> None:
    assert read(b"HTTP/1.1 101 Yes\r\n" + lines + b"\r\n") == Answer("HTTP/1.1", 101, "Yes", fields)


def test_lines_of_one_name_are_one_list() -> None:
    answer = read(b"HTTP/1.1 200\r\nA: 1, 2\r\na: ,3 ,\r\nA: \r\n\r\n")
    assert answer is not None
    assert answer.elements("a") == ["1", "2", "3"]
    assert answer.values("a") == ["1, 2", ",3 ,"]
    assert answer.joined() == {"a": "1, 2, ,3 ,, "}
    assert answer.values("b") == answer.elements("b") == []


@pytest.mark.parametrize(
    ("line", "parsed"),
    [
        ("HTTP/1.1 404 Not Found", ("HTTP/1.1", 404, "Not Found")),
        ("HTTP/1.0 200 OK", ("HTTP/1.0", 200, "OK")),
        ("HTTP/1.1 503 ", ("HTTP/1.1", 503, "")),
        ("HTTP/1.1 503", ("HTTP/1.1", 503, "")),
        ("HTTP/1.1  503", ("HTTP/1.1", 503, "")),
        ("HTTP/1.1 400 \x1b[1m\xe9", ("HTTP/1.1", 400, "\x1b[1m\xe9")),
    ],
)
def test_a_status_line_is_taken_apart(line: str, parsed: tuple[str, int, str]) -> None:
    assert parse_status_line(line) == parsed


@pytest.mark.parametrize(
    "line",
    [
        "HTTP/2 200 OK",
        "HTTP/1.1 20 OK",
        "HTTP/1.1 2000 OK",
        "HTTP/1.1 ²00 OK",
        "HTTP/1.1 -10",
        "http/1.1 200",
        "ICY 200",
    ],
)
def test_what_is_no_status_line_is_refused(line: str) -> None:
    with pytest.raises(BadAnswer, match=r"^the answer is not HTTP/1\.1$"):
        parse_status_line(line)


@pytest.mark.parametrize(
    "beginning", [b"S", b"SSH-2.0-OpenSSH\r\n", b"\r\n", b"HTTP/2", b"HTTP/1.1\r\n", b"HTTP/1.1 abc\n", b"\0", b"http"]
)
def test_what_cannot_become_an_answer_is_told_at_once(beginning: bytes) -> None:
    with pytest.raises(BadAnswer, match=r"^the answer is not HTTP/1\.1$"):
        read(beginning)


@pytest.mark.parametrize("record", [b"\x15\x03\x01\x00\x02\x02\x46", b"\x15\x03\x03\x00\x02\x02\x28", b"\x16\x03\x01"])
def test_a_server_of_tls_is_told_as_one(record: bytes) -> None:
    with pytest.raises(BadAnswer, match=r"^the answer is not HTTP/1\.1, but TLS, for which the URI is wss:$"):
        read(record)


@pytest.mark.parametrize("beginning", [b"", b"H", b"HTTP/1.1 101 Swi", b"HTTP/1.1 101 Yes\r\nA: 1\r\n\r"])
def test_what_may_become_an_answer_is_waited_for(beginning: bytes) -> None:
    assert read(beginning) is None


@pytest.mark.parametrize("end", [b"\r\n\r\n", b"\n\n", b"\r\n\n", b"\n\r\n"])
@pytest.mark.parametrize("rest", [b"", b"\r\n", b"\n", b"\x81\x00"])
def test_what_follows_the_head_is_left(end: bytes, rest: bytes) -> None:
    reader = AnswerReader(MOST)
    answer = reader.feed(b"HTTP/1.1 101 Yes\r\nA: 1" + end + rest)
    assert answer == Answer("HTTP/1.1", 101, "Yes", {"a": ["1"]})
    assert reader.rest == rest


@pytest.mark.parametrize("interim", [b"HTTP/1.1 100 Continue\r\n\r\n", b"HTTP/1.1 103 \nLink: </a>; b=c\n\n"])
@pytest.mark.parametrize("count", [0, 1, MOST_INTERIM])
def test_interim_answers_are_passed_over(interim: bytes, count: int) -> None:
    answer = read(interim * count + OK)
    assert answer is not None
    assert answer.status == 101


@pytest.mark.parametrize("status", ["000", "099"])
def test_a_status_that_is_none_is_no_interim_one(status: str) -> None:
    answer = read(f"HTTP/1.1 {status} What\r\n\r\n".encode())
    assert answer is not None
    assert answer.status == int(status)


def test_interim_answers_without_an_end_are_refused() -> None:
    with pytest.raises(BadAnswer, match="more than 16 interim answers"):
        read(b"HTTP/1.1 102 Processing\r\n\r\n" * (MOST_INTERIM + 1))


@pytest.mark.parametrize(
    "segments", [(OK[:-4] + b"x" * MOST,), (OK[:-4] + b"x" * MOST + b"\r\n\r\n",), (OK[:9], b"1" * MOST)]
)
def test_a_head_without_an_end_is_refused(segments: tuple[bytes, ...]) -> None:
    with pytest.raises(BadAnswer, match="the head of the answer has no end"):
        read(*segments)


@given(
    st.lists(st.sampled_from([b"\r", b"\n", b"\r\n", b"HTTP/1.1 101 Yes", b"HTTP/1.1 100", b"A: 1", b" ", b"\0"])),
    st.data(),
)
def test_segmentation_makes_no_difference(pieces: list[bytes], data: st.DataObject) -> None:
    whole = b"HTTP/1.1 101 Yes" + b"".join(pieces)
    cut = data.draw(st.integers(0, len(whole)))

    def outcome(*segments: bytes) -> object:
        reader = AnswerReader(MOST)
        for number, segment in enumerate(segments, 1):
            try:
                answer = reader.feed(segment)
            except BadAnswer as error:
                return str(error)
            if answer is not None:
                return answer, reader.rest + b"".join(segments[number:])
        return None

    assert outcome(whole[:cut], whole[cut:]) == outcome(whole)


@given(st.binary())
def test_any_bytes_are_an_answer_or_refused_or_waited_for(data: bytes) -> None:
    for beginning in (b"", b"HTTP/1.1 101 Yes\r\n"):
        try:
            read(beginning + data)
        except BadAnswer:
            continue
