"""The ways into one daemon: plain TCP, TLS, a local socket, and plain TCP behind a PROXY header."""

from __future__ import annotations

import re
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import trustme

from tests.faults.attacker import Address, Attacker, connect, trusting
from tests.faults.scene import Scene, set_up

KINDS = ("tcp", "tls", "unix")


@dataclass(frozen=True, slots=True)
class Door:
    """Where to connect, and whether over TLS."""

    address: Address
    tls: ssl.SSLContext | None = None

    def connect(self, *, receive_buffer: int = 0, send_buffer: int = 0) -> Attacker:
        return connect(self.address, tls=self.tls, receive_buffer=receive_buffer, send_buffer=send_buffer)


def issue(folder: Path, authority: trustme.CA) -> tuple[Path, Path]:
    """Write a new key and certificate for localhost; their files."""
    certificate = authority.issue_cert("localhost", "127.0.0.1")
    key_file, chain_file = folder / "key.pem", folder / "chain.pem"
    certificate.private_key_pem.write_to_path(key_file)
    chain_file.write_bytes(b"".join(blob.bytes() for blob in certificate.cert_chain_pems))
    return key_file, chain_file


def tls_endpoint(folder: Path) -> str:
    """The endpoint string for what `issue` has written there."""
    return f"ssl:0:interface=127.0.0.1:privateKey={folder}/key.pem:certKey={folder}/chain.pem"


@contextmanager
def set_up_doors(folder: Path, *options: str, clients: int = 50) -> Iterator[tuple[Scene, dict[str, Door]]]:
    """A scene whose daemon listens at every door."""
    issue(folder, trustme.CA())
    texts = ("tcp:0:interface=127.0.0.1", tls_endpoint(folder), f"unix:{folder}/echod:mode=600", "haproxy:tcp:0")
    listen = [word for text in texts for word in ("--listen", text)]
    with set_up(*listen, *options, clients=clients) as scene:
        yield scene, find_doors(scene.daemon.text, folder)


def find_doors(log: str, folder: Path) -> dict[str, Door]:
    """The doors that the ready line names."""
    tls_port, proxy_port = port_of(log, "ssl:"), port_of(log, "haproxy:")
    return {
        "tcp": Door(("127.0.0.1", port_of(log, "tcp:"))),
        "tls": Door(("127.0.0.1", tls_port), trusting()),
        "unix": Door(f"{folder}/echod"),
        "proxy": Door(("127.0.0.1", proxy_port)),
    }


def port_of(log: str, kind: str) -> int:
    """The port of the endpoint whose text begins so, as the ready line has it."""
    found = re.search(rf":(\d+) \({kind}", log)
    assert found, log
    return int(found[1])
