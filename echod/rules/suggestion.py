"""The known name that a misspelt one was probably meant to be, for options, variables and queries alike. Pure."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterable

MOST_COMPARED = 60
"""Characters of what was sent that are compared: longer ones cost more, and no name is that long."""


def suggest(name: str, known: Iterable[str], show: Callable[[str], str] = str) -> str:
    """`, did you mean NAME?` with the nearest name as it is shown; empty when no known name is near."""
    nearest = difflib.get_close_matches(name[:MOST_COMPARED], list(known), n=1)
    return f", did you mean {show(nearest[0])}?" if nearest else ""
