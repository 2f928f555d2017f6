"""The echo rule: the oracle of the note, literally, and the laws behind it."""

from __future__ import annotations

import sys
from collections.abc import Iterable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from echod.rules.echo import Mode
from echod.rules.echo import step as step_utf8
from tests.oracle import MULTI, SHARED, SIMPLE

SEQUENCES = {
    "simple": SIMPLE,
    "shared": [(text, reply) for _, text, reply in SHARED],
    "multi, a": [(text, reply) for who, text, reply in MULTI if who == "a"],
    "multi, b": [(text, reply) for who, text, reply in MULTI if who == "b"],
}
SUFFIX = "...added..."

texts = st.text() | st.sampled_from(["add", "none", "ADD", "None", " add", "none\n"])
modes = st.sampled_from(Mode)


def step(mode: Mode, text: str) -> tuple[Mode, str]:
    """The rule on text instead of its UTF-8; surrogates alone, which no message has, are let through."""
    mode, reply = step_utf8(mode, text.encode("utf-8", "surrogatepass"))
    return mode, reply.decode("utf-8", "surrogatepass")


def replies(texts: Iterable[str]) -> list[str]:
    """The replies to these messages, one after the other, from the start of a server on."""
    mode, said = Mode.OFF, []
    for text in texts:
        mode, reply = step(mode, text)
        said.append(reply)
    return said


@pytest.mark.parametrize("sequence", SEQUENCES.values(), ids=SEQUENCES.keys())
def test_a_sequence_of_the_oracle_is_answered_literally(sequence: list[tuple[str, str]]) -> None:
    assert replies(text for text, _ in sequence) == [reply for _, reply in sequence]


def test_none_is_answered_unchanged() -> None:
    assert step(Mode.ADD, "none") == (Mode.OFF, "none")


@pytest.mark.parametrize("text", ["add", "Add", "aDd", "adD", "ADd", "AdD", "aDD", "ADD"])
def test_add_is_a_command_in_any_spelling_and_keeps_it(text: str) -> None:
    assert step(Mode.OFF, text) == (Mode.ADD, text + "...added...")


@pytest.mark.parametrize("text", ["none", "None", "nOne", "noNe", "nonE", "NONE", "nONE", "NonE"])
def test_none_is_a_command_in_any_spelling_and_keeps_it(text: str) -> None:
    assert step(Mode.ADD, text) == (Mode.OFF, text)


@pytest.mark.parametrize("mode", Mode)
@pytest.mark.parametrize(
    "text",
    [
        " add",
        "add ",
        "add\n",
        "\tadd",
        "added",
        "ad",
        "a dd",
        "add\x00",
        "\ufeffadd",
        "add\u0301",
        "\uff41dd",
        " none",
        "none ",
        "none\n",
        "nonet",
        "non",
        "no ne",
        "\x00none",
        "n\u00f6ne",
        "off",
        "",
    ],
)
def test_nothing_is_trimmed_and_nothing_else_is_a_command(mode: Mode, text: str) -> None:
    assert step(mode, text)[0] is mode


@given(modes, texts)
def test_the_reply_starts_with_the_message(mode: Mode, text: str) -> None:
    assert step(mode, text)[1].startswith(text)


@given(modes, texts)
def test_the_reply_is_made_with_the_new_mode(mode: Mode, text: str) -> None:
    new_mode, reply = step(mode, text)
    assert reply == (text + SUFFIX if new_mode is Mode.ADD else text)


@given(modes, texts)
def test_only_the_two_words_change_the_mode(mode: Mode, text: str) -> None:
    words = {"add": Mode.ADD, "none": Mode.OFF}
    assert step(mode, text)[0] is words.get(text.casefold(), mode)


@given(st.lists(texts))
def test_every_message_has_exactly_one_reply(sequence: list[str]) -> None:
    assert len(replies(sequence)) == len(sequence)


@pytest.mark.parametrize("word", ["add", "none"])
def test_lower_and_casefold_agree_on_a_word_with_any_letter_replaced_by_any_code_point(word: str) -> None:
    before = Mode.OFF if word == "add" else Mode.ADD
    for place in range(len(word)):
        head, tail = word[:place], word[place + 1 :]
        changing = {c for c in map(chr, range(sys.maxunicode + 1)) if step(before, head + c + tail)[0] is not before}
        folding = {c for c in map(chr, range(sys.maxunicode + 1)) if (head + c + tail).casefold() == word}
        assert changing == folding == {word[place], word[place].upper()}


def test_no_single_code_point_is_a_command() -> None:
    assert all(step(mode, chr(point))[0] is mode for point in range(sys.maxunicode + 1) for mode in Mode)
