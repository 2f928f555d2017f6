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


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("a\x1b[31mb", "a⟨U+001B⟩[31mb"),
        ("\x00\x7f\x9b", "⟨U+0000⟩⟨U+007F⟩⟨U+009B⟩"),
        ("a\rb\u2028c", "a⟨U+000D⟩b⟨U+2028⟩c"),
        ("pay \u202e001\u202c", "pay ⟨U+202E⟩001⟨U+202C⟩"),
        ("\u2066a\u2069\u200f\ufeff\u200b", "⟨U+2066⟩a⟨U+2069⟩⟨U+200F⟩⟨U+FEFF⟩⟨U+200B⟩"),
        ("a\tb\nc", "a\tb\nc"),
        ("👩\u200d💻 می\u200cشود", "👩\u200d💻 می\u200cشود"),
    ],
)
def test_what_cannot_be_seen_is_shown_by_its_number(chamber: Chamber, text: str, shown: str) -> None:
    with peers.sending([text]) as port:
        chamber.load(file_url(port))
        chamber.open()
        chamber.expect("CONNECTED ", f"RECEIVED: {shown}")


def test_text_from_right_to_left_leaves_the_word_before_it_in_its_place(chamber: Chamber) -> None:
    """Its first mark stands at its right end, and the word before it at the left."""
    places = """
        const [word, message] = document.getElementById("messages").lastChild.childNodes;
        const mark = document.createRange();
        mark.setStart(message.firstChild, 0);
        mark.setEnd(message.firstChild, 1);
        return [message.getBoundingClientRect().right, mark.getBoundingClientRect().right];
    """
    with peers.sending(["!שלום"]) as port:
        chamber.load(file_url(port))
        chamber.open()
        chamber.expect("CONNECTED ", "RECEIVED: !שלום")
        end, mark = chamber.browser.execute_script(places)
    assert mark == pytest.approx(end, abs=1)


@pytest.mark.parametrize("text", ["w" * 1_000_000, "🙂" * 500_000])
def test_of_a_long_message_the_beginning_is_shown(chamber: Chamber, text: str) -> None:
    """And its length in UTF-16 units, as JavaScript counts them."""
    beginning = text[: 10_000 if text.startswith("w") else 5_000]
    with peers.sending([text, "after"]) as port:
        chamber.load(file_url(port))
        chamber.open()
        cut = f"RECEIVED: {beginning}… (1000000 characters, the first 10000 shown)"
        chamber.expect("CONNECTED ", cut, "RECEIVED: after")


def test_no_half_of_a_character_is_shown(chamber: Chamber) -> None:
    with peers.sending(["w" * 9_999 + "🙂"]) as port:
        chamber.load(file_url(port))
        chamber.open()
        chamber.expect("CONNECTED ", f"RECEIVED: {'w' * 9_999}… (10001 characters, the first 9999 shown)")
