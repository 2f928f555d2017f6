"""TLS: nothing below 1.2, certificates that change while clients are connected, and clients that break it."""

from __future__ import annotations

import os
import signal
import ssl
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import trustme

from tests.faults.attacker import TEXT, Attacker, connect, frame, request, trusting
from tests.faults.doors import Door, issue, port_of, tls_endpoint
from tests.faults.measure import cpu
from tests.faults.scene import CLOSE_TIMEOUT_S, HEAD_TIMEOUT_S, LATE_S, Scene, note, staged
from tests.issuing import issue as issue_one


def client_of(version: ssl.TLSVersion) -> ssl.SSLContext:
    """A client that speaks this version of TLS only."""
    context = trusting()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        context.minimum_version = context.maximum_version = version
    context.set_ciphers("ALL:@SECLEVEL=0")
    return context


@pytest.mark.usefixtures("door_scene")
@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_modern_versions_are_spoken(doors: dict[str, Door], version: ssl.TLSVersion) -> None:
    with connect(doors["tls"].address, tls=client_of(version)).open() as client:
        client.send(frame(TEXT, b"hello"))
        assert client.read_payload() == b"hello"


@pytest.mark.usefixtures("door_scene")
@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_1])
def test_old_versions_are_refused(doors: dict[str, Door], version: ssl.TLSVersion) -> None:
    with pytest.raises(ssl.SSLError, match=r"(?i)alert.protocol.version"):
        connect(doors["tls"].address, tls=client_of(version))


@pytest.mark.usefixtures("door_scene")
@pytest.mark.parametrize("offered", [("h2", "http/1.1"), ("http/1.1",)])
def test_who_offers_alpn_gets_http_1_1(doors: dict[str, Door], offered: tuple[str, ...]) -> None:
    with connect(doors["tls"].address, tls=trusting(alpn=offered)).open() as client:
        assert isinstance(client.socket, ssl.SSLSocket)
        assert client.socket.selected_alpn_protocol() == "http/1.1"


def test_plain_http_at_a_tls_port_ends_at_once(door_scene: Scene, doors: dict[str, Door]) -> None:
    with connect(doors["tls"].address) as attacker:
        attacker.send(request())
        attacker.wait_for_end()
        assert door_scene.wait_until_freed() <= CLOSE_TIMEOUT_S + LATE_S


def test_a_tls_handshake_that_stops_half_way_is_cut(door_scene: Scene, doors: dict[str, Door]) -> None:
    with connect(doors["tls"].address) as attacker:
        attacker.send(b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03")
        door_scene.wait_until_accepted()
        assert door_scene.wait_until_freed() <= HEAD_TIMEOUT_S + CLOSE_TIMEOUT_S + LATE_S


def test_tls_at_a_plain_port_is_refused_at_once(scene: Scene) -> None:
    with pytest.raises(ssl.SSLError):
        scene.connect(tls=trusting())
    assert scene.wait_until_freed() <= CLOSE_TIMEOUT_S + LATE_S


@dataclass
class Secured:
    """A daemon with a plain port and a TLS port, and the folder of its certificate."""

    scene: Scene
    folder: Path

    def reload(self, line: str) -> None:
        """SIGHUP, and wait for what the daemon says to it."""
        os.kill(self.scene.pid, signal.SIGHUP)
        self.scene.daemon.wait_for_line(line, timeout=10)

    def connect(self, context: ssl.SSLContext) -> Attacker:
        """Over TLS; the sentinel uses the plain port."""
        return connect(("127.0.0.1", port_of(self.scene.daemon.text, "ssl:")), tls=context).open()


def replace_certificate(folder: Path) -> ssl.SSLContext:
    """Put a certificate of a new authority in place; a client that trusts this one only."""
    authority = trustme.CA()
    issue(folder, authority)
    authority.cert_pem.write_to_path(folder / "authority.pem")
    return trusting(folder / "authority.pem")


@pytest.fixture
def secured(tmp_path: Path) -> Iterator[Secured]:
    replace_certificate(tmp_path)
    with staged("--listen", "tcp:0:interface=127.0.0.1", "--listen", tls_endpoint(tmp_path), clients=20) as scene:
        yield Secured(scene, tmp_path)


def test_new_connections_get_the_new_certificate_and_old_ones_live_on(secured: Secured) -> None:
    with secured.connect(trusting()) as old:
        renewed = replace_certificate(secured.folder)
        with pytest.raises(ssl.SSLCertVerificationError):
            secured.connect(renewed)
        secured.reload("reloaded its certificates")
        secured.connect(renewed).socket.close()
        old.send(frame(TEXT, b"still here"))
        assert old.read_payload() == b"still here"


BAD_FILES = {
    "no file": None,
    "empty": b"",
    "no PEM": b"no certificate at all",
    "half a PEM": b"-----BEGIN CERTIFICATE-----\nMIIB",
}


@pytest.mark.parametrize("name", ["chain.pem", "key.pem"])
def test_a_bad_new_certificate_keeps_the_old_one(secured: Secured, name: str) -> None:
    for content in BAD_FILES.values():
        (secured.folder / name).unlink(missing_ok=True)
        if content is not None:
            (secured.folder / name).write_bytes(content)
        secured.reload("keeps its old certificates")
        secured.connect(trusting(secured.folder / "authority.pem")).socket.close()


def test_a_key_that_does_not_fit_keeps_the_old_certificate(secured: Secured) -> None:
    chain = (secured.folder / "chain.pem").read_bytes()
    authority = trusting(secured.folder / "authority.pem")
    replace_certificate(secured.folder)
    (secured.folder / "chain.pem").write_bytes(chain)
    secured.reload("keeps its old certificates")
    secured.connect(authority).socket.close()


def test_sighup_without_tls_changes_nothing() -> None:
    with staged(clients=5) as scene:
        for _ in range(20):
            os.kill(scene.pid, signal.SIGHUP)
        with scene.open() as client:
            client.send(frame(TEXT, b"alive"))
            assert client.read_payload() == b"alive"
        assert scene.daemon.process.poll() is None


def fill(folder: Path, *, with_roots: bool) -> Path:
    """Thirty certificates of one authority each, whose own certificate stands beside it or is one of no use."""
    folder.mkdir()
    for number in range(30):
        root, other = issue_one("root"), issue_one("root")
        leaf = issue_one(f"leaf {number}", root, f"{number}.example")
        (folder / f"{number}.pem").write_bytes(leaf.key_pem + leaf.pem + (root if with_roots else other).pem)
    return folder


def test_a_folder_with_its_roots_costs_no_more_than_any_other_of_its_size(tmp_path: Path) -> None:
    spent = []
    for folder in (fill(tmp_path / "usual", with_roots=False), fill(tmp_path / "train", with_roots=True)):
        listen = ("--listen", "tcp:0:interface=127.0.0.1", "--listen", f"tls:{folder}:0:interface=127.0.0.1")
        with staged(*listen, clients=20) as scene:
            before = cpu(scene.pid)
            for _ in range(5):
                os.kill(scene.pid, signal.SIGHUP)
                scene.daemon.wait_for_line("reloaded its certificates", timeout=10)
            spent.append(cpu(scene.pid) - before)
    usual, train = spent
    note(f"certificates read again five times: {train:.2f} s of CPU with their roots, {usual:.2f} s without")
    assert train < 1.5 * usual + 0.3
