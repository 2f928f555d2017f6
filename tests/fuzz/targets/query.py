"""Queries: whatever is asked for, the answer is a behaviour or one printable sentence, and the same each time.

The first byte decides whether the others are the query or choose its words.
"""

from __future__ import annotations

from echod.rules.behaviours.query import read_behaviour
from echod.rules.behaviours.table import PARAMETERS, Behaviour
from echod.rules.http.head import Refusal
from tests.fuzz.choices import Choices

WORDS = (
    *(parameter.name.encode() for parameter in PARAMETERS),
    *(f"{parameter.name}={parameter.grammar.example}".encode() for parameter in PARAMETERS),
    *(choice.encode() for parameter in PARAMETERS for choice in parameter.grammar.choices or ()),
    *(b"=", b"&", b"+", b"%26", b"%zz", b"%ff", b"%E2%98%83", b";", b"?", b"-", b"_", b".", b"0", b"1", b"9", b"1e3"),
    *(b"ms", b"s", b"m", b"h", b"K", b"KiB", b"M", b"G", b"%", b"nan", b"inf", b"forever", b"token=abc", b"sid"),
)


def check(data: bytes) -> None:
    choices = Choices(data)
    query = (choices.compose(WORDS) if choices.below(2) else choices.rest()).decode("latin-1")
    asked = read_behaviour(query)
    assert read_behaviour(query) == asked
    if isinstance(asked, Refusal):
        assert asked.status == 400
        assert asked.why.isprintable()
        assert asked.why.isascii()
        assert len(asked.why) < 1000
    else:
        assert isinstance(asked, Behaviour)
        # Empty pieces ask for nothing, and the order of others is theirs to keep.
        assert read_behaviour(f"&{query}&") == asked
