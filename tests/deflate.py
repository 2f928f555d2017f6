"""permessage-deflate from the other side: messages as any client may compress them (RFC 7692, 7.2.1).

`deflated` is what most clients send. `Sender` does all that a sender may do: streams that end within a message or with
it, blocks that are stored or empty, every flush, level and strategy of zlib.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from random import Random

TAIL = b"\x00\x00\xff\xff"
EMPTY_BLOCK = b"\x00" + TAIL
EMPTY_STREAM = b"\x03\x00"
HELLO = bytes.fromhex("f248cdc9c90700")
"""RFC 7692, 7.2.3.1: a message that most would send."""
HELLO_ENDED = bytes.fromhex("f348cdc9c9070000")
"""RFC 7692, 7.2.3.4: the same in a stream that ends."""
HELLO_STORED = bytes.fromhex("000500faff48656c6c6f00")
"""RFC 7692, 7.2.3.3: the same without compression."""
HELLO_IN_TWO_BLOCKS = bytes.fromhex("f248050000 00ffffcac9c90700".replace(" ", ""))
"""RFC 7692, 7.2.3.5."""


def deflated(payload: bytes, level: int = 6) -> bytes:
    """A message with a context of its own."""
    compressor = zlib.compressobj(level, wbits=-15)
    return (compressor.compress(payload) + compressor.flush(zlib.Z_SYNC_FLUSH))[:-4]


LEVELS = range(10)
STRATEGIES = zlib.Z_DEFAULT_STRATEGY, zlib.Z_FILTERED, zlib.Z_HUFFMAN_ONLY, zlib.Z_RLE, zlib.Z_FIXED
WITHIN = "nothing", "sync", "full", "finish", "empty block", "empty stream"
ENDS = "sync", "sync", "full", "finish", "finish and block", "stored final block", "nothing left out"


@dataclass(frozen=True, slots=True)
class Recipe:
    """How a message is compressed: what is done behind each part, and at the end."""

    parts: Sequence[tuple[bytes, str]]
    end: str
    level: int
    strategy: int
    forgets: bool
    """A stream after one that has ended refers to nothing before."""

    @property
    def payload(self) -> bytes:
        return b"".join(part for part, _ in self.parts)


class Sender:
    """Compresses message after message into one direction of a connection."""

    def __init__(self, window_bits: int, keeps_context: bool) -> None:
        self._size = 1 << window_bits
        self._bits = max(9, window_bits)
        self._keeps_context = keeps_context
        self._window = b""
        self._stream: zlib._Compress | None = None

    def send(self, recipe: Recipe) -> bytes:
        """The payload of the message's frames."""
        self._recipe = recipe
        body = b"".join(self._part(part) + self._act(action) for part, action in recipe.parts)
        body += self._act(recipe.end)
        if not self._keeps_context:
            self._stream, self._window = None, b""
        return body

    def _part(self, data: bytes) -> bytes:
        if self._stream is None:
            window = b"" if self._recipe.forgets else self._window
            more = {"zdict": window} if window else {}
            self._stream = zlib.compressobj(
                self._recipe.level, wbits=-self._bits, strategy=self._recipe.strategy, **more
            )
        self._window = (self._window + data)[-self._size :]
        return self._stream.compress(data)

    def _act(self, name: str) -> bytes:
        acts: dict[str, Callable[[], bytes]] = {
            "nothing": lambda: b"",
            "sync": lambda: self._flush(zlib.Z_SYNC_FLUSH),
            "full": lambda: self._flush(zlib.Z_FULL_FLUSH),
            "finish": self._finish,
            "finish and block": lambda: self._finish() + EMPTY_BLOCK,
            "empty block": lambda: self._flush(zlib.Z_SYNC_FLUSH) + EMPTY_BLOCK * 2,
            "empty stream": lambda: self._finish() + EMPTY_STREAM,
            "stored final block": lambda: self._end(b"\x01" + TAIL),
            "nothing left out": lambda: self._flush(zlib.Z_SYNC_FLUSH) + TAIL,
        }
        return acts[name]()

    def _flush(self, how: int) -> bytes:
        return self._part(b"") + self._stream.flush(how)  # type: ignore[union-attr]

    def _finish(self) -> bytes:
        """End the stream; the next goes on with the window, unless it forgets it."""
        rest = self._flush(zlib.Z_FINISH)
        self._stream = None
        return rest

    def _end(self, final: bytes) -> bytes:
        rest = self._flush(zlib.Z_SYNC_FLUSH) + final
        self._stream = None
        return rest


def without_tail(recipe: Recipe, body: bytes) -> bytes:
    """What is sent of it: a stream that ends with the message has no tail to leave out."""
    return body if recipe.end == "finish" else body.removesuffix(TAIL)


WORDS = [b"hello ", b"The quick brown fox. ", bytes(40), b"\xff\xfe", "\N{SNOWMAN}".encode(), b'{"id": 1}']


def any_payload(random: Random) -> bytes:
    """Words, noise, or nothing; at times more than a window."""
    size = random.choice((0, 1, 2, 5, 40, 300, 300, 2000))
    if not random.randrange(40):
        size = random.choice((33_000, 70_000))
    if random.randrange(2):
        return random.randbytes(size)
    return b"".join(random.choices(WORDS, k=size // 8 + 1))[:size]


def any_recipe(random: Random) -> Recipe:
    """A message of one part or several, compressed somehow."""
    parts = [(any_payload(random), random.choice(WITHIN)) for _ in range(random.choice((1, 1, 1, 2, 4)))]
    level, strategy = random.choice(LEVELS), random.choice(STRATEGIES)
    return Recipe(parts, random.choice(ENDS), level, strategy, forgets=not random.randrange(4))


def any_pieces(random: Random, body: bytes) -> list[bytes]:
    """The same in pieces: of frames, and of what is inflated at one go."""
    size = random.choice((1, 7, 256, 2048, len(body) + 1)) if len(body) < 5000 else len(body) // random.randint(1, 9)
    return [body[start : start + size] for start in range(0, len(body), size)]
