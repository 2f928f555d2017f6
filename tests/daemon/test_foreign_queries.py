"""Clients that are not ours, with queries of their own: python-websockets and curl on a running daemon."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from collections.abc import Iterator

import pytest
from websockets.exceptions import InvalidStatus

from tests.child import Daemon
from tests.daemon.clients import PATIENCE_S, head_from, open_client, raw_connection, reply, upgrade, wait_until

SOCKET_IO = "/?EIO=4&transport=websocket&sid=lv_VI97HAXpY6yYWAAAC&t=PbtJYv0"
KEYS = ("Sec-WebSocket-Version: 13", "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==")
UPGRADE = ("Connection: Upgrade", "Upgrade: websocket", *KEYS)


@pytest.fixture(scope="module")
def tracing() -> Iterator[Daemon]:
    with Daemon("--debug") as running:
        yield running


@pytest.mark.parametrize(
    "path",
    [
        SOCKET_IO,
        "/echo?token=abc.def-ghi&vsn=2.0.0",
        "/simple-echo?access_token=x&_=1700000000000",
        "/multi-echo?a=b&c=%20d",
        "/multi-echo?id=1&negotiateVersion=1&%zz",
    ],
)
def test_python_websockets_connects_with_its_own_query(tracing: Daemon, path: str) -> None:
    with open_client(tracing.uri(path)) as client:
        assert reply(client, "hello") == "hello"


def test_info_names_what_it_ignores(tracing: Daemon) -> None:
    with open_client(tracing.uri("/info?token=abc&room=1")) as client:
        assert json.loads(client.recv(PATIENCE_S))["ignored"] == ["token", "room"]


def test_a_misspelt_behaviour_is_refused_with_the_one_that_was_meant(tracing: Daemon) -> None:
    with pytest.raises(InvalidStatus) as refused:
        open_client(tracing.uri("/echo?token=abc&Delay=200ms"))
    assert refused.value.response.status_code == 400
    assert b"'Delay', did you mean delay?" in refused.value.response.body


def test_the_log_has_names_and_no_values(tracing: Daemon) -> None:
    with raw_connection(tracing.port) as client:
        client.sendall(upgrade("/echo?token=do-not-log-this&%1b[31m=do-not-log-this"))
        assert head_from(client).startswith(b"HTTP/1.1 101 ")
    line = r"127\.0\.0\.1:\d+ ignores in the query: 'token', '\\x1b\[31m'"
    assert wait_until(lambda: re.search(line, tracing.text) is not None)
    assert "do-not-log-this" not in tracing.text


@pytest.mark.parametrize(
    ("path", "headers", "status"),
    [
        (SOCKET_IO, UPGRADE, 101),
        ("/echo?a[]=1&b==&%zz&;", UPGRADE, 101),
        ("/echo?dealy=1s", UPGRADE, 400),
        ("/?token=x", (), 200),
        ("/index.html?x=1&delay=nonsense", (), 200),
        ("/health/live?delay=nonsense", (), 200),
        ("/health/ready?token=x", (), 200),
        ("/behaviours?token=x", (), 200),
        ("/behaviours?delay=nonsense", (), 400),
    ],
)
def test_curl_is_answered_with_its_own_query(tracing: Daemon, path: str, headers: tuple[str, ...], status: int) -> None:
    if shutil.which("curl") is None:
        give_up = pytest.fail if os.environ.get("CI") == "true" else pytest.skip
        give_up("missing Debian package: curl")
    told = [word for header in headers for word in ("-H", header)]
    words = ["curl", "-sg", "--noproxy", "*", "--max-time", "2", "-o", os.devnull, "-w", "%{http_code}", *told]
    done = subprocess.run([*words, tracing.url(path)], capture_output=True, text=True, timeout=PATIENCE_S)
    assert done.stdout == str(status)
