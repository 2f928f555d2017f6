"""HAProxy before one server: it listens on a socket that the test has opened."""

from __future__ import annotations

import socket
from pathlib import Path

from tests.child import Child
from tests.peers.programs import find

CONFIGURATION = """
global
    log stdout format raw local0

defaults
    mode tcp
    log global
    option log-health-checks
    timeout connect 5s
    timeout client 20s
    timeout server 20s

listen all
    bind fd@{descriptor}
    server one {server}
"""


class HAProxy(Child):
    """Relays connections to `port` to the server of a line in its configuration, such as `127.0.0.1:1 send-proxy`."""

    def __init__(self, folder: Path, server: str) -> None:
        with socket.create_server(("127.0.0.1", 0)) as opened:
            opened.set_inheritable(True)
            self.port: int = opened.getsockname()[1]
            file = folder / f"haproxy-{self.port}.cfg"
            file.write_text(CONFIGURATION.format(descriptor=opened.fileno(), server=server))
            super().__init__([find("haproxy"), "-db", "-f", file], pass_fds=(opened.fileno(),))
