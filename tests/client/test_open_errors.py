"""Why `open_websocket` could not open: each way to fail has its own exception, raised in the program that called."""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
import trustme

from tests.client.peers import LOOPBACK, answering, free_port, never_answering, serving
from tests.client.scripts import lines_of, run_script
from tests.tls import share

OPEN_ALL = """
import sys
from echod import OpenFailed
from echod.blocking import open_websocket
for uri in sys.argv[1:]:
    try:
        open_websocket(uri, open_timeout=1)
    except OpenFailed as error:
        print(f"{type(error).__name__}: {error.why}")
"""
FAILURES = {
    "refused": ("ConnectFailed", "cannot connect: Connection was refused by other side: 111: Connection refused."),
    "404": ("HandshakeRefused", "the server refused the handshake: 404 Nothing Here"),
    "plain page": ("HandshakeRefused", "the server refused the handshake: 200 OK"),
    "no phrase": ("HandshakeRefused", "the server refused the handshake: 503"),
    "mail server": ("NotWebSocket", "the answer is not HTTP/1.1"),
    "wrong key": ("NotWebSocket", "the handshake is wrong: "),
    "closes": ("NotWebSocket", "the server closed the connection without an answer"),
    "silent": ("OpenTimeout", "not open within 1 seconds"),
    "no TLS": ("NotWebSocket", "TLS failed: "),
    "unknown authority": ("BadCertificate", "TLS failed: the certificate has an issuer that is not known: "),
    "other host": ("BadCertificate", "TLS failed: the certificate has an issuer that is not known: "),
}
ANSWERS = {
    "404": b"HTTP/1.1 404 Nothing Here\r\nX-Hint: try /elsewhere\r\nContent-Length: 0\r\n\r\n",
    "plain page": b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello",
    "no phrase": b"HTTP/1.1 503\r\n\r\n",
    "mail server": b"220 mail.example ESMTP\r\n\r\n",
    "wrong key": b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Accept: AAAAAAAAAAAAAAAAAAAAAAAAAAA=\r\n\r\n",
    "closes": b"",
}


def secure(authority: trustme.CA, host: str) -> ssl.SSLContext:
    """What a TLS server for this host needs."""
    context = share(ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER))
    authority.issue_cert(host).configure_cert(context)
    return context


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture(scope="module")
def seen(authority: trustme.CA) -> Iterator[dict[str, str]]:
    """What one program saw of all of them: the class and why."""
    with ExitStack() as servers:
        ports = {name: servers.enter_context(answering(answer)) for name, answer in ANSWERS.items()}
        uris = {name: f"ws://{LOOPBACK}:{port}/" for name, port in ports.items()}
        uris["refused"] = f"ws://{LOOPBACK}:{free_port()}/"
        uris["silent"] = f"ws://{LOOPBACK}:{servers.enter_context(never_answering())}/"
        mail = servers.enter_context(answering(b"220 mail.example ESMTP\r\n", unasked=True))
        uris["no TLS"] = f"wss://{LOOPBACK}:{mail}/"
        tls = servers.enter_context(serving(lambda _: None, secure(authority, "localhost")))
        uris["unknown authority"] = f"wss://localhost:{tls}/"
        tls = servers.enter_context(serving(lambda _: None, secure(authority, "other.example")))
        uris["other host"] = f"wss://localhost:{tls}/"
        yield dict(zip(uris, lines_of(OPEN_ALL, *uris.values()), strict=True))


@pytest.mark.parametrize("way", FAILURES)
def test_each_way_to_fail_has_its_exception(seen: dict[str, str], way: str) -> None:
    name, why = FAILURES[way]
    assert seen[way].startswith(f"{name}: {why}")


def test_a_refusal_carries_status_and_headers() -> None:
    with answering(ANSWERS["404"]) as port:
        assert lines_of(
            f"""
            from echod import HandshakeRefused
            from echod.blocking import open_websocket
            try:
                open_websocket("ws://{LOOPBACK}:{port}/nowhere")
            except HandshakeRefused as error:
                print(error)
                print(error.uri, error.status, error.phrase, error.headers["x-hint"])
            """
        ) == [
            f"ws://{LOOPBACK}:{port}/nowhere: the server refused the handshake: 404 Nothing Here",
            f"ws://{LOOPBACK}:{port}/nowhere 404 Nothing Here try /elsewhere",
        ]


def test_a_certificate_for_another_host_is_refused_even_from_a_trusted_authority(
    authority: trustme.CA, tmp_path: Path
) -> None:
    trusted = tmp_path / "trusted.pem"
    authority.cert_pem.write_to_path(str(trusted))
    with serving(lambda _: None, secure(authority, "other.example")) as port:
        assert lines_of(
            f"""
            from echod import BadCertificate
            from echod.blocking import open_websocket
            try:
                open_websocket("wss://localhost:{port}/", tls="{trusted}")
            except BadCertificate as error:
                print(error)
            """
        ) == [f"wss://localhost:{port}/: TLS failed: the certificate is for other.example, not for localhost"]


def test_an_open_that_failed_leaves_nothing_on_standard_error() -> None:
    ended = run_script(OPEN_ALL, f"ws://{LOOPBACK}:{free_port()}/")
    assert ended.stderr == ""
