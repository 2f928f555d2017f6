"""The client's request, and what of a server's answer it takes for a good 101 (RFC 6455, 4.1)."""

from __future__ import annotations

from dataclasses import replace
from enum import Enum

import pytest

from echod.rules.http.answer import AnswerReader, BadAnswer
from echod.rules.websocket.client_handshake import Agreement, Request, read_agreement
from echod.rules.websocket.deflate_negotiation import OFFERED, Parameters

REQUEST = Request("/p?q", "h:9001", "dGhlIHNhbXBsZSBub25jZQ==", None, ("chat", "b"), OFFERED)
ACCEPT = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="
"""Key and answer are the sample of RFC 6455, 1.3."""

GOOD = ("Upgrade: websocket", "Connection: Upgrade", f"Sec-WebSocket-Accept: {ACCEPT}")


def agreement_of(*lines: str, request: Request = REQUEST, status_line: str = "HTTP/1.1 101 Yes") -> Agreement:
    answer = AnswerReader(4096).feed("".join(f"{line}\r\n" for line in (status_line, *lines, "")).encode("latin-1"))
    assert answer is not None
    return read_agreement(answer, request)


def test_the_request_is_these_bytes() -> None:
    full = replace(REQUEST, origin="https://example.com", headers={"Cookie": "a=b"})
    assert full.render() == (
        b"GET /p?q HTTP/1.1\r\n"
        b"Host: h:9001\r\n"
        b"Upgrade: WebSocket\r\n"
        b"Connection: Upgrade\r\n"
        b"Pragma: no-cache\r\n"
        b"Cache-Control: no-cache\r\n"
        b"User-Agent: echod\r\n"
        b"Cookie: a=b\r\n"
        b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
        b"Origin: https://example.com\r\n"
        b"Sec-WebSocket-Protocol: chat, b\r\n"
        b"Sec-WebSocket-Extensions: permessage-deflate; client_no_context_takeover; client_max_window_bits\r\n"
        b"Sec-WebSocket-Version: 13\r\n"
        b"\r\n"
    )


@pytest.mark.parametrize("name", ["user-agent", "USER-AGENT", "Host", "host", "pragma", "cache-CONTROL"])
def test_a_field_that_is_sent_anyway_is_sent_once_as_the_caller_wants(name: str) -> None:
    lines = replace(REQUEST, headers={name: "mine"}).render().decode().split("\r\n")
    assert [line for line in lines if line.lower().startswith(f"{name.lower()}:")] == [f"{name}: mine"]


def test_a_member_of_an_enumeration_is_sent_as_the_text_that_it_is() -> None:
    class Token(str, Enum):  # noqa: UP042 - it is formatted as its name, and a StrEnum is not.
        OURS = "Bearer x"

    assert b"\r\nAuthorization: Bearer x\r\n" in replace(REQUEST, headers={"Authorization": Token.OURS}).render()


@pytest.mark.parametrize(
    "lines",
    [
        GOOD,
        [line.lower().replace(ACCEPT.lower(), ACCEPT) for line in GOOD],
        [line.upper().replace(ACCEPT.upper(), ACCEPT) for line in GOOD],
        ["Upgrade: WebSocket", "Connection: keep-alive, Upgrade", GOOD[2]],
        ["Upgrade: websocket", "Connection: upgrade,keep-alive", GOOD[2]],
        ["Upgrade: websocket", "Connection: keep-alive", "Connection: Upgrade", GOOD[2]],
        ["Upgrade: websocket,", "Upgrade: websocket", "Connection: , Upgrade", f"Sec-WebSocket-Accept:{ACCEPT}\t"],
        ["Upgrade:", " websocket", "Connection:", "\tUpgrade", "Sec-WebSocket-Accept:", f" {ACCEPT}"],
        [*GOOD, "Sec-WebSocket-Protocol:", "Sec-WebSocket-Extensions: ,", "X-City: Ålesund", "Content-Length: 0"],
    ],
)
def test_a_good_101_is_taken(lines: list[str]) -> None:
    assert agreement_of(*lines) == Agreement(None, None)


def test_what_the_server_selects_is_agreed() -> None:
    agreement = agreement_of(
        *GOOD, "sec-websocket-protocol: b", 'Sec-WebSocket-Extensions: Permessage-Deflate; server_max_window_bits="10"'
    )
    assert agreement == Agreement("b", Parameters(server_max_window_bits=10))


@pytest.mark.parametrize(
    ("lines", "why"),
    [
        (GOOD[1:], "the header upgrade is missing, not websocket"),
        (["Upgrade: h2c", *GOOD[1:]], "the header upgrade is h2c, not websocket"),
        (["Upgrade: websocket, h2c", *GOOD[1:]], "the header upgrade is websocket, h2c, not websocket"),
        ([GOOD[0], GOOD[2]], "the header connection is missing, without upgrade"),
        ([GOOD[0], "Connection: close", GOOD[2]], "the header connection is close, without upgrade"),
        (GOOD[:2], f"the header sec-websocket-accept is missing, not {ACCEPT}"),
        ([*GOOD[:2], "Sec-WebSocket-Accept: x"], f"the header sec-websocket-accept is x, not {ACCEPT}"),
        ([*GOOD[:2], GOOD[2].lower()], f"the header sec-websocket-accept is {ACCEPT.lower()}, not {ACCEPT}"),
        ([*GOOD, GOOD[2]], "the header sec-websocket-accept stands more than once"),
        (
            [*GOOD, "Sec-WebSocket-Protocol: b", "Sec-WebSocket-Protocol: b"],
            "the header sec-websocket-protocol stands more",
        ),
        (
            [*GOOD, "Sec-WebSocket-Extensions: a", "sec-websocket-extensions: b"],
            "the header sec-websocket-extensions st",
        ),
        ([*GOOD, "Sec-WebSocket-Protocol: z"], "the subprotocol z was not offered, but chat, b"),
        ([*GOOD, "Sec-WebSocket-Protocol: chat, b"], "the subprotocol chat, b was not offered"),
        ([*GOOD, "Sec-WebSocket-Protocol: CHAT"], "the subprotocol CHAT was not offered"),
        (
            [*GOOD, "Sec-WebSocket-Extensions: x-other"],
            "the server selects the extension 'x-other', which was not offe",
        ),
    ],
)
def test_a_bad_101_is_refused_with_what_is_wrong(lines: list[str], why: str) -> None:
    with pytest.raises(BadAnswer) as refused:
        agreement_of(*lines)
    assert str(refused.value).startswith(why)


def test_a_101_of_http_1_0_is_refused() -> None:
    with pytest.raises(BadAnswer, match=r"HTTP/1\.0 knows no 101"):
        agreement_of(*GOOD, status_line="HTTP/1.0 101 Yes")


def test_without_an_offer_no_subprotocol_can_be_selected() -> None:
    with pytest.raises(BadAnswer, match="the subprotocol a was not offered, but none"):
        agreement_of(*GOOD, "Sec-WebSocket-Protocol: a", request=replace(REQUEST, subprotocols=()))


def test_without_an_offer_no_extension_can_be_selected() -> None:
    with pytest.raises(BadAnswer, match="'permessage-deflate', which was not offered"):
        agreement_of(*GOOD, "Sec-WebSocket-Extensions: permessage-deflate", request=replace(REQUEST, extensions=""))
