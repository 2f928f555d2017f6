"""Endpoint strings: what each says, and one line for what it does not."""

from __future__ import annotations

import os
import socket
import sys
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from OpenSSL.SSL import TLS_CLIENT_METHOD, Connection, Context, WantReadError
from twisted.internet import reactor
from twisted.internet.endpoints import TCP4ServerEndpoint

from echod.daemon.endpoints import parse_place
from echod.daemon.inherited import InheritedSocket
from echod.daemon.listener import EndpointListener
from echod.daemon.local_socket import LocalSocket
from echod.errors import BadSetting
from echod.transport.local_port import LocalPort
from tests.issuing import issue


def parse(text: str) -> Any:
    return parse_place(reactor, text)


@pytest.mark.parametrize(
    ("text", "path", "mode", "backlog"),
    [
        ("unix:/run/echod.sock", "/run/echod.sock", 0o666, 50),
        ("unix:/run/echod.sock:mode=660:backlog=9:lockfile=0", "/run/echod.sock", 0o660, 9),
        ("unix:address=echod.sock:lockfile=1", "echod.sock", 0o666, 50),
        ("unix:/run/a\\:b", "/run/a:b", 0o666, 50),
    ],
)
def test_a_local_socket_has_path_mode_and_backlog(text: str, path: str, mode: int, backlog: int) -> None:
    place = parse(text)
    assert place.endpoint == LocalSocket(reactor, path, mode, backlog)
    assert not place.is_proxied
    assert parse(f"haproxy:{text}").endpoint == place.endpoint


@pytest.mark.parametrize("text", ["tcp:0", "tcp6:0", "unix:/x", "ssl:0", "tls:/x:0"])
def test_behind_a_proxy_is_the_same_place(text: str) -> None:
    place = parse(f"haproxy:{text}")
    assert place.is_proxied
    assert (place.load is not None) == text.startswith(("ssl", "tls"))
    assert type(place.endpoint) is type(parse(text).endpoint)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "Unknown endpoint type: ''"),
        ("nonsense:1", "Unknown endpoint type: 'nonsense'"),
        ("TLS", "tls: missing a required argument: 'path'"),
        ("HAProxy:", "not before nothing"),
        ("SystemD:", "LISTEN_FDS is not set"),
        ("stdio:", "standard input is no place to accept connections"),
        ("stdio", "standard input is no place to accept connections"),
        ("tls", "tls: missing a required argument: 'path'"),
        ("tls:/x:0:50:::1:more", "tls: too many positional arguments"),
        ("tls:/x:port=many", "invalid literal"),
        ("ssl", "ssl: missing a required argument: 'port'"),
        ("ssl:0:key=x", "ssl: got an unexpected keyword argument 'key'"),
        ("unix", "unix: missing a required argument: 'address'"),
        ("unix:/x:mode=9", "invalid literal"),
        ("unix:/x:mode=-1", "mode=-1: from 0 to 777"),
        ("unix:/x:mode=1000", "mode=1000: from 0 to 777"),
        ("unix:/x:mode=66660", "mode=66660: from 0 to 777"),
        ("unix:/x:mod=660", "unix: got an unexpected keyword argument 'mod'"),
        ("systemd", "systemd: missing a required argument: 'domain'"),
        ("systemd:domain=INET:index=0", "LISTEN_FDS is not set"),
        ("haproxy", "not before nothing"),
        ("haproxy:", "not before nothing"),
        ("haproxy:stdio:", "not before stdio"),
        ("haproxy:fd:3", "not before fd"),
        ("haproxy:haproxy:tcp:0", "not before haproxy"),
    ],
)
def test_what_says_nothing_is_refused_with_a_reason(text: str, why: str) -> None:
    with pytest.raises(BadSetting) as raised:
        EndpointListener("--listen", text, reactor)
    assert why in str(raised.value)
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize("text", ["ssl:0:privateKey={}/a.pem", "tls:{}:0"])
def test_without_the_extra_it_is_said_what_to_install(
    tmp_path: Path, text: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "OpenSSL", None)
    with pytest.raises(BadSetting, match=r"TLS is not installed: pip install 'echod\[tls\]'"):
        EndpointListener("--listen", text.format(tmp_path), reactor)


def test_the_versions_and_parameters_of_twisted_may_be_given(tmp_path: Path) -> None:
    one = issue("a", None, "localhost")
    (tmp_path / "a.pem").write_bytes(one.key_pem + one.pem)
    (tmp_path / "dh.pem").write_text(PARAMETERS)
    EndpointListener("--listen", f"ssl:0:privateKey={tmp_path}/a.pem:dhParameters={tmp_path}/dh.pem", reactor)
    with pytest.raises(BadSetting, match="NO_METHOD"):
        EndpointListener("--listen", f"ssl:0:privateKey={tmp_path}/a.pem:sslmethod=NO_METHOD", reactor)


@pytest.mark.parametrize(
    ("method", "spoken"), [("TLS_METHOD", "TLSv1.3"), ("SSLv23_METHOD", "TLSv1.3"), ("TLSv1_2_METHOD", "TLSv1.2")]
)
def test_the_highest_version_is_that_of_the_method(tmp_path: Path, method: str, spoken: str) -> None:
    one = issue("a", None, "localhost")
    (tmp_path / "a.pem").write_bytes(one.key_pem + one.pem)
    load = parse(f"ssl:0:privateKey={tmp_path}/a.pem:sslmethod={method}").load
    server, client = load().serverConnectionForTLS(None), Connection(Context(TLS_CLIENT_METHOD), None)
    server.set_accept_state()
    client.set_connect_state()
    for _ in range(3):
        for one_end, other in ((client, server), (server, client)):
            with suppress(WantReadError):
                one_end.do_handshake()
            with suppress(WantReadError):
                other.bio_write(one_end.bio_read(65536))
    assert client.get_protocol_version_name() == server.get_protocol_version_name() == spoken


@pytest.mark.parametrize("method", ["TLSv1_METHOD", "TLS_CLIENT_METHOD", "DTLS_METHOD", "Context", "OP_ALL"])
def test_a_version_that_no_client_could_use_is_refused(tmp_path: Path, method: str) -> None:
    one = issue("a", None, "localhost")
    (tmp_path / "a.pem").write_bytes(one.key_pem + one.pem)
    with pytest.raises(BadSetting, match=rf"\(sslmethod={method}: one of TLS_METHOD, SSLv23_METHOD, TLSv1_2_METHOD\)$"):
        EndpointListener("--listen", f"ssl:0:privateKey={tmp_path}/a.pem:sslmethod={method}", reactor)


@pytest.mark.parametrize("name", ["missing.pem", "a.pem"])
def test_a_file_without_parameters_is_named(tmp_path: Path, name: str) -> None:
    one = issue("a", None, "localhost")
    (tmp_path / "a.pem").write_bytes(one.key_pem + one.pem)
    with pytest.raises(BadSetting, match=rf"\({tmp_path}/{name}: no file with DH parameters in PEM\)$"):
        EndpointListener("--listen", f"ssl:0:privateKey={tmp_path}/a.pem:dhParameters={tmp_path}/{name}", reactor)


@pytest.mark.parametrize("name", ["a\nb.pem", "a\x1b[31mb.pem", "a\udcffb.pem"])
def test_whatever_the_name_of_a_file_the_reason_is_one_printable_line(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_bytes(b"x")
    with pytest.raises(BadSetting, match="neither a key nor a certificate") as raised:
        EndpointListener("--listen", f"tls:{tmp_path}:0", reactor)
    assert str(raised.value).isprintable()


PARAMETERS = """-----BEGIN DH PARAMETERS-----
MIIBCAKCAQEA//////////+t+FRYortKmq/cViAnPTzx2LnFg84tNpWp4TZBFGQz
+8yTnc4kmz75fS/jY2MMddj2gbICrsRhetPfHtXV/WVhJDP1H18GbtCFY2VVPe0a
87VXE15/V8k1mE8McODmi3fipona8+/och3xWKE2rec1MKzKT0g6eXq8CrGCsyT7
YdEIqUuyyOP7uWrat2DX9GgdT0Kj3jlN9K5W7edjcrsZCwenyO4KbXCeAvzhzffi
7MA0BM0oNC9hkXL+nOmFg/+OTxIy7vKBg8P+OxtMb61zO7X8vC7CIAXFjvGDfRaD
ssbzSibBsu/6iGtCOGEoXJf//////////wIBAg==
-----END DH PARAMETERS-----
"""
"""Group 14 of RFC 3526."""


class FakePort:
    """Listens at a path."""

    def __init__(self, name: bytes | None) -> None:
        self._name = name

    def getHost(self) -> Any:
        from twisted.internet.address import UNIXAddress

        return UNIXAddress(self._name)


@pytest.mark.parametrize(
    ("name", "shown"), [(b"/run/a", "/run/a"), (b"/run/\xff", "/run/\\xff"), (b"\0a", "@a"), (None, "unix")]
)
def test_a_local_socket_is_named_by_its_path(name: bytes | None, shown: str) -> None:
    listener = EndpointListener("--listen", "unix:/run/a", reactor)
    assert listener.describe(FakePort(name)) == f"{shown} (unix:/run/a)"  # type: ignore[arg-type]


def test_a_socket_of_systemd_is_taken_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.create_server(("127.0.0.1", 0)) as opened:
        monkeypatch.setattr("echod.daemon.inherited.FIRST", opened.fileno())
        environment = {"LISTEN_PID": str(os.getpid()), "LISTEN_FDS": "1"}
        monkeypatch.setattr("echod.daemon.inherited.first_environment", lambda: environment)
        place = parse("systemd:INET")
        assert place.endpoint == InheritedSocket(reactor, opened.fileno(), socket.AF_INET)


def test_other_endpoints_are_twisteds() -> None:
    assert isinstance(parse("tcp:0").endpoint, TCP4ServerEndpoint)
    assert LocalPort.__mro__[1].__module__ == "twisted.internet.unix"
