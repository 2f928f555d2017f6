"""Decisions out of bytes: the same bytes always decide the same, and each byte decides one thing."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import TypeVar

T = TypeVar("T")


class Choices:
    """Reads decisions from the front; where no bytes are left it decides for the first of what there is."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._at = 0

    @property
    def is_over(self) -> bool:
        """Whether all bytes are used up."""
        return self._at >= len(self._data)

    def take(self, count: int) -> bytes:
        """The next bytes; fewer at the end."""
        taken = self._data[self._at : self._at + count]
        self._at += count
        return taken

    def rest(self) -> bytes:
        """All bytes that are left."""
        return self.take(len(self._data))

    def below(self, limit: int) -> int:
        """A number from 0 to less than `limit`, which is at most 65,536."""
        return int.from_bytes(self.take(1 if limit <= 256 else 2), "big") % limit

    def pick(self, things: Sequence[T]) -> T:
        """One of these."""
        return things[self.below(len(things))]

    def compose(self, words: Sequence[bytes]) -> bytes:
        """All that is left, as words; now and then bytes as they are. Regular expressions hide which bytes matter."""
        composed = bytearray()
        while not self.is_over:
            which = self.below(len(words) + 1)
            composed += words[which] if which < len(words) else self.take(2)
        return bytes(composed)

    def split(self, data: bytes) -> list[bytes]:
        """Pieces of `data`: whole, byte by byte, or cut in up to three places."""
        way = self.below(4)
        if way == 0 or not data:
            return [data]
        if way == 1:
            return [data[at : at + 1] for at in range(min(len(data), 300))] + [data[300:]]
        cuts = sorted(self.below(65_536) % len(data) for _ in range(way))
        return [data[start:stop] for start, stop in pairwise([0, *cuts, len(data)])]
