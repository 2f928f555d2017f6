"""Where a page connects to: by default to where it came from, otherwise to what its address says."""

from __future__ import annotations

import socket

import pytest

from tests.browser import peers
from tests.browser.chamber import Chamber
from tests.browser.conftest import file_url
from tests.child import ROOT, Daemon


def test_a_file_page_connects_to_localhost_9001(chamber: Chamber) -> None:
    chamber.load((ROOT / "web" / "client.html").as_uri())
    assert chamber.target == "ws://localhost:9001/simple-echo"


def test_a_page_of_a_server_connects_to_that_server(chamber: Chamber, daemon: Daemon) -> None:
    chamber.load(daemon.url("/client.html", host="localhost"))
    assert chamber.target == f"ws://localhost:{daemon.port}/simple-echo"


def test_a_page_by_https_connects_by_wss(chamber: Chamber, page: str) -> None:
    with peers.echoing_over_tls() as port:
        chamber.load(f"https://localhost:{port}/{page}")
        assert chamber.target.startswith(f"wss://localhost:{port}/")
        chamber.open()
        chamber.expect("CONNECTED ")
        chamber.send("hello")
        chamber.expect("CONNECTED ", "SENT hello", "RECEIVED: hello")


def test_a_page_in_a_folder_connects_to_the_endpoint_in_the_folder(chamber: Chamber, page: str) -> None:
    """Where a reverse proxy has both."""
    with peers.in_a_folder("/lab/echo") as port:
        chamber.load(f"http://127.0.0.1:{port}/lab/echo/{page}")
        path = "/simple-echo" if page == "client.html" else "/multi-echo"
        assert chamber.target == f"ws://127.0.0.1:{port}/lab/echo{path}"
        chamber.open()
        chamber.wait_until(lambda: f"RECEIVED: {path}" in chamber.lines)


def test_a_page_in_a_folder_that_names_a_server_means_its_root(chamber: Chamber) -> None:
    with peers.in_a_folder("/lab") as port:
        chamber.load(f"http://127.0.0.1:{port}/lab/client.html?port=9001")
        assert chamber.target == "ws://127.0.0.1:9001/simple-echo"


@pytest.mark.parametrize(
    ("query", "target"),
    [
        ("?host=example.org", "ws://example.org:9001/simple-echo"),
        ("?port=80", "ws://localhost:80/simple-echo"),
        ("?port=65535", "ws://localhost:65535/simple-echo"),
        ("?host=192.0.2.1&port=1234", "ws://192.0.2.1:1234/simple-echo"),
        ("?host=2001:db8::1", "ws://[2001:db8::1]:9001/simple-echo"),
        ("?host=[2001:db8::1]&port=1234", "ws://[2001:db8::1]:1234/simple-echo"),
        ("?host=&port=", "ws://localhost:9001/simple-echo"),
    ],
)
def test_host_and_port_of_the_address_decide(chamber: Chamber, query: str, target: str) -> None:
    chamber.load((ROOT / "web" / "client.html").as_uri() + query)
    assert chamber.target == target


def test_the_host_alone_keeps_the_port_of_the_server(chamber: Chamber, daemon: Daemon) -> None:
    chamber.load(daemon.url("/client2.html?host=localhost"))
    assert chamber.target == f"ws://localhost:{daemon.port}/multi-echo"


@pytest.mark.parametrize("port", ["0", "65536", "-1", "http", "80x", "8 0", "1e3", "080808"])
def test_a_bad_port_is_named(chamber: Chamber, port: str) -> None:
    complaint = f'The port "{port}" in the address of this page is not a number from 1 to 65535.'
    chamber.load(file_url(port))
    chamber.expect(complaint)
    chamber.open()
    chamber.expect(complaint, f"Cannot open: {complaint}")
    assert chamber.errors == []


@pytest.mark.parametrize("host", ["a/b", "a:80", "user@a", "a?b", "[1]", "1.2.3.999", "a b", "::g", ":::"])
def test_a_bad_host_is_named(chamber: Chamber, host: str) -> None:
    complaint = f'The host "{host}" in the address of this page is neither a name nor an IP address.'
    chamber.load(file_url(9001, host))
    chamber.expect(complaint)
    chamber.open()
    chamber.expect(complaint, f"Cannot open: {complaint}")
    assert chamber.errors == []


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "[::1]", "::1"])
def test_a_file_page_reaches_the_daemon_by_every_name_of_this_host(chamber: Chamber, daemon: Daemon, host: str) -> None:
    require_ipv6(host)
    chamber.connect(file_url(daemon.port, host))


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "[::1]"])
def test_a_daemon_page_connects_by_every_name_of_this_host(chamber: Chamber, daemon: Daemon, host: str) -> None:
    require_ipv6(host)
    chamber.connect(daemon.url("/client.html", host))


def test_the_links_between_the_pages_keep_host_and_port(chamber: Chamber) -> None:
    chamber.load(file_url(1234, "example.org"))
    chamber.browser.find_element("link text", "Echo, state per connection").click()
    chamber.wait_until(lambda: chamber.target == "ws://example.org:1234/multi-echo")


def require_ipv6(host: str) -> None:
    if ":" not in host:
        return
    try:
        socket.create_server(("::1", 0), family=socket.AF_INET6).close()
    except OSError:
        pytest.skip("this machine has no IPv6 loopback address")
