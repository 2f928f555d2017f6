"""The names in a query: whose they are, and what of them is shown."""

from __future__ import annotations

import re
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from echod.rules.behaviours.names import (
    MISSPELLINGS,
    conceal,
    is_asking,
    list_ignored,
    list_names,
    list_nothing,
    meant_by,
)
from echod.rules.behaviours.table import BY_NAME

WORDS = """
    token access_token accessToken auth authorization jwt ticket bearer api_key apikey apiKey app_key app_id appId
    secret sign signature hash hmac key nonce code state csrf_token X-Amz-Algorithm X-Amz-Credential X-Amz-Date
    X-Amz-Expires X-Amz-SignedHeaders X-Amz-Signature X-Amz-Security-Token
    id uid user userId user_id username name sid session session_id sessionId client client_id clientId device
    device_id platform agent tenant org workspace namespace ns
    EIO transport t b64 j protocol version v vsn flash lang locale tz region format encoding compress codec
    connectionToken connectionData connectionId tid clientProtocol negotiateVersion
    _ ts time timestamp date day hour expires exp ttl timeout timer interval heartbeat wait pingInterval pingTimeout
    room roomId room_id channel channels topic topics stream streams symbol symbols event events type types query
    filter fields limit offset size page cursor since from to start until last lastEventId seq sequence resume replay
    reconnect retry attempt url path host port origin ref referrer redirect source target mode debug trace level depth
    speed quality bitrate fps width height model voice sample_rate language interim_results punctuate
    ping_id push_token close_reason status_code rate_limit page_size account amount counter county country closed
    stats relay reader leader season stale floor delta relays install inflate great green region protocolVersion
"""
"""What real clients and services have in the query of a WebSocket: tokens, signatures, sessions, socket.io, Phoenix,
SignalR, Pusher, Discord, exchanges, speech, and words that look like a behaviour."""
USUAL = re.findall(r"\S+", WORDS)


@pytest.mark.parametrize("name", USUAL)
def test_a_usual_name_is_not_taken_for_a_misspelling(name: str) -> None:
    assert not is_asking(f"{name}=1")


def misspell(name: str) -> set[str]:
    """What a hand makes of a name: case, hyphens, a plural, and one letter doubled, missing, swapped or too many."""
    plain = name.replace("-", "")
    pairs = list(pairwise(plain))
    made = {name.upper(), name.title(), f"{name}s", name.replace("-", "_"), plain}
    made |= {plain[: at + 1] + plain[at:] for at in range(len(plain))}
    if len(plain) >= 4:
        made |= {plain[:at] + second + first + plain[at + 2 :] for at, (first, second) in enumerate(pairs)}
    if len(plain) >= 5:
        made |= {plain[:at] + plain[at + 1 :] for at in range(len(plain))}
        made |= {plain[:at] + "x" + plain[at:] for at in range(len(plain) + 1)}
    return made - {name}


@pytest.mark.parametrize("name", BY_NAME)
def test_every_misspelling_of_a_behaviour_is_one_but_for_words_of_others(name: str) -> None:
    missed = {written for written in misspell(name) if MISSPELLINGS.find(written) != name}
    assert missed <= {"time", "stats", *BY_NAME}


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        *(("Delay", "delay"), ("DELAY", "delay"), ("dealy", "delay"), ("dely", "delay"), ("delayy", "delay")),
        *(("delays", "delay"), ("retry_after", "retry-after"), ("retryAfter", "retry-after"), ("pings", "ping")),
        *(("stauts", "status"), ("statuss", "status"), ("framgent", "fragment"), ("Ping_Payload", "ping-payload")),
        *(("close_reply", "close-reply"), ("closereply", "close-reply"), ("sub-protocol", "subprotocol")),
    ],
)
def test_a_real_misspelling_is_named_with_what_would_be_right(written: str, meant: str) -> None:
    assert MISSPELLINGS.find(written) == meant


@pytest.mark.parametrize(
    ("query", "ignored"),
    [
        ("", []),
        ("&&", []),
        ("a=b&token=secret&a=c", ["a", "token"]),
        ("access%5Ftoken=secret", ["access_token"]),
        ("=1&b", ["", "b"]),
        ("%zz=1&%ff=2", ["%zz", "%ff"]),
        ("a%00b=1&%1b[2J=1", ["a\0b", "\x1b[2J"]),
        ("delay=200ms", []),
        ("dela=200ms", []),
        ("x" * 5000 + "=1", ["x" * 60 + "..."]),
        ("eyJhbGciOiJIUzI1NiJ9.secret", ["..."]),
        ("&".join(f"p{number}" for number in range(25)), [*(f"p{number}" for number in range(20)), "and 5 more"]),
    ],
)
def test_what_is_ignored_is_named_without_values_and_bounded(query: str, ignored: list[str]) -> None:
    assert list_ignored(query) == ignored


def test_a_query_that_is_encoded_whole_is_nearly_what_it_was() -> None:
    assert (is_asking("delay%3D5"), meant_by("delay=5"), meant_by("token=5")) == (True, "delay", None)


def test_where_nothing_is_heeded_behaviours_are_named_too() -> None:
    assert list_names("delay=200ms&a=b") == ["delay", "a"]


def test_of_an_endpoint_that_may_read_its_queries_nothing_is_known_to_be_ignored() -> None:
    assert list_nothing("a=b") == []


@pytest.mark.parametrize(
    ("target", "shown"),
    [
        ("/echo", "/echo"),
        ("/echo?", "/echo?"),
        ("/echo?delay=200ms&reason=bye", "/echo?delay=200ms&reason=bye"),
        ("/echo?token=secret&a&b==secret", "/echo?token=...&a&b=..."),
        ("wss://example.com/a?token=secret", "wss://example.com/a?token=..."),
        ("/echo?eyJhbGciOiJIUzI1NiJ9.secret", "/echo?..."),
        ("/echo?greet=" + "x" * 100, "/echo?greet=" + "x" * 54 + "..."),
        ("/echo?" + "n" * 100 + "=secret", "/echo?" + "n" * 60 + "...=..."),
        ("/echo?" + "a&" * 30, "/echo?" + "a&" * 20 + "..."),
    ],
)
def test_a_target_is_logged_without_the_values_of_others(target: str, shown: str) -> None:
    assert conceal(target) == shown


@given(st.text())
def test_any_query_is_ours_or_the_clients_own_and_what_is_said_of_it_is_bounded(query: str) -> None:
    names = list_ignored(query)
    assert not (names and is_asking(query))
    assert len(names) <= 21
    assert all(len(name) <= 63 for name in names)
    assert len(conceal(f"/?{query}")) <= 2 + 21 * 67
