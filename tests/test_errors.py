"""What can go wrong: the tree of exceptions, their sentences and data, and the close codes."""

from __future__ import annotations

import pytest

from echod.errors import (
    BadCertificate,
    BadSetting,
    CloseCode,
    ConnectFailed,
    ConnectionClosed,
    EchodError,
    HandshakeRefused,
    NoClient,
    NotWebSocket,
    OpenFailed,
    OpenTimeout,
)

URI = "ws://localhost:9001/"


@pytest.mark.parametrize("kind", [ConnectionClosed, NoClient, BadSetting, OpenFailed])
def test_everything_that_is_raised_is_an_echod_error(kind: type[Exception]) -> None:
    assert issubclass(kind, EchodError)


@pytest.mark.parametrize("kind", [ConnectFailed, BadCertificate, NotWebSocket, HandshakeRefused, OpenTimeout])
def test_all_ways_to_fail_to_open_are_one_class(kind: type[Exception]) -> None:
    assert issubclass(kind, OpenFailed)


def test_a_bad_setting_is_a_value_error() -> None:
    assert issubclass(BadSetting, ValueError)


@pytest.mark.parametrize(
    ("error", "sentence"),
    [
        (ConnectionClosed(1005, ""), "the connection is closed (code 1005)"),
        (ConnectionClosed(1001, "bye"), "the connection is closed (code 1001, bye)"),
        (NoClient(), "there is no connection: call echo_client() first"),
        (BadSetting("--port", "x", "a port number"), "--port: 'x' is not a port number"),
        (ConnectFailed(URI, "refused"), "ws://localhost:9001/: refused"),
        (
            HandshakeRefused(URI, 404, "Not Found", {}),
            "ws://localhost:9001/: the server refused the handshake: 404 Not Found",
        ),
        (
            HandshakeRefused(URI, 400, "Bad Request", {}, "400 Bad Request: x is wrong"),
            "ws://localhost:9001/: the server refused the handshake: 400 Bad Request: x is wrong",
        ),
        (HandshakeRefused(URI, 499, "", {}, "no"), "ws://localhost:9001/: the server refused the handshake: 499: no"),
        (HandshakeRefused(URI, 499, "", {}), "ws://localhost:9001/: the server refused the handshake: 499"),
    ],
)
def test_the_sentence_of_an_error_is_made_from_its_data(error: EchodError, sentence: str) -> None:
    assert str(error) == sentence


def test_a_closed_connection_tells_code_and_reason() -> None:
    error = ConnectionClosed(1001, "bye")
    assert (error.code, error.reason) == (1001, "bye")


def test_a_bad_setting_tells_name_value_and_what_was_wanted() -> None:
    error = BadSetting("--port", "x", "a port number")
    assert (error.name, error.value, error.wanted) == ("--port", "x", "a port number")


def test_a_refused_handshake_tells_the_answer_of_the_server() -> None:
    error = HandshakeRefused(URI, 403, "Forbidden", {"server": "x"})
    assert (error.uri, error.status, error.phrase, error.headers) == (URI, 403, "Forbidden", {"server": "x"})


@pytest.mark.parametrize(
    ("code", "number"),
    [
        (CloseCode.NORMAL, 1000),
        (CloseCode.GOING_AWAY, 1001),
        (CloseCode.NO_CODE, 1005),
        (CloseCode.ABNORMAL, 1006),
        (CloseCode.MESSAGE_TOO_BIG, 1009),
        (CloseCode.INTERNAL_ERROR, 1011),
    ],
)
def test_a_close_code_is_its_number(code: CloseCode, number: int) -> None:
    assert code == number


@pytest.mark.parametrize("sent", ["\x1b[2J", "\x07", "\x9b31m", "\x7f", "a\r\nb", "\u202e", "\x00", "a\u2028b"])
def test_what_a_peer_sent_is_harmless_in_every_text(sent: str) -> None:
    errors: list[Exception] = [
        ConnectionClosed(4000, sent),
        HandshakeRefused("ws://a/", 404, sent, {}),
        HandshakeRefused("ws://a/", 404, "No", {}, said=sent),
        NotWebSocket("ws://a/", sent),
        BadSetting("uri", sent, "a URI"),
    ]
    for error in errors:
        assert str(error).isprintable()
        assert repr(sent)[1:-1] in str(error)
