"""Why a connection could not be opened, from what the transport and the server's answer say."""

from __future__ import annotations

from typing import Any

import pytest
from twisted.internet.error import ConnectionDone, ConnectionLost
from twisted.python.failure import Failure

from echod.api.connecting import lost_before_open, parse_status_line, refused
from echod.errors import BadCertificate, HandshakeRefused, NotWebSocket

URI = "wss://example.com/p"


def openssl_error(*arguments: Any) -> Exception:
    """An error as pyOpenSSL raises it, wherever that is installed."""
    return type("Error", (Exception,), {"__module__": "OpenSSL.SSL"})(*arguments)


def verification_error() -> Exception:
    """An error as service_identity raises it."""
    return type("VerificationError", (Exception,), {"__module__": "service_identity.exceptions"})()


@pytest.mark.parametrize(
    ("line", "parsed"),
    [
        ("HTTP/1.1 404 Not Found", (404, "Not Found")),
        ("HTTP/1.0 200 OK", (200, "OK")),
        ("HTTP/1.1 503 ", (503, "")),
        ("HTTP/1.1 503", (503, "")),
        ("HTTP/2 200 OK", (None, "")),
        ("HTTP/1.1 20 OK", (None, "")),
        ("HTTP/1.1 2000 OK", (None, "")),
        ("HTTP/1.1 ²00 OK", (None, "")),
        ("ICY 200 OK", (None, "")),
        ("", (None, "")),
    ],
)
def test_a_status_line_is_taken_apart(line: str, parsed: tuple[int | None, str]) -> None:
    assert parse_status_line(line) == parsed


def test_another_status_is_a_refusal() -> None:
    error = refused(URI, "HTTP/1.1 401 No", {"a": "b"}, b"", "why")

    assert isinstance(error, HandshakeRefused)
    assert (error.uri, error.status, error.phrase, error.headers) == (URI, 401, "No", {"a": "b"})


@pytest.mark.parametrize(
    ("kind", "body", "said"),
    [
        ("text/plain; charset=utf-8", b"400 Bad Request: delay is wrong\n", "400 Bad Request: delay is wrong"),
        ("text/plain", b"two\nlines", ""),
        ("text/plain", b"\x1b[31mred", ""),
        ("text/plain", "é\n".encode(), "é"),
        ("text/plain", b"x" * 2000, "x" * 1024),
        ("text/html", b"<p>", ""),
    ],
)
def test_an_explanation_is_a_line_of_plain_text(kind: str, body: bytes, said: str) -> None:
    error = refused(URI, "HTTP/1.1 400 Bad Request", {"content-type": kind}, body, "why")
    assert isinstance(error, HandshakeRefused)
    assert error.said == said


def test_a_bad_101_is_no_websocket_server() -> None:
    error = refused(URI, "HTTP/1.1 101 Yes", {}, b"", "Upgrade is missing")

    assert isinstance(error, NotWebSocket)
    assert str(error) == f"{URI}: the handshake is wrong: Upgrade is missing"


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
        (verification_error(), BadCertificate, "TLS failed: the certificate is for another host"),
    ],
)
def test_a_connection_lost_before_it_was_open_is_explained(reason: Exception, kind: type, why: str) -> None:
    error = lost_before_open(URI, Failure(reason))

    assert type(error) is kind
    assert str(error) == f"{URI}: {why}"
