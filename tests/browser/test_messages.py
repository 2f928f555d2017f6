"""How messages of every kind are shown."""

from __future__ import annotations

import pytest

from tests.browser import peers
from tests.browser.chamber import Chamber
from tests.browser.conftest import file_url


@pytest.mark.parametrize(
    ("message", "line"),
    [
        (b"\x00\x0f\xff", "RECEIVED: 00 0f ff (binary, 3 bytes)"),
        (b"A", "RECEIVED: 41 (binary, 1 byte)"),
        (b"", "RECEIVED: (binary, 0 bytes)"),
        ("00 0f ff", "RECEIVED: 00 0f ff"),
    ],
)
def test_binary_is_shown_as_hex_and_told_from_text(chamber: Chamber, message: str | bytes, line: str) -> None:
    with peers.sending([message]) as port:
        chamber.load(file_url(port))
        chamber.open()
        chamber.expect("CONNECTED ", line)
    assert chamber.errors == []


@pytest.mark.parametrize("text", ["two\nlines", "  blanks  between  ", "grüße 日本語 🙂", "&lt;&amp;", "null"])
def test_text_is_shown_as_it_came(chamber: Chamber, text: str) -> None:
    with peers.sending([text]) as port:
        chamber.load(file_url(port))
        chamber.open()
        chamber.expect("CONNECTED ", f"RECEIVED: {text}")


def test_blanks_and_line_ends_are_visible(chamber: Chamber) -> None:
    with peers.sending(["a  b\nc"]) as port:
        chamber.load(file_url(port))
        chamber.open()
        chamber.expect("CONNECTED ", "RECEIVED: a  b\nc")
        rendered = "return document.getElementById('messages').lastChild.innerText"
        assert chamber.browser.execute_script(rendered) == "RECEIVED: a  b\nc"


def test_messages_keep_their_order(chamber: Chamber) -> None:
    texts = [str(number) for number in range(200)]
    with peers.sending(texts) as port:
        chamber.load(file_url(port))
        chamber.open()
        chamber.expect("CONNECTED ", *(f"RECEIVED: {text}" for text in texts))
