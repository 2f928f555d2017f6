"""The known name that a misspelt one is nearest to, and what is a misspelling at all."""

from __future__ import annotations

from string import ascii_lowercase

import pytest
from hypothesis import given
from hypothesis import strategies as st

from echod.rules.suggestion import Misspellings, fold, suggest

NAMES = ("port", "listen", "max-message")


@pytest.mark.parametrize(
    ("name", "nearest"),
    [
        ("prot", "port"),
        ("listne", "listen"),
        ("max-mesage", "max-message"),
        ("max_message", "max-message"),
        ("PORT", "port"),
    ],
)
def test_a_misspelt_name_is_answered_with_the_nearest(name: str, nearest: str) -> None:
    assert suggest(name, NAMES, "--{}".format) == f", did you mean --{nearest}?"


@pytest.mark.parametrize("name", ["", "xyzzy", "max-message" * 100])
def test_a_name_that_is_near_to_none_is_answered_with_nothing(name: str) -> None:
    assert suggest(name, NAMES) == ""


# What is a misspelling

KNOWN = ("bad", "hold", "times", "reply", "stall", "stall-for", "ping-payload")
MISSPELLINGS = Misspellings(KNOWN, ("time", "replay"))


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        *(("Bad", "bad"), ("BADS", "bad"), ("baad", "bad"), ("b-a_d", "bad")),
        *(("holds", "hold"), ("hhold", "hold"), ("hlod", "hold"), ("ohld", "hold"), ("hodl", "hold")),
        *(("tims", "times"), ("tmies", "times"), ("timess", "times"), ("xtimes", "times"), ("times ", "times")),
        *(("stal", "stall"), ("STALL_FOR", "stall-for"), ("stallFor", "stall-for"), ("stall-fro", "stall-for")),
        *(("pingpayload", "ping-payload"), ("ping-payloads", "ping-payload"), ("pign-payload", "ping-payload")),
    ],
)
def test_a_slip_of_the_hand_is_a_misspelling(written: str, meant: str) -> None:
    assert MISSPELLINGS.find(written) == meant


@pytest.mark.parametrize(
    "written",
    [
        *("", "-", "a", "abd", "ba", "hol", "holdx", "old", "mold", "bald", "timer", "tides", "stale", "install"),
        *("time", "TIME", "replay", "pingload", "ping", "payload", "times" * 20, "xtimesx", "semit", "\u0130"),
    ],
)
def test_another_name_is_none(written: str) -> None:
    assert MISSPELLINGS.find(written) is None


@pytest.mark.parametrize("name", KNOWN)
def test_a_known_name_is_none(name: str) -> None:
    assert MISSPELLINGS.find(name) is None


def rewrite(name: str) -> st.SearchStrategy[str]:
    """The name in another case, with hyphens and underscores anywhere."""
    return st.lists(st.sampled_from(["", "-", "_"]), min_size=len(name), max_size=len(name)).flatmap(
        lambda marks: st.lists(st.booleans(), min_size=len(name), max_size=len(name)).map(
            lambda uppers: "".join(
                mark + (letter.upper() if upper else letter)
                for mark, letter, upper in zip(marks, name, uppers, strict=True)
            )
        )
    )


@given(st.sampled_from(KNOWN).flatmap(rewrite))
def test_case_hyphens_and_underscores_make_no_difference(written: str) -> None:
    assert MISSPELLINGS.find(written) in {known for known in KNOWN if fold(known) == fold(written)} | {None}
    assert written in KNOWN or MISSPELLINGS.find(written) is not None


def is_slip(written: str, name: str) -> bool:
    """The rule as it is said, from what was written to a name, both folded."""
    longer, shorter = (written, name) if len(written) > len(name) else (name, written)
    added = len(longer) == len(shorter) + 1 and any(
        longer[:at] + longer[at + 1 :] == shorter for at in range(len(longer))
    )
    apart = [at for at, (left, right) in enumerate(zip(written, name, strict=False)) if left != right]
    swapped = (
        len(written) == len(name)
        and len(apart) == 2
        and apart[1] == apart[0] + 1
        and written[apart[0]] == name[apart[1]]
        and written[apart[1]] == name[apart[0]]
    )
    doubled = len(written) > len(name) and added and any(name[:at] + name[at - 1 :] == written for at in range(1, 99))
    plural = written == f"{name}s"
    is_long = len(name) >= 5
    return written == name or doubled or plural or (swapped and len(name) >= 4) or (added and is_long)


EDITS = st.tuples(st.sampled_from(KNOWN), st.integers(0, 12), st.integers(0, 3), st.sampled_from(ascii_lowercase))


def edit(name: str, at: int, how: int, letter: str) -> str:
    """One letter more, less or another, or two swapped."""
    name = fold(name)
    return (
        name[:at] + letter + name[at:],
        name[:at] + name[at + 1 :],
        name[:at] + letter + name[at + 1 :],
        name[:at] + name[at + 1 : at + 2] + name[at : at + 1] + name[at + 2 :],
    )[how]


@given(st.one_of(EDITS.map(lambda given: edit(*given)), st.text(ascii_lowercase, max_size=13)))
def test_what_is_found_is_what_the_rule_says(written: str) -> None:
    meant = {name for name in KNOWN if is_slip(fold(written), fold(name))}
    if written in KNOWN or written in ("time", "replay"):
        meant = set()
    found = MISSPELLINGS.find(written)
    assert found in meant if meant else found is None


@given(st.text())
def test_any_text_is_a_misspelling_of_a_known_name_or_of_none(written: str) -> None:
    assert MISSPELLINGS.find(written) in (*KNOWN, None)
