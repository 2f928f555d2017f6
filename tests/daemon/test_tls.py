"""TLS: an `ssl:` endpoint with a certificate made here, and what becomes of clients that got the wrong idea."""

from __future__ import annotations

import http.client
import socket
import ssl
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
import trustme

from tests.child import ROOT, Daemon
from tests.daemon.clients import (
    LOOPBACK,
    PATIENCE_S,
    everything_from,
    open_client,
    raw_connection,
    reply,
    reset,
    upgrade,
)
from tests.tls import share

QUICKLY_S = 4.5
"""Below the five seconds that the gate gives a silent client."""


@dataclass
class Authority:
    """Certificates for `localhost`, and who trusts them."""

    authority: trustme.CA
    pem: Path

    def trusting(self) -> ssl.SSLContext:
        context = share(ssl.create_default_context())
        self.authority.configure_trust(context)
        return context


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    made = trustme.CA()
    pem = tmp_path_factory.mktemp("tls") / "localhost.pem"
    made.issue_cert("localhost").private_key_and_cert_chain_pem.write_to_path(str(pem))
    return Authority(made, pem)


@pytest.fixture(scope="module")
def secure(authority: Authority) -> Iterator[Daemon]:
    with Daemon("--listen", f"ssl:0:privateKey={authority.pem}:interface=127.0.0.1") as running:
        yield running


@contextmanager
def tls_connection(port: int, context: ssl.SSLContext) -> Iterator[ssl.SSLSocket]:
    with raw_connection(port) as plain, context.wrap_socket(plain, server_hostname="localhost") as connection:
        yield connection


@pytest.mark.parametrize("path", ["/simple-echo", "/multi-echo", "/echo", "/"])
def test_the_echoes_answer_by_wss(secure: Daemon, authority: Authority, path: str) -> None:
    uri = f"wss://localhost:{secure.port}{path}"
    with open_client(uri, ssl=authority.trusting()) as client:
        assert reply(client, "hello") == "hello"
        assert reply(client, "é" * 500000) == "é" * 500000
        assert reply(client, b"\x00\xff") == b"\x00\xff"


@pytest.mark.parametrize("offer", [["http/1.1"], ["h2", "http/1.1"]])
def test_http_1_1_is_selected_where_the_client_offers_more(
    secure: Daemon, authority: Authority, offer: list[str]
) -> None:
    context = authority.trusting()
    context.set_alpn_protocols(offer)
    with tls_connection(secure.port, context) as connection:
        assert connection.selected_alpn_protocol() == "http/1.1"


def test_a_page_is_served_by_https_to_a_client_that_verifies(secure: Daemon, authority: Authority) -> None:
    connection = http.client.HTTPSConnection("localhost", secure.port, timeout=PATIENCE_S, context=authority.trusting())
    connection.request("GET", "/client.html")
    with connection.getresponse() as answer:
        assert answer.status == 200
        assert answer.read() == (ROOT / "web" / "client.html").read_bytes()


def test_a_client_that_does_not_trust_the_certificate_leaves_no_traceback(secure: Daemon, authority: Authority) -> None:
    with pytest.raises(ssl.SSLCertVerificationError):
        open_client(f"wss://localhost:{secure.port}/multi-echo", ssl=ssl.create_default_context())
    assert_quiet_and_answering(secure, authority)


@pytest.mark.parametrize(
    "said",
    [b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n", upgrade("/multi-echo"), b"\x00" * 100],
    ids=["GET", "upgrade", "garbage"],
)
def test_a_client_without_tls_is_closed_quickly(secure: Daemon, authority: Authority, said: bytes) -> None:
    with raw_connection(secure.port) as client:
        client.sendall(said)
        started = time.monotonic()
        received = everything_from(client)
    assert b"HTTP" not in received
    assert time.monotonic() - started < QUICKLY_S
    assert_quiet_and_answering(secure, authority)


def test_a_tls_client_at_a_plain_port_is_closed_quickly(daemon: Daemon, authority: Authority) -> None:
    started = time.monotonic()
    with pytest.raises((ssl.SSLError, ConnectionResetError)), tls_connection(daemon.port, authority.trusting()):
        pytest.fail("a plain port shook hands")
    assert time.monotonic() - started < QUICKLY_S
    with open_client(daemon.uri("/multi-echo")) as client:
        assert reply(client, "hello") == "hello"
    assert "Traceback" not in daemon.text


def test_a_client_that_vanishes_while_it_shakes_hands_leaves_no_traceback(secure: Daemon, authority: Authority) -> None:
    hello, answers = ssl.MemoryBIO(), ssl.MemoryBIO()
    with raw_connection(secure.port) as client:
        shaking = authority.trusting().wrap_bio(answers, hello, server_hostname="localhost")
        with pytest.raises(ssl.SSLWantReadError):
            shaking.do_handshake()
        client.sendall(hello.read())
        assert client.recv(3, socket.MSG_WAITALL) == b"\x16\x03\x03"
        reset(client)
    assert_quiet_and_answering(secure, authority)


def assert_quiet_and_answering(secure: Daemon, authority: Authority) -> None:
    """A later client is answered, and until then nothing bad was logged."""
    with open_client(f"wss://localhost:{secure.port}/multi-echo", ssl=authority.trusting()) as client:
        assert reply(client, "hello") == "hello"
    assert "Traceback" not in secure.text
    assert "rror" not in secure.text


def test_tls_and_plain_are_served_side_by_side(authority: Authority) -> None:
    secure, plain = f"ssl:0:privateKey={authority.pem}:interface=127.0.0.1", "tcp:0:interface=127.0.0.1"
    with Daemon("--listen", secure, "--listen", plain) as running:
        plain_port = int(running.text.rsplit("127.0.0.1:", 1)[1].split(" ")[0])
        with open_client(f"wss://localhost:{running.port}/simple-echo", ssl=authority.trusting()) as client:
            assert reply(client, "add") == "add...added..."
        with open_client(f"ws://{LOOPBACK}:{plain_port}/simple-echo") as client:
            assert reply(client, "x") == "x...added..."
