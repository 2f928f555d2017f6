"""The daemon against the same cases over TLS: as strict as plain.

kosoku speaks no TLS, so it speaks through a tunnel.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import trustme

from tests.child import Child, Daemon
from tests.conformance import suite

SHORT_GROUPS = {group: cases for group, cases in suite.PLAIN_GROUPS.items() if group != 9}
"""Without the large messages: some seconds."""


@pytest.fixture(scope="module")
def tunnel(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Where a daemon with a TLS port can be spoken to without TLS."""
    folder = tmp_path_factory.mktemp("tls")
    authority = trustme.CA()
    certificate = authority.issue_cert("localhost", "127.0.0.1")
    certificate.private_key_and_cert_chain_pem.write_to_path(folder / "server.pem")
    authority.cert_pem.write_to_path(folder / "authority.pem")
    endpoint = f"ssl:0:interface=127.0.0.1:privateKey={folder}/server.pem:certKey={folder}/server.pem"
    # A busy machine may take its time for two TLS handshakes at once.
    with Daemon("--listen", endpoint, "--handshake-timeout=60s") as daemon:
        argv = [sys.executable, "-m", "tests.conformance.tunnel", str(daemon.port), folder / "authority.pem"]
        with Child(argv) as running:
            yield "ws://" + running.wait_for_line(r"tunnel ready: (\S+)")[1]


def check(tunnel: str, path: str, outdir: Path, announce: suite.Announce, groups: dict[int, int], limit_s: int) -> None:
    run = suite.fuzz_server(tunnel + path, outdir, groups, limit_s, over="TLS")
    announce(run)
    assert run.groups == groups
    assert not run.faults, suite.describe(run.faults)


def test_the_daemon_passes_the_short_cases_over_tls(tunnel: str, tmp_path: Path, announce: suite.Announce) -> None:
    assert sum(SHORT_GROUPS.values()) == 247
    check(tunnel, "/multi-echo", tmp_path, announce, SHORT_GROUPS, suite.PLAIN_LIMIT_S)


@pytest.mark.full
def test_the_daemon_passes_every_case_over_tls(tunnel: str, tmp_path: Path, announce: suite.Announce) -> None:
    check(tunnel, "/simple-echo", tmp_path, announce, suite.ALL_GROUPS, suite.FULL_LIMIT_S)
