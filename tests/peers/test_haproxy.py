"""HAProxy in front of every kind of endpoint that `haproxy:` goes before, with both versions of its header."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.daemon.clients import everything_from, open_client, raw_connection, reply, upgrade, wait_until
from tests.peers.certificates import make_authority
from tests.peers.daemons import Listening, refused
from tests.peers.haproxy import HAProxy
from tests.peers.programs import require

KINDS = ("tcp", "tcp6", "ssl", "tls", "unix")
HEADERS = ("send-proxy", "send-proxy-v2", "send-proxy-v2-ssl", "send-proxy-v2 proxy-v2-options crc32c,authority")
CHECKED = "check inter 1s fall 3"
"""Each check has a second; the first comes at once."""


@dataclass(frozen=True)
class Scene:
    """A daemon with an endpoint of each kind behind `haproxy:`, and how HAProxy names each as its server."""

    daemon: Listening
    servers: dict[str, str]
    folder: Path


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    require("haproxy")
    folder = tmp_path_factory.mktemp("proxied")
    pem = make_authority(folder / "pems").issue("a.pem", "localhost")
    texts = (
        "haproxy:tcp:0:interface=127.0.0.1",
        "haproxy:tcp6:0:interface=\\:\\:1",
        f"haproxy:ssl:0:privateKey={pem}:interface=127.0.0.1",
        f"haproxy:tls:{folder}/pems:0:interface=127.0.0.1",
        f"haproxy:unix:{folder}/echod.sock",
    )
    with Listening(*texts) as daemon:
        yield Scene(
            daemon,
            {
                "tcp": f"127.0.0.1:{daemon.port(0)}",
                "tcp6": f"[::1]:{daemon.port(1)}",
                "ssl": f"127.0.0.1:{daemon.port(2)} ssl verify none",
                "tls": f"127.0.0.1:{daemon.port(3)} ssl verify none sni str(localhost)",
                "unix": f"unix@{folder}/echod.sock",
            },
            folder,
        )


def seen_through(proxy: HAProxy) -> tuple[dict[str, object], tuple[str, int]]:
    """What `/info` says, and the client's own address."""
    with open_client(f"ws://127.0.0.1:{proxy.port}/info") as client:
        return json.loads(client.recv(20)), client.local_address


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("header", HEADERS)
def test_a_client_is_served_through_haproxy(scene: Scene, kind: str, header: str) -> None:
    start = len(scene.daemon.out)
    with HAProxy(scene.folder, f"{scene.servers[kind]} {header}") as proxy:
        info, (host, port) = seen_through(proxy)
        assert info["peer"] == {"host": host, "port": port}
        assert info["local"] == {"host": "127.0.0.1", "port": proxy.port}
        assert info["proxy"] is not None
        assert (info["tls"] is not None) == (kind in ("ssl", "tls"))
        with open_client(f"ws://127.0.0.1:{proxy.port}/multi-echo") as client:
            assert reply(client, "hello") == "hello"
            assert reply(client, b"x" * 300_000) == b"x" * 300_000
    said = "".join(scene.daemon.out[start:])
    assert "refused" not in said
    assert "Traceback" not in said


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("version", ["send-proxy", "send-proxy-v2"])
def test_health_checks_are_no_faults_and_find_the_server_up(scene: Scene, kind: str, version: str) -> None:
    """Those of version 2 are LOCAL, those of version 1 are UNKNOWN."""
    start = len(scene.daemon.out)
    with HAProxy(scene.folder, f"{scene.servers[kind]} {version} {CHECKED}") as proxy:
        proxy.wait_for_line("check for server all/one succeeded")
        info, (host, port) = seen_through(proxy)
        assert info["peer"] == {"host": host, "port": port}
    assert not re.search("refused|Traceback|408", "".join(scene.daemon.out[start:]))


@pytest.mark.parametrize("kind", KINDS)
def test_without_its_header_haproxy_is_refused_in_a_line(scene: Scene, kind: str) -> None:
    start = len(scene.daemon.out)
    with HAProxy(scene.folder, scene.servers[kind]) as proxy, raw_connection(proxy.port) as client:
        client.sendall(upgrade("/echo"))
        assert everything_from(client) == b""
    assert wait_until(lambda: "refused: no PROXY header" in "".join(scene.daemon.out[start:]))


def test_what_is_refused_is_counted(tmp_path: Path) -> None:
    require("haproxy")
    with Listening("haproxy:tcp:0:interface=127.0.0.1") as daemon:
        with HAProxy(tmp_path, f"127.0.0.1:{daemon.port(0)}") as proxy:
            for _ in range(3):
                with raw_connection(proxy.port) as client:
                    client.sendall(upgrade("/echo"))
                    assert everything_from(client) == b""
        daemon.terminate()
        assert "PROXY header ×3" in daemon.text


@pytest.mark.parametrize("text", ["haproxy:stdio:", "haproxy:", "haproxy:fd:3", "haproxy:haproxy:tcp:0"])
def test_before_another_kind_it_is_refused_at_the_start(text: str) -> None:
    assert "haproxy: goes before tcp, tcp6, ssl, tls, unix, systemd; not before" in refused(text)
