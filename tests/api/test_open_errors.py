"""Why a connection could not be opened, from what the transport and the server's answer say."""

from __future__ import annotations

from typing import Any

import pytest
from twisted.internet.error import ConnectionDone, ConnectionLost
from twisted.python.failure import Failure

from echod.api.connecting import lost_before_open, refused
from echod.errors import BadCertificate, NotWebSocket
from echod.rules.http.answer import Answer

URI = "wss://example.com/p"


def openssl_error(*arguments: Any) -> Exception:
    """An error as pyOpenSSL raises it, wherever that is installed."""
    return type("Error", (Exception,), {"__module__": "OpenSSL.SSL"})(*arguments)


def answer(status: int, phrase: str, fields: dict[str, list[str]]) -> Answer:
    return Answer("HTTP/1.1", status, phrase, fields)


def test_another_status_is_a_refusal() -> None:
    error = refused(URI, answer(401, "No", {"a": ["b"]}), b"x" * 2000)

    assert error.body == b"x" * 1024
    assert (error.uri, error.status, error.phrase, error.headers) == (URI, 401, "No", {"a": "b"})


@pytest.mark.parametrize(
    ("kind", "body", "said"),
    [
        ("text/plain; charset=utf-8", b"400 Bad Request: delay is wrong\n", "400 Bad Request: delay is wrong"),
        ("text/plain", b"two\nlines", ""),
        ("text/plain", b"\x1b[31mred", ""),
        ("TEXT/Plain", b"no", "no"),
        ("text/plain", "é\n".encode(), "é"),
        ("text/plain", b"x" * 2000, "x" * 1024),
        ("text/html", b"<p>", ""),
    ],
)
def test_an_explanation_is_a_line_of_plain_text(kind: str, body: bytes, said: str) -> None:
    assert refused(URI, answer(400, "Bad Request", {"content-type": [kind]}), body).said == said


@pytest.mark.parametrize(
    ("status", "headers", "why"),
    [
        (301, {"location": ["wss://h/"]}, "301 Phrase: it is at wss://h/"),
        (308, {}, "308 Phrase"),
        (401, {"location": ["wss://h/"]}, "401 Phrase"),
    ],
)
def test_a_redirect_tells_where_to(status: int, headers: dict[str, list[str]], why: str) -> None:
    assert (
        str(refused(URI, answer(status, "Phrase", headers), b"")) == f"{URI}: the server refused the handshake: {why}"
    )


@pytest.mark.parametrize(
    ("reason", "kind", "why"),
    [
        (ConnectionDone(), NotWebSocket, "the server closed the connection without an answer"),
        (ConnectionLost(), NotWebSocket, "the server closed the connection without an answer"),
        (
            openssl_error([("SSL routines", "", "certificate verify failed")]),
            BadCertificate,
            "TLS failed: certificate verify failed",
        ),
        (
            openssl_error([("a", "b", "wrong version number"), ("a", "b", "other")]),
            NotWebSocket,
            "TLS failed: wrong version number; other",
        ),
        (openssl_error([]), NotWebSocket, "TLS failed: Error"),
        (openssl_error(-1, "Unexpected EOF"), NotWebSocket, "TLS failed: Error"),
        (openssl_error(), NotWebSocket, "TLS failed: Error"),
        (
            openssl_error([("SSL routines", "", "tlsv13 alert certificate required")]),
            NotWebSocket,
            "TLS failed: tlsv13 alert certificate required",
        ),
    ],
)
def test_a_connection_lost_before_it_was_open_is_explained(reason: Exception, kind: type, why: str) -> None:
    error = lost_before_open(URI, Failure(reason))

    assert type(error) is kind
    assert str(error) == f"{URI}: {why}"
