"""Certificates that are read again while they are listened on: good ones are shown from then on, bad ones never."""

from __future__ import annotations

import socket
import ssl
from pathlib import Path
from typing import Any

import pytest
import pytest_twisted
import trustme
from twisted.internet import reactor
from twisted.internet.defer import Deferred
from twisted.internet.threads import deferToThread
from twisted.logger import LogEvent, capturedLogs, formatEvent

from echod.daemon.listener import EndpointListener, PortListener
from echod.daemon.service import EchodService, make_service
from echod.errors import BadSetting
from echod.server.server import Server
from echod.settings import Settings
from tests.daemon.clients import LOOPBACK, PATIENCE_S, say


class Folder:
    """A folder with the key and the certificate of `localhost` in one file, which can be replaced."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.pem = path / "localhost.pem"
        self.renew()

    def renew(self) -> bytes:
        """Put a new certificate there; which."""
        made = trustme.CA().issue_cert("localhost")
        made.private_key_and_cert_chain_pem.write_to_path(str(self.pem))
        return ssl.PEM_cert_to_DER_cert(made.cert_chain_pems[0].bytes().decode())

    def spoil(self) -> None:
        self.pem.write_text("garbage")


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    return Folder(tmp_path)


def ssl_text(folder: Folder) -> str:
    return f"ssl:0:privateKey={folder.pem}:interface={LOOPBACK}"


def tls_text(folder: Folder) -> str:
    return f"tls:{folder.path}:0:interface=\\:\\:1"


def certificate_at(host: str, port: int | None) -> Deferred[bytes]:
    """The certificate that a new connection is shown, asked for in a thread."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE

    def shake_hands() -> bytes | None:
        with (
            socket.create_connection((host, port or 0), timeout=PATIENCE_S) as plain,
            context.wrap_socket(plain, server_hostname="localhost") as connection,
        ):
            return connection.getpeercert(binary_form=True)

    return deferToThread(shake_hands)


def lines(events: list[LogEvent]) -> list[str]:
    return [text for event in events if (text := formatEvent(event)).startswith("echod ")]


KINDS = pytest.mark.parametrize(("text_for", "host"), [(ssl_text, LOOPBACK), (tls_text, "::1")], ids=["ssl", "tls"])


@pytest_twisted.ensureDeferred
@KINDS
async def test_new_connections_get_the_certificate_that_was_read_last(
    server: Server, folder: Folder, text_for: Any, host: str
) -> None:
    first = folder.renew()
    listener = EndpointListener("--listen", text_for(folder), reactor)
    await server.listen(listener.endpoint)
    assert await certificate_at(host, server.port) == first
    second = folder.renew()
    with capturedLogs() as events:
        listener.reload()
    assert await certificate_at(host, server.port) == second != first
    assert lines(events) == [f"echod has reloaded its certificates: {text_for(folder)}"]


@pytest_twisted.ensureDeferred
async def test_a_bad_certificate_changes_nothing_and_is_logged(server: Server, folder: Folder) -> None:
    good = folder.renew()
    listener = EndpointListener("--listen", ssl_text(folder), reactor)
    await server.listen(listener.endpoint)
    folder.spoil()
    with capturedLogs() as events:
        listener.reload()
    assert await certificate_at(LOOPBACK, server.port) == good
    [line] = lines(events)
    assert line.startswith(f"echod keeps its old certificates: --listen: '{ssl_text(folder)}' is not ")
    assert [event for event in events if "log_failure" in event] == []


@pytest_twisted.ensureDeferred
async def test_after_a_bad_certificate_a_good_one_is_taken(server: Server, folder: Folder) -> None:
    listener = EndpointListener("--listen", ssl_text(folder), reactor)
    await server.listen(listener.endpoint)
    folder.spoil()
    listener.reload()
    good = folder.renew()
    listener.reload()
    assert await certificate_at(LOOPBACK, server.port) == good


@pytest_twisted.ensureDeferred
async def test_a_certificate_that_is_gone_changes_nothing(server: Server, folder: Folder) -> None:
    good = folder.renew()
    listener = EndpointListener("--listen", ssl_text(folder), reactor)
    await server.listen(listener.endpoint)
    folder.pem.unlink()
    listener.reload()
    assert await certificate_at(LOOPBACK, server.port) == good


async def listen_tls(server: Server, folder: Folder) -> EndpointListener:
    listener = EndpointListener("--listen", tls_text(folder), reactor)
    await server.listen(listener.endpoint)
    return listener


SPOILING = {
    "garbage": ("garbage", "localhost.pem: neither a key nor a certificate"),
    "no certificate": ("-----BEGIN CERTIFICATE-----\nx\n-----END CERTIFICATE-----\n", "localhost.pem: "),
    "empty folder": (None, ": no .pem file with a key and its certificate"),
}


@pytest_twisted.ensureDeferred
@pytest.mark.parametrize(("text", "why"), SPOILING.values(), ids=SPOILING)
async def test_a_folder_that_is_bad_when_it_is_read_again_changes_nothing(
    server: Server, folder: Folder, text: str | None, why: str
) -> None:
    good = folder.renew()
    listener = await listen_tls(server, folder)
    folder.pem.unlink()
    if text is not None:
        folder.pem.write_text(text)
    with capturedLogs() as events:
        listener.reload()
    assert await certificate_at("::1", server.port) == good
    [line] = lines(events)
    assert line.startswith("echod keeps its old certificates: --listen: ")
    assert why in line
    assert [event for event in events if "log_failure" in event] == []


@pytest_twisted.ensureDeferred
async def test_one_bad_file_beside_good_ones_changes_nothing(server: Server, folder: Folder) -> None:
    good = folder.renew()
    listener = await listen_tls(server, folder)
    folder.renew()
    (folder.path / "other.pem").write_text("")
    listener.reload()
    assert await certificate_at("::1", server.port) == good
    (folder.path / "other.pem").unlink()
    renewed = folder.renew()
    listener.reload()
    assert await certificate_at("::1", server.port) == renewed


@pytest.mark.parametrize("before", ["tls:", "haproxy:tls:", "tls:path="])
@pytest.mark.parametrize(
    ("prepare", "why"),
    [
        (Folder.spoil, "neither a key nor a certificate"),
        (lambda folder: folder.pem.unlink(), "no .pem file with a key and its certificate"),
        (lambda folder: folder.pem.rename(folder.path / "cert.txt"), "no .pem file with a key"),
        (lambda folder: (folder.path / "gone.pem").symlink_to("nowhere"), "No such file or directory"),
    ],
    ids=["garbage", "empty", "other names", "dangling link"],
)
def test_a_folder_without_good_certificates_cannot_be_listened_with(
    folder: Folder, before: str, prepare: Any, why: str
) -> None:
    prepare(folder)
    with pytest.raises(BadSetting, match=why):
        EndpointListener("--listen", f"{before}{folder.path}:port=0", reactor)


def test_a_folder_that_is_not_there_cannot_be_listened_with(tmp_path: Path) -> None:
    with pytest.raises(BadSetting, match=f"{tmp_path}/none: no such folder"):
        EndpointListener("--listen", f"tls:{tmp_path}/none:port=0", reactor)


def test_a_tls_endpoint_without_a_folder_is_no_endpoint() -> None:
    with pytest.raises(BadSetting, match="path"):
        EndpointListener("--listen", "tls", reactor)


def test_certificates_behind_a_proxy_are_read_again_too(folder: Folder) -> None:
    text = f"haproxy:{ssl_text(folder)}"
    listener = EndpointListener("--listen", text, reactor)
    with capturedLogs() as events:
        listener.reload()
    assert lines(events) == [f"echod has reloaded its certificates: {text}"]


@pytest.mark.parametrize("text", ["tcp:0", "unix:/no/such/socket", "haproxy:tcp:0"])
def test_where_there_is_no_certificate_nothing_is_read(text: str) -> None:
    with capturedLogs() as events:
        EndpointListener("--listen", text, reactor).reload()
    assert lines(events) == []


def test_a_port_on_every_interface_has_no_certificate() -> None:
    with capturedLogs() as events:
        PortListener(Settings(port=0), reactor).reload()
    assert lines(events) == []


@pytest_twisted.ensureDeferred
async def test_the_service_reads_all_certificates_again(folder: Folder) -> None:
    settings = Settings(listen=(ssl_text(folder), f"tcp:0:interface={LOOPBACK}"))
    service: EchodService = make_service(settings, reactor)
    service.startService()
    secure, plain = service.server.port_numbers()
    renewed = folder.renew()
    service.reload()
    assert await certificate_at(LOOPBACK, secure) == renewed
    assert await say(plain, "hello") == "hello"
    await service.stopService()
