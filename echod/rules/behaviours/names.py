"""The names in a query: whether they are the client's own, and what of them may be shown. Pure.

A query that names no parameter of a behaviour, nor nearly one, is the client's own business: a token, a room, what
its protocol needs. Its names may be told to the client and to the log, its values to neither: they may be secrets.
"""

from __future__ import annotations

import re
from urllib.parse import unquote_to_bytes

from echod.rules.behaviours.table import BY_NAME
from echod.rules.suggestion import Misspellings

NOT_ENCODED = re.compile(r"%(?![0-9A-Fa-f]{2})")
MOST_SHOWN = 60
"""Characters of what a client sent, in the answer to it, and of a name in a list."""
MOST_NAMED = 20
"""Names in a list of those that are ignored."""
MOST_BARE = 20
"""Characters of a piece without `=` that is shown: a longer one is rather a token than a name."""
MISSPELLINGS = Misspellings(BY_NAME, ("closed", "county", "replay", "stats", "time"))
"""Of the names of parameters, but for words that clients have for something else."""


def is_asking(query: str) -> bool:
    """Whether a query names a parameter, or nearly one; any other is not for us."""
    return any(name in BY_NAME or meant_by(name) for name in names_in(query))


def meant_by(name: str) -> str | None:
    """The parameter that a name is nearly; one that was encoded together with its value is."""
    before, equals, _ = name.partition("=")
    return before if equals and before in BY_NAME else MISSPELLINGS.find(name)


def names_in(query: str) -> list[str]:
    """The names in a query, each once and in order; one that cannot be decoded is as it was sent."""
    sent = dict.fromkeys(piece.partition("=")[0] for piece in query.split("&") if piece)
    return list(dict.fromkeys(map(name_of, sent)))


def name_of(sent: str) -> str:
    name = decoded(sent)
    return sent if name is None else name


def decoded(piece: str) -> str | None:
    """Percent-decoded as forms are: `+` decodes to a space; None when that is impossible."""
    if "%" not in piece:
        return piece.replace("+", " ")
    if NOT_ENCODED.search(piece):
        return None
    try:
        return unquote_to_bytes(piece.replace("+", " ")).decode()
    except UnicodeDecodeError:
        return None


def list_ignored(query: str) -> list[str]:
    """The names in a query that is the client's own; one that asks for a behaviour has nothing that is ignored."""
    return [] if is_asking(query) else list_names(query)


def list_names(query: str) -> list[str]:
    """The same of any query, for what heeds none; bounded, each a text as it was meant or sent."""
    names = list(dict.fromkeys(map(label, filter(None, query.split("&")))))
    listed = [cut(name) for name in names[:MOST_NAMED]]
    return [*listed, f"and {len(names) - MOST_NAMED} more"] if len(names) > MOST_NAMED else listed


def label(piece: str) -> str:
    """The name in a piece of a query; a long piece that is no name and value may be all secret."""
    name, equals, _ = piece.partition("=")
    return name_of(name) if equals or len(name) <= MOST_BARE else "..."


def list_nothing(_query: str) -> list[str]:
    """The same for an endpoint that may read its queries itself: none is known to be ignored."""
    return []


def conceal(target: str) -> str:
    """A request target or URI for a log, its query bounded, and without the values of names that are not ours."""
    path, mark, query = target.partition("?")
    pieces = query.split("&")
    more = ["..."] if len(pieces) > MOST_NAMED else []
    return path + mark + "&".join([*map(conceal_value, pieces[:MOST_NAMED]), *more])


def conceal_value(piece: str) -> str:
    name, equals, _ = piece.partition("=")
    if not equals:
        return name if len(name) <= MOST_BARE else "..."
    return cut(piece) if name in BY_NAME else f"{cut(name)}=..."


def shown(text: str) -> str:
    """What a client sent, escaped and bounded."""
    return ascii(cut(text))


def cut(text: str) -> str:
    return text if len(text) <= MOST_SHOWN else text[:MOST_SHOWN] + "..."
