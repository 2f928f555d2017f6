"""What a peer, a file or a user says, made harmless for logs, sentences and terminals. Pure."""

from __future__ import annotations


def escape(text: str) -> str:
    """The text with all that is not printable as Python would write it: `\\x1b`, `\\u202e`.

    That is C0 and C1 controls, marks that turn or join text, separators but for the space, lone surrogates, and what
    Unicode has not assigned. What comes out stands on one line and cannot command a terminal.
    """
    if text.isprintable():
        return text
    return "".join(char if char.isprintable() else char.encode("unicode_escape").decode() for char in text)
