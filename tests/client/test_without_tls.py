"""Without the extra `echod[tls]` everything works but TLS, and who asks for that is told in a line what to install."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.client.scripts import lines_of

WITHOUT = """
import sys
for name in ("OpenSSL", "service_identity"):
    # As where it is not installed.
    sys.modules[name] = None
"""
MISSING = "TLS is not installed: pip install 'echod[tls]'"


@pytest.mark.parametrize("options", ["", ", tls='/etc/hostname'", ", tls=object()"])
def test_the_client_says_what_to_install(options: str) -> None:
    assert lines_of(
        f"""{WITHOUT}
from echod import ConnectFailed
from echod.blocking import open_websocket
try:
    open_websocket("wss://localhost:1/"{options})
except ConnectFailed as error:
    print(error)
"""
    ) == [f"wss://localhost:1/: {MISSING}"]


def test_the_client_opens_what_is_without_tls() -> None:
    assert lines_of(
        f"""{WITHOUT}
from echod.blocking import *
server = start(0)
publish_websocket("/x")
contract = open_websocket(f"ws://localhost:{{server.port}}/x")
print(close_websocket(contract, wait=True))
"""
    ) == ["1000"]


@pytest.mark.parametrize("text", ["ssl:0:privateKey=KEY", "haproxy:ssl:0:privateKey=KEY", "tls:FOLDER:port=0"])
def test_the_daemon_says_what_to_install(text: str, tmp_path: Path) -> None:
    text = text.replace("FOLDER", str(tmp_path))
    [line] = lines_of(
        f"""{WITHOUT}
from twisted.internet import reactor
from echod.daemon.listener import EndpointListener
from echod.errors import BadSetting
try:
    EndpointListener("--listen", {text!r}, reactor)
except BadSetting as error:
    print(error)
"""
    )
    assert line.startswith(f"--listen: {text!r} is not ")
    assert line.endswith(f"({MISSING})")
