"""What fuzzing has found interesting once is tried again at each run."""

from __future__ import annotations

import importlib

import pytest

from tests.fuzz import corpora
from tests.fuzz.choices import Choices


@pytest.mark.parametrize("target", corpora.TARGETS)
def test_every_input_of_a_corpus_passes_its_check(target: str) -> None:
    check = importlib.import_module(f"tests.fuzz.targets.{target}").check
    inputs = corpora.read(target)
    assert inputs
    for data in inputs:
        check(data)


def test_a_corpus_is_read_as_it_was_written(tmp_path: object, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(corpora, "FOLDER", tmp_path)
    corpora.write("some", [b"longer\n\xff", b"a", b"a"])
    assert corpora.read("some") == [b"a", b"longer\n\xff"]


@pytest.mark.parametrize(
    ("way", "pieces"),
    [(b"\0", [b"hello"]), (b"\1", [b"h", b"e", b"l", b"l", b"o", b""]), (b"\2\0\1\0\3", [b"h", b"el", b"lo"])],
)
def test_bytes_decide_how_others_are_split(way: bytes, pieces: list[bytes]) -> None:
    assert Choices(way).split(b"hello") == pieces


def test_where_no_bytes_are_left_the_first_is_picked() -> None:
    choices = Choices(b"\1")
    assert [choices.pick("abc"), choices.is_over, choices.pick("abc"), choices.rest()] == ["b", True, "a", b""]
