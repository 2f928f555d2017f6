"""Text of a peer cannot command a terminal, nor end a line of a log."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from echod.errors import (
    BadCertificate,
    ConnectFailed,
    ConnectionClosed,
    EchodError,
    HandshakeRefused,
    NotWebSocket,
    printable,
)

URI = "ws://h/"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("", ""),
        ("plain, and Ålesund, 日本, 🙂", "plain, and Ålesund, 日本, 🙂"),
        ("\x1b[31m\x07", r"\x1b[31m\x07"),
        ("\x9b31m\x85", r"\x9b31m\x85"),
        ("a\r\nb\tc\x7f\0", r"a\r\nb\tc\x7f\x00"),
        ("\u202egnp\u2066\u200b\u00ad\ufeff", r"\u202egnp\u2066\u200b\xad\ufeff"),
        ("\u2028\u2029\xa0", r"\u2028\u2029\xa0"),
        ("\ud800\U000e0001", r"\ud800\U000e0001"),
    ],
)
def test_what_is_not_printable_is_shown_as_python_writes_it(text: str, shown: str) -> None:
    assert printable(text) == shown


@given(st.text())
def test_what_comes_out_is_one_printable_line(text: str) -> None:
    assert printable(text).isprintable()
    assert printable(printable(text)) == printable(text)


NASTY = "\x1b]0;x\x07\x9b1m\u202e\r\n"
SHOWN = r"\x1b]0;x\x07\x9b1m\u202e\r\n"


@pytest.mark.parametrize(
    ("error", "sentence"),
    [
        (ConnectionClosed(1000, NASTY), f"the connection is closed (code 1000, {SHOWN})"),
        (ConnectFailed(URI, NASTY), f"{URI}: {SHOWN}"),
        (NotWebSocket(URI, NASTY), f"{URI}: {SHOWN}"),
        (BadCertificate(URI, NASTY, "wrong name", (NASTY,)), f"{URI}: {SHOWN}"),
        (HandshakeRefused(URI, 400, NASTY, {}), rf"{URI}: the server refused the handshake: 400 {SHOWN[:-4]}"),
        (
            HandshakeRefused(URI, 302, "Found", {"location": f"/{NASTY}"}),
            rf"{URI}: the server refused the handshake: 302 Found: it is at /{SHOWN}",
        ),
    ],
)
def test_the_sentence_of_an_error_is_printable_whatever_the_server_said(error: EchodError, sentence: str) -> None:
    assert str(error) == sentence


def test_the_data_of_an_error_is_as_it_came() -> None:
    assert HandshakeRefused(URI, 400, NASTY, {}).phrase == NASTY
    assert ConnectionClosed(1000, NASTY).reason == NASTY
