"""The oracle of the note, literally: what is said to an echo with a mode, and what it replies, in order."""

from __future__ import annotations

SIMPLE = [
    ("12345", "12345"),
    ("another", "another"),
    ("add", "add...added..."),
    ("x", "x...added..."),
    ("", "...added..."),
    (" add", " add...added..."),
    ("ADD", "ADD...added..."),
    ("NoNe", "NoNe"),
    ("y", "y"),
    ("Add", "Add...added..."),
    ("none", "none"),
    ("z", "z"),
]
"""To either echo, by one client."""

SHARED = [
    ("a", "add", "add...added..."),
    ("b", "hello", "hello...added..."),
    ("b", "none", "none"),
    ("a", "after browser", "after browser"),
]
"""To the simple echo, by two clients."""

MULTI = [
    ("a", "add", "add...added..."),
    ("a", "x", "x...added..."),
    ("b", "x", "x"),
    ("b", "ADD", "ADD...added..."),
    ("a", "none", "none"),
    ("b", "x", "x...added..."),
    ("a", "x", "x"),
]
"""To the multi echo, by two clients."""
