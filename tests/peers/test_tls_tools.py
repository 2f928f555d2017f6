"""TLS with openssl and curl: chains, names, ALPN, and an end that comes together with the last message."""

from __future__ import annotations

import re
import signal
import socket
import ssl
import subprocess
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.daemon.clients import everything_from, open_client, raw_connection, reply, upgrade
from tests.issuing import Issued, issue
from tests.peers.daemons import Listening
from tests.peers.programs import find, require

HELLO = b"\x81\x85\x00\x00\x00\x00hello"
ECHO = b"\x81\x05hello"
TIMEOUT_S = 30


@dataclass(frozen=True)
class Scene:
    """A daemon with `ssl:` and `tls:`, a chain of an authority, an intermediate one and a leaf, and the root's file."""

    daemon: Listening
    root: Path
    chain: tuple[Issued, ...]
    folder: Path


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    require("openssl", "curl")
    folder = tmp_path_factory.mktemp("chain")
    root = issue("root")
    middle = issue("middle", root)
    leaf, other = issue("leaf", middle, "localhost"), issue("other", middle, "other.example", "*.wild.example")
    (folder / "root.crt").write_bytes(root.pem)
    (folder / "key").write_bytes(leaf.key_pem)
    (folder / "fullchain").write_bytes(leaf.pem + middle.pem)
    pems = folder / "pems"
    pems.mkdir()
    (pems / "a.pem").write_bytes(leaf.key_pem + leaf.pem + middle.pem + root.pem)
    (pems / "b.pem").write_bytes(other.key_pem + other.pem)
    texts = (
        f"ssl:0:privateKey={folder}/key:certKey={folder}/fullchain:interface=127.0.0.1",
        f"tls:{pems}:0:interface=127.0.0.1",
    )
    with Listening(*texts, f"tls:{pems}:0") as daemon:
        yield Scene(daemon, folder / "root.crt", (leaf, middle, root, other), folder)


DOORS = pytest.mark.parametrize("door", [0, 1], ids=["ssl", "tls"])
VERSIONS = pytest.mark.parametrize("version", ["-tls1_2", "-tls1_3"])


def s_client(port: int, *options: str, sent: bytes = b"") -> subprocess.CompletedProcess[bytes]:
    """What `openssl s_client` says; it sends close_notify behind its input."""
    command = [find("openssl"), "s_client", "-connect", f"127.0.0.1:{port}", *options]
    return subprocess.run(command, input=sent, capture_output=True, timeout=TIMEOUT_S, check=False)


@DOORS
@VERSIONS
def test_the_chain_is_served_so_that_who_trusts_the_root_alone_verifies_it(
    scene: Scene, door: int, version: str
) -> None:
    options = ["-CAfile", str(scene.root), "-verify_return_error", "-showcerts", "-servername", "localhost"]
    said = s_client(scene.daemon.port(door), version, *options).stdout.decode()
    assert "Verify return code: 0 (ok)" in said
    sent = re.findall(r"-----BEGIN CERTIFICATE-----.*?-----END CERTIFICATE-----\n", said, re.S)
    shown = 2 if door == 0 else 3
    assert [pem.encode() for pem in sent[:shown]] == [one.pem for one in scene.chain[:shown]]


@DOORS
def test_curl_verifies_it_too(scene: Scene, door: int) -> None:
    url = f"https://localhost:{scene.daemon.port(door)}/health/live"
    command = [find("curl"), "-sS", "--cacert", str(scene.root), "--resolve", f"{url[8:-12]}:127.0.0.1", url]
    done = subprocess.run(command, capture_output=True, timeout=TIMEOUT_S, check=False)
    assert (done.returncode, done.stderr) == (0, b"")


@DOORS
@VERSIONS
@pytest.mark.parametrize(
    ("offered", "selected"),
    [("http/1.1", "http/1.1"), ("h2,http/1.1", "http/1.1"), ("http/1.1,h2", "http/1.1"), (None, None)],
)
def test_http_1_1_is_selected_where_it_is_offered(
    scene: Scene, door: int, version: str, offered: str | None, selected: str | None
) -> None:
    options = [] if offered is None else ["-alpn", offered]
    asked = b"GET /health/live HTTP/1.1\r\nHost: a\r\n\r\n"
    done = s_client(scene.daemon.port(door), version, "-ign_eof", *options, sent=asked)
    found = re.search(r"ALPN protocol: (.*)", done.stdout.decode())
    assert (found and found[1]) == selected
    assert b"HTTP/1.1 200 OK" in done.stdout


@DOORS
@VERSIONS
@pytest.mark.parametrize("offered", ["h2", "h2,acme-tls/1", "http/1.0"])
@pytest.mark.parametrize("name", ["localhost", "other.example", "unknown.example"])
def test_without_http_1_1_the_alert_says_so(scene: Scene, door: int, version: str, offered: str, name: str) -> None:
    """RFC 7301, 3.2."""
    start = len(scene.daemon.out)
    done = s_client(scene.daemon.port(door), version, "-alpn", offered, "-servername", name)
    assert b"alert no application protocol" in done.stderr
    assert b"alert number 120" in done.stderr
    assert "Traceback" not in "".join(scene.daemon.out[start:])


@pytest.mark.parametrize(
    ("name", "subject"),
    [
        ("localhost", "leaf"),
        ("LOCALHOST", "leaf"),
        ("other.example", "other"),
        ("a.wild.example", "other"),
        ("a.b.wild.example", "leaf"),
        ("unknown.example", "leaf"),
        ("", "leaf"),
    ],
)
@pytest.mark.parametrize("place", [1, 2], ids=["IPv4", "both"])
def test_the_certificate_is_that_of_the_name_or_the_first_and_nothing_is_logged(
    scene: Scene, name: str, subject: str, place: int
) -> None:
    start = len(scene.daemon.out)
    option = ["-servername", name] if name else ["-noservername"]
    said = s_client(scene.daemon.port(place), *option).stdout.decode()
    assert f"subject=CN = {subject}\n" in said
    assert scene.daemon.out[start:] == []


@DOORS
@pytest.mark.parametrize("version", ["TLSv1.2", "TLSv1.3"])
def test_what_node_sends_together_with_its_end_is_answered(scene: Scene, door: int, version: str) -> None:
    """RFC 8446, 6.1: `end` of a TLS socket in node writes, and sends close_notify behind it."""
    require("node")
    asked = (upgrade("/multi-echo") + HELLO * 3).hex()
    arguments = [str(scene.daemon.port(door)), version, asked]
    done = subprocess.run([find("node"), "-e", NODE, *arguments], capture_output=True, timeout=TIMEOUT_S, check=False)
    assert done.stderr == b""
    assert done.stdout.startswith(b"HTTP/1.1 101 ")
    assert done.stdout.endswith(b"\r\n\r\n" + ECHO * 3)


NODE = """
const [port, version, asked] = process.argv.slice(1);
const options = { port, minVersion: version, maxVersion: version, rejectUnauthorized: false, allowHalfOpen: true };
const socket = require("tls").connect(options, () => socket.end(Buffer.from(asked, "hex")));
socket.on("data", (data) => process.stdout.write(data));
socket.on("error", (error) => process.stderr.write(String(error)));
"""


@DOORS
@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3], ids=["1.2", "1.3"])
def test_what_comes_in_one_segment_with_close_notify_is_answered(
    scene: Scene, door: int, version: ssl.TLSVersion
) -> None:
    context = ssl.create_default_context(cafile=str(scene.root))
    context.minimum_version = context.maximum_version = version
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    session = context.wrap_bio(incoming, outgoing, server_hostname="localhost")
    with raw_connection(scene.daemon.port(door)) as client:
        while True:
            try:
                session.do_handshake()
                break
            except ssl.SSLWantReadError:
                client.sendall(outgoing.read())
                incoming.write(client.recv(65536))
        session.write(upgrade("/multi-echo") + HELLO * 3)
        with suppress(ssl.SSLError):
            session.unwrap()
        client.sendall(outgoing.read())
        client.shutdown(socket.SHUT_WR)
        incoming.write(everything_from(client))
    answer = b""
    with suppress(ssl.SSLZeroReturnError):
        while data := session.read(65536):
            answer += data
    assert answer.endswith(b"\r\n\r\n" + ECHO * 3)


@pytest.fixture
def rotten(tmp_path: Path) -> Path:
    """A folder with a key, its certificate and the self-signed root of it."""
    root = issue("root")
    leaf = issue("leaf", root, "localhost")
    (tmp_path / "a.pem").write_bytes(leaf.key_pem + leaf.pem + root.pem)
    return tmp_path


def cpu_s(daemon: Listening) -> float:
    fields = Path(f"/proc/{daemon.process.pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / 100


def test_a_folder_with_its_root_is_loaded_at_the_start_and_again(rotten: Path) -> None:
    with Listening(f"tls:{rotten}:0:interface=127.0.0.1") as daemon:
        before = cpu_s(daemon)
        for _ in range(3):
            daemon.process.send_signal(signal.SIGHUP)
            daemon.wait_for_line("echod has reloaded its certificates")
        assert cpu_s(daemon) - before < 1
        assert b"subject=CN = leaf" in s_client(daemon.port(0)).stdout
        assert daemon.terminate() == 0


def test_a_faulty_new_set_leaves_the_old_in_force(rotten: Path) -> None:
    with Listening(f"haproxy:tls:{rotten}:0:interface=127.0.0.1", f"tls:{rotten}:0:interface=127.0.0.1") as daemon:
        (rotten / "b.pem").write_bytes(b"-----BEGIN CERTIFICATE-----\n")
        daemon.process.send_signal(signal.SIGHUP)
        for _ in range(2):
            line = daemon.wait_for_line("echod keeps its old certificates")
            assert f"{rotten}/b.pem: a block without its end" in line.string
        assert b"subject=CN = leaf" in s_client(daemon.port(1)).stdout


@pytest.mark.parametrize("before", ["", "haproxy:"])
def test_curl_talks_over_a_local_socket_and_as_a_proxy(tmp_path: Path, before: str) -> None:
    require("curl")
    texts = (f"{before}unix:{tmp_path}/s.sock", f"{before}tcp:0:interface=127.0.0.1")
    with Listening(*texts) as daemon:
        proxy = ["--haproxy-protocol"] if before else []
        for way in (["--unix-socket", f"{tmp_path}/s.sock"], []):
            url = f"http://127.0.0.1:{daemon.port(1)}/health/live"
            command = [find("curl"), "-sS", *proxy, *way, "-w", "%{http_code}", "-o", "/dev/null", url]
            done = subprocess.run(command, capture_output=True, timeout=TIMEOUT_S, check=False)
            assert (done.stdout, done.stderr) == (b"200", b"")
        assert "refused" not in daemon.text


def test_curl_speaks_tls_behind_its_header(rotten: Path) -> None:
    require("curl")
    with Listening(f"haproxy:tls:{rotten}:0:interface=127.0.0.1", f"haproxy:ssl:0:privateKey={rotten}/a.pem") as daemon:
        for place in (0, 1):
            url = f"https://127.0.0.1:{daemon.port(place)}/health/live"
            done = subprocess.run(
                [find("curl"), "-sSk", "--haproxy-protocol", "-w", "%{http_code}", "-o", "/dev/null", url],
                capture_output=True,
                timeout=TIMEOUT_S,
                check=False,
            )
            assert (done.stdout, done.stderr) == (b"200", b"")


def test_ports_of_both_families_answer() -> None:
    with Listening("tcp:0:interface=127.0.0.1", "tcp6:0:interface=\\:\\:1") as daemon:
        for place, host in ((0, "127.0.0.1"), (1, "[::1]")):
            with open_client(f"ws://{host}:{daemon.port(place)}/multi-echo") as client:
                assert reply(client, "hello") == "hello"


def test_many_unknown_names_are_no_lines(scene: Scene) -> None:
    start = len(scene.daemon.out)
    for number in range(5):
        s_client(scene.daemon.port(1), "-servername", f"{number}.unknown.example")
    assert scene.daemon.out[start:] == []
