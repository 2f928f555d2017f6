"""nginx in front of the daemon: plain, with TLS, and with headers that it adds."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import trustme

from tests.child import Child, Daemon
from tests.peers.programs import converse_with_node, find, free_port, run, wait_for_port

CONFIGURATION = """
daemon off;
master_process off;
pid {place}/pid;
error_log stderr warn;
events {{ worker_connections 64; }}
http {{
  access_log off;
  client_body_temp_path {place};
  proxy_temp_path {place};
  fastcgi_temp_path {place};
  uwsgi_temp_path {place};
  scgi_temp_path {place};
  server {{
    listen 127.0.0.1:{plain};
    listen 127.0.0.1:{secure} ssl;
    ssl_certificate {place}/chain.pem;
    ssl_certificate_key {place}/chain.pem;
    location / {{
      proxy_pass http://127.0.0.1:{daemon};
      proxy_http_version 1.1;
      proxy_set_header Upgrade $http_upgrade;
      proxy_set_header Connection "upgrade";
      proxy_set_header Host $host;
      proxy_set_header X-City "Ålesund";
      proxy_set_header X-Forwarded-For $remote_addr;
    }}
  }}
}}
"""


class Nginx:
    """A running nginx: the ports where it listens, and the CA that signed its certificate."""

    def __init__(self, daemon: Daemon, place: Path) -> None:
        self.plain, self.secure, self.ca = free_port(), free_port(), place / "ca.pem"
        authority = trustme.CA()
        authority.cert_pem.write_to_path(str(self.ca))
        authority.issue_cert("localhost").private_key_and_cert_chain_pem.write_to_path(str(place / "chain.pem"))
        text = CONFIGURATION.format(place=place, plain=self.plain, secure=self.secure, daemon=daemon.port)
        (place / "nginx.conf").write_text(text)


@pytest.fixture(scope="module")
def nginx(daemon: Daemon, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Nginx]:
    place = tmp_path_factory.mktemp("nginx")
    made = Nginx(daemon, place)
    with Child([find("nginx"), "-e", "stderr", "-p", place, "-c", place / "nginx.conf"]):
        wait_for_port(made.plain)
        yield made


def test_a_websocket_goes_through_it(nginx: Nginx) -> None:
    send = [["text", "hello"], ["text", "x" * 70_000], ["hex", "00ff"]]
    told = converse_with_node(f"ws://127.0.0.1:{nginx.plain}/multi-echo", send)
    assert told[1:] == [*send, ["close", 1000, "bye"]]


def test_a_websocket_goes_through_its_tls(nginx: Nginx) -> None:
    told = converse_with_node(f"wss://localhost:{nginx.secure}/echo", [["text", "hello"]], ca=str(nginx.ca))
    assert told[1:] == [["text", "hello"], ["close", 1000, "bye"]]


def test_pages_go_through_it(nginx: Nginx, daemon: Daemon) -> None:
    through, straight = (
        run(find("curl"), "-sS", url).stdout for url in (f"http://127.0.0.1:{nginx.plain}/", daemon.url())
    )
    assert through == straight
    assert "<html" in through


def test_a_refusal_goes_through_it_with_its_sentence(nginx: Nginx) -> None:
    told = converse_with_node(f"ws://127.0.0.1:{nginx.plain}/echo?status=403")
    assert told[0] == ["error", "Unexpected server response: 403"]
