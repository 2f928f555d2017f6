"""The oracles of permessage-deflate: zlib with exactly the agreed window, and python-websockets, in both directions."""

from __future__ import annotations

import zlib
from random import Random
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from websockets.extensions.permessage_deflate import PerMessageDeflate
from websockets.frames import Frame, Opcode

from echod.rules.websocket.deflate import Agreement
from tests.deflate import TAIL, Sender, any_payload, any_pieces, any_recipe, without_tail

agreements = st.builds(Agreement, st.booleans(), st.booleans(), st.integers(8, 15), st.integers(8, 15))
randoms = st.integers(0, 2**64).map(Random)
MOST_BYTES = 200_000
QUIET = [HealthCheck.too_slow, HealthCheck.data_too_large]


def inflate_whatever_is_sent(agreement: Agreement, random: Random, count: int) -> None:
    """A client that does all that a sender may do, against our inflater."""
    sender = Sender(agreement.client_max_window_bits, not agreement.client_no_context_takeover)
    inflater = agreement.inflater(True, MOST_BYTES * 4)
    for _ in range(count):
        recipe = any_recipe(random)
        body = without_tail(recipe, sender.send(recipe))
        inflater.begin()
        found = b"".join(map(inflater.inflate, any_pieces(random, body)))
        inflater.finish()
        assert found == recipe.payload, recipe


def strictly_inflated(stream: zlib._Decompress, data: bytes, size: int) -> bytes:
    """What it comes to, byte by byte where that is not much: in one call zlib refers to all that it puts out."""
    step, inflated = 1 if size <= 2000 else 0, []
    while data:
        inflated.append(stream.decompress(data, step))
        data = stream.unconsumed_tail
    return b"".join(inflated)


def deflate_what_zlib_understands(agreement: Agreement, random: Random, count: int) -> None:
    """Our deflater, against inflaters that have exactly the agreed window, and no more context than was agreed."""
    deflater, theirs = agreement.deflater(True), None
    websockets = peer(agreement)
    for _ in range(count):
        payload = any_payload(random)
        body = deflater.deflate(payload)
        if theirs is None or agreement.server_no_context_takeover:
            theirs = zlib.decompressobj(-agreement.server_max_window_bits)
        assert strictly_inflated(theirs, body + TAIL, len(payload)) == payload
        assert not theirs.eof
        assert websockets.decode(Frame(Opcode.BINARY, body, rsv1=True)).data == payload


def peer(agreement: Agreement) -> Any:
    """python-websockets as a client that has agreed to the same; it can send with 9 bits or more."""
    return PerMessageDeflate(
        agreement.server_no_context_takeover,
        agreement.client_no_context_takeover,
        agreement.server_max_window_bits,
        max(9, agreement.client_max_window_bits),
    )


def inflate_what_websockets_sends(agreement: Agreement, random: Random, count: int) -> None:
    websockets, inflater = peer(agreement), agreement.inflater(True, MOST_BYTES)
    for _ in range(count):
        payload = any_payload(random)
        body = bytes(websockets.encode(Frame(Opcode.BINARY, payload)).data)
        inflater.begin()
        assert b"".join(map(inflater.inflate, any_pieces(random, body))) == payload
        inflater.finish()


some = given(agreement=agreements, random=randoms, count=st.integers(1, 8))
hundreds = given(agreement=agreements, random=randoms, count=st.just(100))
A_FEW = settings(max_examples=60, deadline=None, suppress_health_check=QUIET)
ALL = settings(max_examples=600, deadline=None, suppress_health_check=QUIET)
FEWER = settings(max_examples=200, deadline=None, suppress_health_check=QUIET)


@A_FEW
@some
def test_whatever_a_client_may_send_is_understood(agreement: Agreement, random: Random, count: int) -> None:
    inflate_whatever_is_sent(agreement, random, count)


@A_FEW
@some
def test_what_we_send_is_understood_with_the_agreed_window(agreement: Agreement, random: Random, count: int) -> None:
    deflate_what_zlib_understands(agreement, random, count)


@A_FEW
@some
def test_what_websockets_sends_is_understood(agreement: Agreement, random: Random, count: int) -> None:
    inflate_what_websockets_sends(agreement, random, count)


# 100,000 messages.


@pytest.mark.full
@ALL
@hundreds
def test_sixty_thousand_messages_of_any_kind_are_understood(agreement: Agreement, random: Random, count: int) -> None:
    inflate_whatever_is_sent(agreement, random, count)


@pytest.mark.full
@FEWER
@hundreds
def test_twenty_thousand_messages_of_ours_are_understood(agreement: Agreement, random: Random, count: int) -> None:
    deflate_what_zlib_understands(agreement, random, count)


@pytest.mark.full
@FEWER
@hundreds
def test_twenty_thousand_messages_of_websockets_are_understood(
    agreement: Agreement, random: Random, count: int
) -> None:
    inflate_what_websockets_sends(agreement, random, count)
