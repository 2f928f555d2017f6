"""Behaviours of a running daemon, seen by python-websockets and from raw sockets."""

from __future__ import annotations

import http.client
import json
import re
import socket
import ssl
import struct
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import trustme
from websockets.exceptions import ConnectionClosedError, InvalidHandshake, InvalidStatus, NegotiationError
from websockets.sync.client import ClientConnection, unix_connect

from tests.child import Daemon
from tests.daemon.clients import (
    LOOPBACK,
    PATIENCE_S,
    close_code,
    everything_from,
    head_from,
    open_client,
    raw_connection,
    reply,
    upgrade,
)
from tests.pair import TEXT, masked, unframe
from tests.tls import share

DATA_SEGMENTS_IN = struct.Struct("=152xI")
"""`tcpi_data_segs_in` in Linux's `struct tcp_info`."""

TCP_INFO_SIZE = 192
MOST_GROWTH_KIB = 16 * 1024

Open = Callable[[str], ClientConnection]


@dataclass
class Listening:
    """One daemon on a TLS port, on a local socket and behind a proxy."""

    daemon: Daemon
    path: Path
    context: ssl.SSLContext
    tls_port: int
    proxied_port: int

    def by_tls(self, path: str) -> ClientConnection:
        return open_client(f"wss://localhost:{self.tls_port}{path}", ssl=self.context)

    def by_local_socket(self, path: str) -> ClientConnection:
        return unix_connect(str(self.path), f"ws://localhost{path}", open_timeout=PATIENCE_S)


@pytest.fixture(scope="module")
def listening(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Listening]:
    folder = tmp_path_factory.mktemp("sockets")
    authority, pem, path = trustme.CA(), folder / "localhost.pem", folder / "socket"
    authority.issue_cert("localhost").private_key_and_cert_chain_pem.write_to_path(str(pem))
    context = share(ssl.create_default_context())
    authority.configure_trust(context)
    context.set_alpn_protocols(["http/1.1"])
    endpoints = (f"ssl:0:privateKey={pem}:interface=127.0.0.1", f"unix:{path}", "haproxy:tcp:0:interface=127.0.0.1")
    with Daemon(*(word for endpoint in endpoints for word in ("--listen", endpoint))) as daemon:
        ports = [int(port) for port in re.findall(r"127\.0\.0\.1:(\d+)", daemon.text)]
        yield Listening(daemon, path, context, ports[0], ports[-1])


@pytest.fixture(params=["tcp", "tls", "local socket"])
def opened(request: pytest.FixtureRequest, daemon: Daemon, listening: Listening) -> Open:
    """Opens connections over each kind of socket."""
    ways: dict[str, Open] = {
        "tcp": lambda path: open_client(daemon.uri(path)),
        "tls": listening.by_tls,
        "local socket": listening.by_local_socket,
    }
    return ways[request.param]


def data_segments(connection: socket.socket) -> int:
    """How many segments with data have come."""
    info = connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, TCP_INFO_SIZE)
    count: int = DATA_SEGMENTS_IN.unpack_from(info)[0]
    return count


def resident_kib(daemon: Daemon) -> int:
    status = Path(f"/proc/{daemon.process.pid}/status").read_text()
    return int(re.search(r"VmRSS:\s+(\d+)", status)[1])


def test_a_status_refuses(daemon: Daemon) -> None:
    with pytest.raises(InvalidStatus) as refused:
        open_client(daemon.uri("/echo?status=403"))
    assert refused.value.response.status_code == 403


def test_a_wrong_accept_is_refused_by_a_client_that_checks_it(daemon: Daemon) -> None:
    with pytest.raises(InvalidHandshake):
        open_client(daemon.uri("/echo?accept=wrong"))


def test_a_forced_subprotocol_is_refused_by_a_client_that_checks_it(daemon: Daemon) -> None:
    with pytest.raises(NegotiationError):
        open_client(daemon.uri("/echo?subprotocol=force:chat"))


@pytest.mark.parametrize("query", ["delay=50ms&jitter=50ms", "fragment=3", "rate=1M", "chop=7", "hold=100ms"])
def test_a_reply_comes_back_whole_over_every_socket(opened: Open, query: str) -> None:
    with opened(f"/echo?{query}") as client:
        assert reply(client, "hello") == "hello"
        assert reply(client, "é" * 5000) == "é" * 5000
        assert reply(client, bytes(1000)) == bytes(1000)


@pytest.mark.parametrize("query", ["deflate=off", "deflate=bits:9", "deflate=no-context-takeover", "fragment=100"])
def test_compression_works_as_agreed(daemon: Daemon, query: str) -> None:
    with open_client(daemon.uri(f"/echo?{query}")) as client:
        assert [reply(client, "hello " * 1000) for _ in range(3)] == ["hello " * 1000] * 3


@pytest.mark.parametrize("end", ["abort", "fin"])
def test_an_end_comes_after_the_reply_over_every_socket(opened: Open, end: str) -> None:
    with opened(f"/echo?end={end}&after=1") as client:
        assert reply(client, "hello") == "hello"
        with pytest.raises(ConnectionClosedError) as closed:
            client.recv(PATIENCE_S)
        assert (closed.value.rcvd, closed.value.sent) == (None, None)


def test_a_close_has_its_code_and_reason_over_every_socket(opened: Open) -> None:
    with opened("/echo?close=4001&reason=bye&after=1") as client:
        assert reply(client, "hello") == "hello"
        assert close_code(client) == 4001
        assert client.close_reason == "bye"


def test_a_flood_of_64_megabytes_arrives_over_every_socket(opened: Open) -> None:
    with opened("/echo?flood=64M") as client:
        assert sum(len(client.recv(PATIENCE_S)) for _ in range(1024)) == 64 * 2**20


def test_chop_sends_each_byte_in_a_segment_of_its_own(daemon: Daemon) -> None:
    with raw_connection(daemon.port) as connection:
        connection.sendall(upgrade("/echo?chop=1&greet=hello&end=fin"))
        received = everything_from(connection)
        assert received.endswith(b"\x81\x05hello")
        # What was sent again counts again; bytes that went together would be fewer.
        assert data_segments(connection) >= len(received)


def test_an_abort_is_a_reset_and_a_fin_is_none(daemon: Daemon) -> None:
    with raw_connection(daemon.port) as connection:
        connection.sendall(upgrade("/echo?end=abort"))
        assert head_from(connection).startswith(b"HTTP/1.1 101 ")
        with pytest.raises(ConnectionResetError):
            connection.recv(1)
    with raw_connection(daemon.port) as connection:
        connection.sendall(upgrade("/echo?end=fin"))
        assert head_from(connection).startswith(b"HTTP/1.1 101 ")
        assert connection.recv(1) == b""


def test_a_client_that_takes_nothing_of_a_flood_costs_no_memory(daemon: Daemon) -> None:
    before = resident_kib(daemon)
    with raw_connection(daemon.port) as connection, open_client(daemon.uri("/echo")) as other:
        connection.sendall(upgrade("/echo?flood=1024M"))
        head_from(connection)
        for _ in range(200):
            assert reply(other, "x" * 1000) == "x" * 1000
        assert resident_kib(daemon) - before < MOST_GROWTH_KIB


def test_a_client_that_sends_what_is_never_read_costs_no_memory(daemon: Daemon) -> None:
    before = resident_kib(daemon)
    with raw_connection(daemon.port) as connection:
        connection.sendall(upgrade("/echo?delay=600s"))
        head_from(connection)
        connection.settimeout(1)
        with pytest.raises(TimeoutError):
            connection.sendall(masked(0x82, bytes(50_000)) * 1000)
        assert resident_kib(daemon) - before < MOST_GROWTH_KIB


def test_a_rate_takes_its_time(daemon: Daemon) -> None:
    begin = time.monotonic()
    with open_client(daemon.uri("/echo?rate=20K"), compression=None) as client:
        assert reply(client, bytes(20_000)) == bytes(20_000)
    assert time.monotonic() - begin > 0.8


def test_a_vanished_server_says_nothing(daemon: Daemon) -> None:
    with raw_connection(daemon.port) as connection:
        connection.sendall(upgrade("/echo?end=vanish&after=1") + masked(TEXT, b"x"))
        head_from(connection)
        assert unframe(connection.recv(100)) == [(TEXT, b"x")]
        connection.sendall(masked(TEXT, b"x"))
        connection.settimeout(0.5)
        with pytest.raises(TimeoutError):
            connection.recv(1)


@pytest.mark.parametrize("query", ["hold=forever", "end=vanish", "close-reply=none", "stall=0", "delay=600s", "rate=1"])
def test_a_drain_waits_for_none_of_them(query: str) -> None:
    with Daemon("--drain-spread", "0") as daemon, raw_connection(daemon.port) as connection:
        connection.sendall(upgrade(f"/echo?{query}") + masked(TEXT, b"x") + masked(0x88, b"\x03\xe8"))
        with open_client(daemon.uri("/echo")) as other:
            reply(other, "x")
        begin = time.monotonic()
        assert daemon.terminate() == 0
        # A stalled client is told 1001, and given the time of a closing handshake.
        assert time.monotonic() - begin < 20


def test_behaviours_can_be_switched_off() -> None:
    with Daemon("--behaviours", "off") as plain:
        with open_client(plain.uri("/echo?delay=nonsense")) as client:
            assert reply(client, "hello") == "hello"
        assert status_of(plain.port, "/behaviours") == 404
        assert status_of(plain.port, "/info") == 404


def status_of(port: int, path: str) -> int:
    connection = http.client.HTTPConnection(LOOPBACK, port, timeout=PATIENCE_S)
    connection.request("GET", path)
    return connection.getresponse().status


# What the server sees


def test_info_names_the_process(daemon: Daemon) -> None:
    with open_client(daemon.uri("/info")) as client:
        seen = json.loads(client.recv(PATIENCE_S))
        assert seen["instance"] == f"{socket.gethostname()}:{daemon.process.pid}"
        assert seen["peer"] == dict(zip(("host", "port"), client.local_address, strict=False))
        assert seen["extensions"][0]["name"] == "permessage-deflate"


def test_info_shows_tls(listening: Listening) -> None:
    with listening.by_tls("/info") as client:
        tls = json.loads(client.recv(PATIENCE_S))["tls"]
        assert tls == {
            "version": client.socket.version(),
            "cipher": client.socket.cipher()[0],
            "server_name": "localhost",
            "alpn": "http/1.1",
        }


def test_info_shows_what_a_tls_client_leaves_out(listening: Listening) -> None:
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    with raw_connection(listening.tls_port) as plain, context.wrap_socket(plain) as connection:
        connection.sendall(b"GET /info HTTP/1.1\r\nHost: h\r\n\r\n")
        tls = json.loads(everything_from(connection).partition(b"\r\n\r\n")[2])["tls"]
        assert (tls["server_name"], tls["alpn"]) == (None, None)


def test_info_shows_a_local_socket(listening: Listening) -> None:
    with listening.by_local_socket("/info") as client:
        seen = json.loads(client.recv(PATIENCE_S))
        assert seen["peer"] == {"unix": None}
        assert seen["local"] == {"unix": str(listening.path)}
        assert seen["tls"] is None


def test_info_shows_the_client_and_the_proxy_before_it(listening: Listening) -> None:
    with raw_connection(listening.proxied_port) as connection:
        connection.sendall(b"PROXY TCP4 192.0.2.7 192.0.2.1 50000 443\r\nGET /info HTTP/1.1\r\nHost: h\r\n\r\n")
        seen = json.loads(everything_from(connection).partition(b"\r\n\r\n")[2])
        assert seen["peer"] == {"host": "192.0.2.7", "port": 50000}
        assert seen["local"] == {"host": "192.0.2.1", "port": 443}
        assert seen["proxy"] == {
            "peer": {"host": LOOPBACK, "port": connection.getsockname()[1]},
            "local": {"host": LOOPBACK, "port": listening.proxied_port},
        }
