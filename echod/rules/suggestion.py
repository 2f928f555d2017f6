"""The known name that a misspelt one was probably meant to be, for options, variables and queries alike. Pure.

`suggest` is for a name that is refused anyway: it guesses freely. `Misspellings` decides whether a name is a mistake at
all, among names of others: it takes only what a slip of the hand makes, and leaves words of their own alone.
"""

from __future__ import annotations

import difflib
from collections.abc import Callable, Collection, Iterable, Iterator

MOST_COMPARED = 60
"""Characters of what was sent that are compared: longer ones cost more, and no name is that long."""

EDITED = 5
"""Letters of a known name from which on it is recognised with one missing or one too many."""
SWAPPED = 4
"""The same for two neighbours that have changed places; a shorter name with another order is another name."""


def suggest(name: str, known: Iterable[str], show: Callable[[str], str] = str) -> str:
    """`, did you mean NAME?` with the nearest name as it is shown; empty when no known name is near."""
    by_folded = {fold(each): each for each in known}
    nearest = difflib.get_close_matches(fold(name[:MOST_COMPARED]), by_folded, n=1)
    return f", did you mean {show(by_folded[nearest[0]])}?" if nearest else ""


def fold(name: str) -> str:
    """A name without what is often written otherwise: case, hyphens and underscores."""
    return name.lower().replace("-", "").replace("_", "")


class Misspellings:
    """What names are written as by mistake.

    A name is a misspelling of a known one if, case, hyphens and underscores aside,

    * it is the same, or has an `s` or any one of its letters doubled;
    * two neighbours have changed places, in a known name of `SWAPPED` letters or more;
    * one letter is missing, or one is too many, in a known name of `EDITED` letters or more.

    Another letter in the place of one is no misspelling: `relay`, `reader` and `season` are names of others.

    Args:
        known: all names, in lower case.
        words: what one slip makes of a known name, and is a name of others all the same.
    """

    def __init__(self, known: Collection[str], words: Collection[str]) -> None:
        self._known, self._words = frozenset(known), frozenset(words)
        self._meant: dict[str, str] = {}
        for slips in (slip_little, slip_far):
            # The smaller slip has precedence.
            for name in known:
                for written in slips(fold(name)):
                    self._meant.setdefault(written, name)
        self._long = {folded: name for name in known if len(folded := fold(name)) >= EDITED}
        self._longest = max(map(len, self._meant))
        self._heads, self._tails = {name[:2] for name in self._long}, {name[-2:] for name in self._long}

    def find(self, written: str) -> str | None:
        """The known name that this is a misspelling of; None for a known one, and for a name of others."""
        if written in self._known or len(written) > MOST_COMPARED:
            return None
        folded = fold(written)
        if folded in self._words or len(folded) > self._longest:
            return None
        return self._meant.get(folded) or self._find_with_one_more(folded)

    def _find_with_one_more(self, folded: str) -> str | None:
        """The known name that becomes this by any letter more."""
        # A letter more leaves one end as it is; most names of others have neither, and are not taken apart.
        if folded[:2] not in self._heads and folded[-2:] not in self._tails:
            return None
        return next((self._long[less] for less in without_one(folded) if less in self._long), None)


def slip_little(name: str) -> Iterator[str]:
    """The name itself, with an `s`, and with each of its letters doubled."""
    yield name
    yield f"{name}s"
    yield from (name[:at] + name[at] + name[at:] for at in range(len(name)))


def slip_far(name: str) -> Iterator[str]:
    """The name with two neighbours swapped, and without one letter, where it is long enough."""
    if len(name) >= SWAPPED:
        yield from (name[:at] + name[at + 1] + name[at] + name[at + 2 :] for at in range(len(name) - 1))
    if len(name) >= EDITED:
        yield from without_one(name)


def without_one(name: str) -> Iterator[str]:
    """The name without each of its letters."""
    return (name[:at] + name[at + 1 :] for at in range(len(name)))
