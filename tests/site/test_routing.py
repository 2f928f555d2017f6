"""Who takes a request: the endpoint of its path, the pages, or nobody and why."""

from __future__ import annotations

import re

import pytest
from twisted.internet.protocol import Factory

from echod.rules.http.head import HeadReader, Refusal
from echod.site.routing import Routing
from echod.site.table import Endpoint, Endpoints
from tests.site.visitor import HANDSHAKE

SIMPLE, MULTI, ROOT, GUARDED, PAGES = (Factory() for _ in range(5))


class Router:
    """A server with three open endpoints, one for a single origin, and pages or none."""

    def __init__(self, pages: Factory | None) -> None:
        endpoints = Endpoints()
        endpoints.publish("/simple-echo", Endpoint(SIMPLE))
        endpoints.publish("/multi-echo", Endpoint(MULTI))
        endpoints.publish("/", Endpoint(ROOT))
        endpoints.publish("/guarded", Endpoint(GUARDED, ["https://example.com"]))
        self._routing = Routing(endpoints, pages)

    def to(self, raw: bytes) -> object:
        """Who is to have the connection on which this head has come."""
        head = HeadReader(16384, 100).feed(raw)
        assert head is not None
        return head if isinstance(head, Refusal) else self._routing(head)

    def status(self, raw: bytes) -> int:
        """The status that this head is refused with."""
        refusal = self.to(raw)
        assert isinstance(refusal, Refusal)
        return refusal.status


@pytest.fixture
def router() -> Router:
    return Router(PAGES)


@pytest.fixture
def bare_router() -> Router:
    return Router(None)


def get(target: str, *headers: str, method: str = "GET", version: str = "1.1") -> bytes:
    """A plain request."""
    return "\r\n".join([f"{method} {target} HTTP/{version}", "Host: h", *headers, "", ""]).encode()


def upgrade(target: str, *headers: str) -> bytes:
    """An opening handshake, with more headers."""
    return f"GET {target} HTTP/1.1\r\n".encode() + HANDSHAKE + "".join(f"{h}\r\n" for h in headers).encode() + b"\r\n"


@pytest.mark.parametrize(("path", "taker"), [("/simple-echo", SIMPLE), ("/multi-echo", MULTI), ("/", ROOT)])
def test_an_upgrade_goes_to_the_endpoint_of_its_path(router: Router, path: str, taker: Factory) -> None:
    assert router.to(upgrade(path)) is taker


@pytest.mark.parametrize("target", ["/simple-echo?", "/simple-echo?a=b", "/simple-echo?a/b?c"])
def test_a_query_is_allowed(router: Router, target: str) -> None:
    assert router.to(upgrade(target)) is SIMPLE


@pytest.mark.parametrize("target", ["http://h/simple-echo", "ws://h:9001/simple-echo?a", "HTTPS://H/simple-echo"])
def test_an_absolute_target_means_its_path(router: Router, target: str) -> None:
    assert router.to(upgrade(target)) is SIMPLE


@pytest.mark.parametrize("target", ["/simple%2Decho", "/%73imple-echo?a", "http://h/simple%2decho"])
def test_an_unreserved_character_equals_its_encoded_form(router: Router, target: str) -> None:
    """RFC 3986, 6.2.2.2."""
    assert router.to(upgrade(target)) is SIMPLE


@pytest.mark.parametrize(
    "target",
    [
        "/simple-echo/x",
        "/simple-echo/",
        "//simple-echo",
        "/simple-ech",
        "/simple-echoo",
        "/Simple-Echo",
        "/simple-echo%2F",
        "/%2Fsimple-echo",
        "/%2573imple-echo",
        "/x/../simple-echo",
        "/./simple-echo",
        "/simple-echo;x",
        "/simple-echo%3Fa",
        "/nowhere",
        "/index.html",
    ],
)
def test_paths_match_exactly(router: Router, target: str) -> None:
    assert router.status(upgrade(target)) == 404


def test_a_bad_handshake_on_an_unknown_path_is_not_found(router: Router) -> None:
    assert router.status(get("/nowhere", "Upgrade: websocket")) == 404


@pytest.mark.parametrize("path", ["/simple-echo", "/"])
def test_a_bad_handshake_does_not_reach_the_endpoint(router: Router, path: str) -> None:
    assert router.status(get(path, "Upgrade: websocket", "Connection: Upgrade", "Sec-WebSocket-Version: 13")) == 400


def test_a_handshake_of_another_version_is_told_the_right_one(router: Router) -> None:
    refusal = router.to(upgrade("/simple-echo").replace(b"Version: 13", b"Version: 8"))
    assert isinstance(refusal, Refusal)
    assert (refusal.status, refusal.headers) == (426, (("Upgrade", "websocket"), ("Sec-WebSocket-Version", "13")))


def test_an_upgrade_with_a_body_is_refused(router: Router) -> None:
    assert router.status(upgrade("/simple-echo", "Content-Length: 5")) == 400


def test_a_refused_origin_is_forbidden(router: Router) -> None:
    assert router.status(upgrade("/guarded", "Origin: https://evilexample.com")) == 403


def test_the_allowed_origin_may_connect(router: Router) -> None:
    assert router.to(upgrade("/guarded", "Origin: https://example.com")) is GUARDED


def test_who_sends_no_origin_is_no_browser_and_may_connect(router: Router) -> None:
    assert router.to(upgrade("/guarded")) is GUARDED


@pytest.mark.parametrize("origin", ["null", "file://", "https://example.com https://evil.test"])
def test_what_is_no_allowed_origin_is_forbidden(router: Router, origin: str) -> None:
    assert router.status(upgrade("/guarded", f"Origin: {origin}")) == 403


@pytest.mark.parametrize("path", ["/guarded", "/simple-echo"])
@pytest.mark.parametrize("origin", ["", "garbage", "http://[::1"])
def test_what_is_no_url_is_an_origin_too(router: Router, path: str, origin: str) -> None:
    taken = router.to(upgrade(path, f"Origin: {origin}"))
    assert taken is SIMPLE if path == "/simple-echo" else isinstance(taken, Refusal) and taken.status == 403


def test_two_origins_are_refused_though_both_be_allowed(router: Router) -> None:
    origin = "Origin: https://example.com"
    assert router.status(upgrade("/guarded", origin, origin)) == 400


@pytest.mark.parametrize("origin", ["null", "file://", "https://anything.test"])
def test_an_endpoint_without_origins_takes_all(router: Router, origin: str) -> None:
    assert router.to(upgrade("/simple-echo", f"Origin: {origin}")) is SIMPLE


@pytest.mark.parametrize("method", ["GET", "HEAD"])
@pytest.mark.parametrize("path", ["/simple-echo", "/simple-echo?a", "http://h/simple-echo", "/multi-echo"])
def test_a_plain_get_on_a_websocket_path_requires_an_upgrade(router: Router, path: str, method: str) -> None:
    refusal = router.to(get(path, method=method))
    assert isinstance(refusal, Refusal)
    assert (refusal.status, refusal.headers[0]) == (426, ("Upgrade", "websocket"))


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "OPTIONS", "CONNECT", "TRACE", "get", "BREW"])
def test_other_methods_on_a_websocket_path_are_not_allowed(router: Router, method: str) -> None:
    refusal = router.to(get("/simple-echo", method=method))
    assert isinstance(refusal, Refusal)
    assert (refusal.status, refusal.headers) == (405, (("Allow", "GET"),))


def test_a_handshake_with_another_method_is_not_allowed(router: Router) -> None:
    refusal = router.to(upgrade("/simple-echo").replace(b"GET", b"POST"))
    assert isinstance(refusal, Refusal)
    assert (refusal.status, refusal.headers) == (405, (("Allow", "GET"),))


def test_an_upgrade_to_something_else_is_a_plain_request(router: Router) -> None:
    assert router.to(get("/", "Upgrade: h2c", "Connection: Upgrade, HTTP2-Settings")) is PAGES


@pytest.mark.parametrize("target", ["/", "/?a", "http://h", "/index.html", "/nowhere", "/simple-echo/"])
def test_a_plain_request_elsewhere_goes_to_the_pages(router: Router, target: str) -> None:
    assert router.to(get(target)) is PAGES


def test_without_pages_the_root_is_an_endpoint_alone(bare_router: Router) -> None:
    assert bare_router.status(get("/")) == 426


def test_without_pages_other_paths_are_not_found(bare_router: Router) -> None:
    assert bare_router.status(get("/index.html")) == 404


def test_without_pages_an_upgrade_on_the_root_is_taken(bare_router: Router) -> None:
    assert bare_router.to(upgrade("/")) is ROOT


@pytest.mark.parametrize(
    "announcement", ["Content-Length: 1", "Content-Length: 99999999999", "Transfer-Encoding: chunked"]
)
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_page_takes_no_body(router: Router, method: str, announcement: str) -> None:
    assert router.status(get("/", announcement, method=method)) == 413


def test_an_empty_body_is_none(router: Router) -> None:
    assert router.to(get("/", "Content-Length: 0")) is PAGES


@pytest.mark.parametrize("length", ["abc", "-1", "+1", "0x1", "1 1", "1;2", ""])
def test_a_length_that_is_no_number_is_a_bad_request(router: Router, length: str) -> None:
    """RFC 9112, 6.3: the framing is invalid, which must be answered with 400."""
    assert router.status(get("/", f"Content-Length: {length}")) == 400


@pytest.mark.parametrize("target", ["/", "/index.html", "/simple-echo", "/nowhere"])
def test_a_request_without_host_is_a_bad_request(router: Router, target: str) -> None:
    """RFC 9112, 3.2: whatever is asked for."""
    assert router.status(f"GET {target} HTTP/1.1\r\n\r\n".encode()) == 400


@pytest.mark.parametrize("target", ["/", "/simple-echo"])
def test_a_request_with_two_hosts_is_a_bad_request(router: Router, target: str) -> None:
    """RFC 9112, 3.2."""
    assert router.status(get(target, "Host: other")) == 400


@pytest.mark.parametrize("host", ["a b", "a/b", "user@h", "h:x", "h:80:80", "http://h", "[::1", "h\\x", "h?", "h#"])
@pytest.mark.parametrize(
    "raw", [get("/"), get("/simple-echo"), upgrade("/simple-echo")], ids=["page", "plain", "upgrade"]
)
def test_a_host_that_cannot_be_is_a_bad_request(router: Router, raw: bytes, host: str) -> None:
    """RFC 9112, 3.2."""
    assert router.status(re.sub(rb"Host: \S+", lambda _: b"Host: " + host.encode(), raw)) == 400


@pytest.mark.parametrize("host", ["h", "h:9001", "127.0.0.1:9001", "[::1]", "[::1]:9001", "a_b.test", ""])
def test_a_host_that_can_be_is_taken(router: Router, host: str) -> None:
    """An empty host is in the grammar (RFC 3986, 3.2)."""
    assert router.to(upgrade("/simple-echo").replace(b"localhost:9001", host.encode())) is SIMPLE


@pytest.mark.parametrize("host", [b"h:", b"[::1]:", b"127.0.0.1:"])
def test_a_port_may_be_empty(router: Router, host: bytes) -> None:
    """RFC 9110, 7.2, and RFC 3986, 3.2.3."""
    assert router.to(get("/").replace(b"Host: h", b"Host: " + host)) is PAGES
    assert router.to(upgrade("/simple-echo").replace(b"localhost:9001", host)) is SIMPLE


def test_a_tunnel_is_not_dug(router: Router) -> None:
    refusal = router.to(b"CONNECT h:443 HTTP/1.1\r\nHost: h:443\r\n\r\n")
    assert isinstance(refusal, Refusal)
    assert (refusal.status, refusal.headers[0]) == (405, ("Allow", "GET, HEAD"))


def test_http_1_0_knows_no_host(router: Router) -> None:
    assert router.to(b"GET / HTTP/1.0\r\n\r\n") is PAGES


@pytest.mark.parametrize("word", [b"\xa0websocket", b"websocket\xa0"])
def test_a_no_break_space_makes_another_word_of_websocket(router: Router, word: bytes) -> None:
    """A proxy in front sees a plain request there, and must be right."""
    assert router.to(upgrade("/").replace(b"websocket", word)) is PAGES


def test_what_is_published_later_is_found() -> None:
    endpoints = Endpoints()
    routing = Routing(endpoints, PAGES)
    endpoints.publish("/later", Endpoint(SIMPLE))
    head = HeadReader(16384, 100).feed(upgrade("/later"))
    assert routing(head) is SIMPLE
