"""permessage-deflate with a client that is not ours: python-websockets, whatever it asks for."""

from __future__ import annotations

import pytest
from websockets.extensions.permessage_deflate import ClientPerMessageDeflateFactory
from websockets.sync.client import connect

from tests.child import Daemon

TEXTS = ["Hello", "Hello", "", "\N{SNOWMAN}" * 20_000, "".join(map(str, range(5000))), "Hello"]
ASKED = [
    {},
    {"server_no_context_takeover": True, "client_no_context_takeover": True},
    {"server_max_window_bits": 9, "client_max_window_bits": 9},
    {"server_max_window_bits": 12, "client_max_window_bits": True, "client_no_context_takeover": True},
]


@pytest.mark.parametrize("asked", ASKED, ids=lambda asked: ", ".join(asked) or "nothing")
@pytest.mark.parametrize("path", ["/multi-echo", "/echo?deflate=bits:9", "/echo?deflate=no-context-takeover"])
def test_every_message_comes_back_as_it_was(daemon: Daemon, path: str, asked: dict[str, bool | int]) -> None:
    extensions = [ClientPerMessageDeflateFactory(**asked)]
    with connect(daemon.uri(path), compression=None, extensions=extensions) as client:
        assert [extension.name for extension in client.protocol.extensions] == ["permessage-deflate"]
        for text in TEXTS:
            client.send(text)
            assert client.recv(timeout=10) == text
