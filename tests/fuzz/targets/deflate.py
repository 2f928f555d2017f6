"""permessage-deflate: what our deflater makes is inflated by zlib with exactly the agreed window, and what comes from
any compressor is inflated as zlib does; corrupt input is a CorruptMessage, and negotiation never raises anything else.

The first byte decides which of these is tried.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Sequence
from contextlib import suppress

from echod.rules.websocket.deflate import TAIL, Agreement, CorruptMessage, Inflater
from echod.rules.websocket.deflate_negotiation import OFFER, BadExtension, accept, read_answer, read_offers
from tests.fuzz.choices import Choices

LIMIT = 100_000
WORDS = (
    *(b"permessage-deflate", b"permessage-deflate; ", b"server_no_context_takeover", b"client_no_context_takeover"),
    *(
        b"server_max_window_bits",
        b"client_max_window_bits",
        b"=8",
        b"=15",
        b"=16",
        b"=+9",
        b"=09",
        b'="10"',
        b'="1\\0"',
    ),
    *(b"; ", b";", b",", b", ", b"=", b'"', b"\\", b" ", b"\t", b"x-other"),
)
SLACK = 262
"""zlib refers back by that much less than the window."""
FLUSHES = (zlib.Z_SYNC_FLUSH, zlib.Z_FULL_FLUSH, zlib.Z_FINISH)


def check(data: bytes) -> None:
    choices = Choices(data)
    choices.pick(CHECKS)(choices)


def check_negotiation(choices: Choices) -> None:
    """An offer that is accepted gives an answer that our own client accepts, or does not ask for."""
    header = choices.compose(WORDS).decode("latin-1")
    for offer in read_offers(header):
        answer = accept(offer)
        assert read_answer(answer.render(), offer) == answer
    with suppress(BadExtension):
        read_answer(header, OFFER)


def check_sent(choices: Choices) -> None:
    """Messages from our deflater, to zlib with the agreed window and no more of it."""
    bits, keeps_context = 8 + choices.below(8), bool(choices.below(2))
    deflater = Agreement(not keeps_context, False, bits, 15).deflater(is_server=True)
    theirs = zlib.decompressobj(-bits)
    for payload in messages(choices):
        body = deflater.add(payload) + deflater.finish()
        theirs = theirs if keeps_context else zlib.decompressobj(-bits)
        assert theirs.decompress(body + TAIL) == payload


def check_received(choices: Choices) -> None:
    """Messages of streams that go on or end, with full and stored blocks, in one piece or many.

    A stream that begins anew may refer to what was sent before it: the window is that of the direction.
    """
    bits, level = 9 + choices.below(7), choices.below(10)
    ours, sent = Inflater(bits), b""
    theirs = zlib.compressobj(level, zlib.DEFLATED, -bits)
    for payload in messages(choices):
        flush = choices.pick(FLUSHES)
        body = theirs.compress(payload) + theirs.flush(flush)
        sent = (sent + payload)[-(1 << bits) + SLACK :]
        if flush == zlib.Z_FINISH:
            theirs = zlib.compressobj(level, zlib.DEFLATED, -bits, zdict=sent)
        assert inflate(ours, choices.split(body.removesuffix(TAIL))) == payload


def check_any(choices: Choices) -> None:
    """Whatever comes: some bytes, never more than allowed, or a CorruptMessage."""
    ours = Inflater(15, True, LIMIT)
    while not choices.is_over:
        try:
            assert len(inflate(ours, choices.split(choices.take(choices.below(600))))) <= LIMIT + 1
        except CorruptMessage:
            return


def messages(choices: Choices) -> list[bytes]:
    """Words again and again, or bytes as they are."""
    made = []
    while not choices.is_over and len(made) < 20:
        word, times = choices.take(choices.below(40)), choices.below(256)
        made.append(word * (times if choices.below(2) else 1))
    return made


def inflate(inflater: Inflater, pieces: Sequence[bytes]) -> bytes:
    inflater.begin()
    inflated = b"".join(map(inflater.inflate, pieces))
    inflater.finish()
    return inflated


CHECKS: tuple[Callable[[Choices], None], ...] = (check_negotiation, check_sent, check_received, check_any)
