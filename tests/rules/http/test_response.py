"""A refusal as bytes: whole answers, literally."""

from __future__ import annotations

from dataclasses import replace

import pytest

from echod.rules.http.head import Refusal
from echod.rules.http.response import Page, http_date, render, render_page, stamp


def test_a_refusal_is_one_whole_answer() -> None:
    assert render(Refusal(400, "the request head contains a control character")) == (
        b"HTTP/1.1 400 Bad Request\r\n"
        b"Server: echod\r\n"
        b"Content-Type: text/plain; charset=utf-8\r\n"
        b"Content-Length: 63\r\n"
        b"Connection: close\r\n"
        b"\r\n"
        b"400 Bad Request: the request head contains a control character\n"
    )


def test_its_own_headers_are_part_of_it() -> None:
    assert render(Refusal(405, "a WebSocket is opened with GET", (("Allow", "GET"),))) == (
        b"HTTP/1.1 405 Method Not Allowed\r\n"
        b"Server: echod\r\n"
        b"Allow: GET\r\n"
        b"Content-Type: text/plain; charset=utf-8\r\n"
        b"Content-Length: 55\r\n"
        b"Connection: close\r\n"
        b"\r\n"
        b"405 Method Not Allowed: a WebSocket is opened with GET\n"
    )


@pytest.mark.parametrize(("status", "phrase"), [(204, b"No Content"), (304, b"Not Modified")])
def test_an_answer_that_has_no_body_says_nothing_of_one(status: int, phrase: bytes) -> None:
    """RFC 9110, 15.3.5 and 15.4.5."""
    head = b"HTTP/1.1 %d %s\r\nServer: echod\r\nConnection: close\r\n\r\n" % (status, phrase)
    assert render(Refusal(status, "as asked")) == head


def test_an_answer_with_upgrade_says_so_in_connection() -> None:
    """RFC 9110, 7.8."""
    headers = (("Upgrade", "websocket"), ("Sec-WebSocket-Version", "13"))
    assert render(Refusal(426, "this path speaks WebSocket only", headers)) == (
        b"HTTP/1.1 426 Upgrade Required\r\n"
        b"Server: echod\r\n"
        b"Upgrade: websocket\r\n"
        b"Sec-WebSocket-Version: 13\r\n"
        b"Content-Type: text/plain; charset=utf-8\r\n"
        b"Content-Length: 54\r\n"
        b"Connection: Upgrade, close\r\n"
        b"\r\n"
        b"426 Upgrade Required: this path speaks WebSocket only\n"
    )


@pytest.mark.parametrize("status", [400, 403, 404, 405, 408, 413, 426, 431, 500, 503, 505])
def test_the_announced_length_is_that_of_the_body(status: int) -> None:
    head, _, body = render(Refusal(status, "so it is")).partition(b"\r\n\r\n")
    assert f"\r\nContent-Length: {len(body)}\r\n".encode() in head


@pytest.mark.parametrize("status", [499, 430, 599])
def test_a_status_without_a_registered_phrase_is_an_answer_too(status: int) -> None:
    """`authorize` may choose any: the phrase may be empty, the blank before it may not be missing (RFC 9112, 4)."""
    assert render(Refusal(status, "so it is")).startswith(f"HTTP/1.1 {status} ".encode())


def test_a_date_stands_behind_the_headers_of_the_answer_itself() -> None:
    """RFC 9110, 6.6.1; a date has seconds and no more."""
    refusal = stamp(Refusal(503, "so it is", (("Retry-After", "5"),)), 784_111_777.9)
    assert refusal.headers == (("Retry-After", "5"), ("Date", "Sun, 06 Nov 1994 08:49:37 GMT"))
    assert stamp(Page("text/plain", b""), 0).headers == (("Date", "Thu, 01 Jan 1970 00:00:00 GMT"),)


def test_an_answer_that_has_a_date_keeps_it() -> None:
    """A behaviour may ask for one."""
    refusal = Refusal(503, "as asked", (("date", "x"),))
    assert stamp(refusal, 0) is refusal


def test_the_same_second_is_written_once() -> None:
    assert http_date(784_111_777) is http_date(784_111_777)


PAGE = Page("text/plain", b"so it is", (("Vary", "Accept"),))


def test_a_page_says_which_state_it_is_in() -> None:
    assert render_page(PAGE) == (
        b"HTTP/1.1 200 OK\r\n"
        b"Server: echod\r\n"
        b"Vary: Accept\r\n"
        b"Content-Type: text/plain\r\n"
        b"Content-Length: 8\r\n"
        b'ETag: "858fe485d390c197a3107b612cce6a2a"\r\n'
        b"Cache-Control: no-cache\r\n"
        b"X-Content-Type-Options: nosniff\r\n"
        b"Connection: close\r\n"
        b"\r\n"
        b"so it is"
    )


def test_a_page_that_the_client_has_is_confirmed_without_content() -> None:
    """RFC 9110, 15.4.5."""
    assert render_page(replace(PAGE, status=304)) == (
        b"HTTP/1.1 304 Not Modified\r\n"
        b"Server: echod\r\n"
        b"Vary: Accept\r\n"
        b'ETag: "858fe485d390c197a3107b612cce6a2a"\r\n'
        b"Cache-Control: no-cache\r\n"
        b"X-Content-Type-Options: nosniff\r\n"
        b"Connection: close\r\n"
        b"\r\n"
    )


def test_a_page_that_is_no_success_has_no_state() -> None:
    assert b"ETag" not in render_page(replace(PAGE, status=503))
