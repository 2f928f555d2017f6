"""How much of a compressed message is inflated at one go, and what it costs. Pure."""

from __future__ import annotations

from echod.settings import KIB

LEAST_BYTES = 256
"""Of 256 bytes deflate can make 264 KiB: its ratio is 1032 to 1 at most."""
MOST_BYTES = 2048
"""Whatever the last piece came to, the next may come to 1032 times as much: 2 MiB, which takes some milliseconds."""
TARGET_BYTES = 256 * KIB
"""What a piece should come to; a tenth of a millisecond to inflate, a whole one to validate as UTF-8."""
STREAM_BYTES = 4 * KIB
"""What a stream that ends within a message counts for: as much is inflated while zlib begins another."""


def next_piece(piece: int, inflated: int, streams: int = 0) -> int:
    """The size of the next piece, after one of `piece` bytes came to `inflated`, in a message of so many streams."""
    inflated += streams * STREAM_BYTES
    fitting = TARGET_BYTES * piece // max(1, inflated)
    return max(LEAST_BYTES, min(MOST_BYTES, fitting))
