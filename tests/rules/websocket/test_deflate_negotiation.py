"""How permessage-deflate is agreed on: each parameter, in both directions, strictly (RFC 7692, 7.1)."""

from __future__ import annotations

import time

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from websockets.exceptions import InvalidHeader, NegotiationError
from websockets.extensions.permessage_deflate import ServerPerMessageDeflateFactory
from websockets.headers import parse_extension

from echod.rules.websocket.deflate import Agreement
from echod.rules.websocket.deflate_negotiation import (
    OFFER,
    OFFERED,
    BadExtension,
    Parameters,
    accept,
    read_answer,
    read_offers,
)

DEFLATE = "permessage-deflate"
BITS = [str(bits) for bits in range(8, 16)]
BAD_BITS = [
    "7",
    "16",
    "0",
    "-9",
    "+10",
    "010",
    "1e1",
    "10.0",
    "0xA",
    "99",
    "",
    '" 10"',
    '"10 "',
    '""',
    "\uff11\uff10",
    "ten",
]


def answer_to(header: str) -> str | None:
    """What is answered; None when every offer is declined."""
    offer = next(read_offers(header), None)
    return offer and accept(offer).render()


@pytest.mark.parametrize(
    ("offered", "answered"),
    [
        ("", ""),
        ("; client_max_window_bits", ""),
        ("; client_max_window_bits=8", ""),
        ("; client_max_window_bits=15", ""),
        ("; server_no_context_takeover", "; server_no_context_takeover"),
        ("; client_no_context_takeover", "; client_no_context_takeover"),
        ("; server_max_window_bits=8", "; server_max_window_bits=8"),
        ("; server_max_window_bits=15", "; server_max_window_bits=15"),
        ('; server_max_window_bits="10"', "; server_max_window_bits=10"),
        ('; server_max_window_bits="1\\0"', "; server_max_window_bits=10"),
        (" ;\tServer_Max_Window_Bits = 10 ", "; server_max_window_bits=10"),
        (
            "; server_no_context_takeover; client_no_context_takeover",
            "; server_no_context_takeover; client_no_context_takeover",
        ),
        (
            "; client_max_window_bits=9; client_no_context_takeover; server_max_window_bits=12",
            "; server_max_window_bits=12; client_no_context_takeover",
        ),
    ],
)
def test_an_offer_is_accepted_and_what_it_asks_for_confirmed(offered: str, answered: str) -> None:
    assert answer_to(DEFLATE + offered) == DEFLATE + answered
    assert answer_to(f"x-other; a=b, {DEFLATE}; nonsense,,{DEFLATE.upper()}{offered}, x") == DEFLATE + answered


@pytest.mark.parametrize(
    "offered",
    [
        *(f"; server_max_window_bits={bits}" for bits in BAD_BITS),
        *(f"; client_max_window_bits={bits}" for bits in BAD_BITS),
        "; server_max_window_bits",
        "; server_no_context_takeover=1",
        "; server_no_context_takeover=true",
        '; client_no_context_takeover=""',
        "; client_no_context_takeover=",
        "; client_max_window_bits; client_max_window_bits",
        "; client_max_window_bits; Client_Max_Window_Bits=10",
        "; server_no_context_takeover; server_no_context_takeover",
        "; nonsense",
        "; ",
        ";",
        "; =10",
        "; server_max_window_bits==10",
        "; server_max_window_bits=10 11",
        '; server_max_window_bits="10',
        '; server_max_window_bits="10\\',
        "; server_max_window_bits='10'",
        " server_max_window_bits=10",
        "=1",
        "; x\x80",
    ],
)
def test_an_offer_that_is_not_as_the_rfc_says_is_declined_and_the_next_is_tried(offered: str) -> None:
    assert answer_to(DEFLATE + offered) is None
    if offered.count('"') != 1:
        assert answer_to(f"{DEFLATE}{offered}, {DEFLATE}; client_max_window_bits") == DEFLATE


@pytest.mark.parametrize(
    "header",
    [
        "",
        ",",
        ";;;",
        "permessage-bzip2",
        "permessage-deflate2",
        "x-webkit-deflate-frame",
        'x; a="b, permessage-deflate, c"',
        'x; a="b, permessage-deflate',
        'x; a="\\", permessage-deflate, "',
        '"permessage-deflate"',
    ],
)
def test_what_offers_no_deflate_gets_none(header: str) -> None:
    assert answer_to(header) is None


def test_offers_come_in_the_order_of_the_client() -> None:
    header = f"{DEFLATE}; server_max_window_bits=9, {DEFLATE}; x, {DEFLATE}; server_max_window_bits=11"

    assert [offer.server_max_window_bits for offer in read_offers(header)] == [9, 11]


@pytest.mark.parametrize(
    "header",
    [
        '"\\"' * 5000,
        "a;" * 8000,
        "a" + " " * 16_000 + "x",
        'a;b="' + '\\"' * 8000,
        "a;b" * 5000 + "\x80",
        ",\t;" * 5000,
        DEFLATE + "; x" * 5000,
        f"{DEFLATE}; server_no_context_takeover" * 300 + '"',
    ],
    ids=range(8),
)
def test_to_read_16_kib_takes_no_time_whatever_they_are(header: str) -> None:
    start = time.process_time()
    answer_to(header)
    assert time.process_time() - start < 0.5


def test_an_agreement_knows_what_was_not_said() -> None:
    assert Parameters().agreement() == Agreement(False, False, 15, 15)
    assert Parameters(True, 9, False, 10).agreement() == Agreement(True, False, 9, 10)


# An oracle.

names = st.sampled_from([*Parameters.__dataclass_fields__, "nonsense"])
values = st.sampled_from(["", *(f"={bits}" for bits in BITS), "=7", "=16", "=010", "=+9", '="12"', "=true"])
offers = st.lists(st.builds(lambda name, value: f"; {name}{value}", names, values), max_size=4).map("".join)


@given(offers)
def test_python_websockets_accepts_the_same_offers_and_answers_the_same(offered: str) -> None:
    # It cannot compress with 8 bits.
    assume("server_max_window_bits=8" not in offered)
    try:
        [(_, given)] = parse_extension(DEFLATE + offered)
        said, theirs = ServerPerMessageDeflateFactory().process_request_params(given, [])
    except (NegotiationError, InvalidHeader):
        assert answer_to(DEFLATE + offered) is None
        return
    # It answers a hint, which needs no answer.
    said = [(name, value) for name, value in said if name != "client_max_window_bits"]
    own = accept(next(read_offers(DEFLATE + offered))).agreement()
    _, found = parse_extension(str(answer_to(DEFLATE + offered)))[0]
    assert sorted(found) == sorted(said)
    assert own.server_no_context_takeover is theirs.local_no_context_takeover
    assert own.client_no_context_takeover is theirs.remote_no_context_takeover
    assert own.server_max_window_bits == theirs.local_max_window_bits


# The client's side.


def test_our_offer_is_read_as_it_is_meant() -> None:
    assert list(read_offers(OFFERED)) == [OFFER]


@pytest.mark.parametrize(
    ("answered", "agreed"),
    [
        ("", Agreement()),
        ("; client_no_context_takeover", Agreement(client_no_context_takeover=True)),
        ("; server_no_context_takeover", Agreement(server_no_context_takeover=True)),
        *((f"; client_max_window_bits={bits}", Agreement(client_max_window_bits=int(bits))) for bits in BITS),
        *((f"; server_max_window_bits={bits}", Agreement(server_max_window_bits=int(bits))) for bits in BITS),
        ('; server_max_window_bits="9"; client_max_window_bits=10', Agreement(False, False, 9, 10)),
    ],
)
def test_an_answer_is_obeyed(answered: str, agreed: Agreement) -> None:
    answer = read_answer(DEFLATE + answered, OFFER)

    assert answer is not None
    assert answer.agreement() == agreed


@pytest.mark.parametrize("header", ["", " ", ",,"])
@pytest.mark.parametrize("offer", [OFFER, None])
def test_no_answer_is_no_deflate(header: str, offer: Parameters | None) -> None:
    assert read_answer(header, offer) is None


@pytest.mark.parametrize(
    ("header", "why"),
    [
        ("x-other", "'x-other', which was not offered"),
        (f"{DEFLATE}, x-other", "'x-other', which was not offered"),
        ("x\x1b[31m", "extension 'x\\x1b[31m'"),
        (f"{DEFLATE}, {DEFLATE}", "selects permessage-deflate twice"),
        (f"{DEFLATE}; nonsense", "cannot have 'nonsense'"),
        (f"{DEFLATE}; client_max_window_bits", "cannot have 'client_max_window_bits'"),
        (f"{DEFLATE}; server_max_window_bits", "cannot have 'server_max_window_bits'"),
        (f"{DEFLATE}; server_max_window_bits=16", "cannot have 'server_max_window_bits=16'"),
        (f"{DEFLATE}; client_max_window_bits=010", "cannot have 'client_max_window_bits=010'"),
        (f"{DEFLATE}; client_no_context_takeover=1", "cannot have 'client_no_context_takeover=1'"),
        (f"{DEFLATE}; server_max_window_bits=9; server_max_window_bits=9", "server_max_window_bits twice"),
        (f"{DEFLATE};", "not offered"),
    ],
)
def test_a_bad_answer_fails_the_connection_with_a_sentence(header: str, why: str) -> None:
    with pytest.raises(BadExtension) as caught:
        read_answer(header, OFFER)
    assert why in str(caught.value)


def test_an_answer_to_no_offer_fails_the_connection() -> None:
    with pytest.raises(BadExtension, match="not offered"):
        read_answer(DEFLATE, None)


@pytest.mark.parametrize(
    ("offer", "answered"),
    [
        (Parameters(server_no_context_takeover=True), ""),
        (Parameters(server_max_window_bits=10), ""),
        (Parameters(server_max_window_bits=10), "; server_max_window_bits=11"),
        (Parameters(), "; client_max_window_bits=10"),
    ],
)
def test_an_answer_has_to_give_what_was_asked_for_and_no_more(offer: Parameters, answered: str) -> None:
    with pytest.raises(BadExtension):
        read_answer(DEFLATE + answered, offer)


def test_an_answer_may_give_more_than_was_asked_for() -> None:
    offer = Parameters(server_no_context_takeover=True, server_max_window_bits=10)

    assert read_answer(f"{DEFLATE}; server_no_context_takeover; server_max_window_bits=9", offer) is not None
