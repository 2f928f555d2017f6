"""The pages: nothing but their files comes out, nothing goes in, and nobody holds them for ever."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.faults.attacker import Attacker
from tests.faults.measure import KIB, MIB
from tests.faults.scene import CLOSE_TIMEOUT_S, LATE_S, STALL_TIMEOUT_S, Scene, attacked, note, set_up

SECRET = b"what nobody may read"
LARGE = 32 * MIB
TRAVERSALS = [
    "/../secret.txt",
    "/%2e%2e/secret.txt",
    "/%2e%2e%2fsecret.txt",
    "/..%2fsecret.txt",
    "/..%5csecret.txt",
    "/..\\secret.txt",
    "/%252e%252e/secret.txt",
    "/sub/../../secret.txt",
    "/.%00./secret.txt",
    "/..;/secret.txt",
    "/%c0%ae%c0%ae/secret.txt",
    "/%e0%80%ae%e0%80%ae/secret.txt",
    "/././../secret.txt",
    "//../secret.txt",
    "/link.txt",
    "/linked/secret.txt",
    "/.hidden",
    "/%2ehidden",
    "/sub",
    "/sub/",
    "/sub/.hidden",
    "/index.html/",
    "/index.html%00",
    "/index.html%00.txt",
    "/index.html%0a",
    "//index.html",
    "/secret.txt",
    "/?redirect=http://evil.example/x",
]
FILES = [("/", b"<p>index"), ("/sub/page.txt", b"page"), ("/script.py", b"print(6 * 7)")]
MAY_BE_THE_INDEX = ("/?redirect=http://evil.example/x",)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Pages, and beside them what must not come out."""
    root = tmp_path_factory.mktemp("pages")
    web = root / "web"
    (web / "sub").mkdir(parents=True)
    (root / "secret.txt").write_bytes(SECRET)
    (web / "index.html").write_bytes(b"<p>index")
    (web / "script.py").write_bytes(b"print(6 * 7)")
    (web / ".hidden").write_bytes(SECRET)
    (web / "sub" / ".hidden").write_bytes(SECRET)
    (web / "sub" / "page.txt").write_bytes(b"page")
    (web / "large.txt").write_bytes(os.urandom(LARGE))
    (web / "link.txt").symlink_to(root / "secret.txt")
    (web / "linked").symlink_to(root)
    return web


@pytest.fixture(scope="module")
def site_stage(folder: Path) -> Iterator[Scene]:
    """A daemon with these pages."""
    with set_up(f"--web={folder}") as scene:
        yield scene


@pytest.fixture
def site(site_stage: Scene, request: pytest.FixtureRequest) -> Iterator[Scene]:
    """The same for one attack."""
    yield from attacked(site_stage, request.node.name)


def page_request(target: str, method: str = "GET", *more: str) -> bytes:
    return "\r\n".join([f"{method} {target} HTTP/1.1", "Host: localhost", *more, "", ""]).encode("latin-1")


def ask(client: Attacker, target: str, method: str = "GET", *more: str) -> tuple[int, bytes, bytes]:
    """Status, head and body of the answer; behind it the connection ends."""
    client.send(page_request(target, method, *more))
    head = client.read_head()
    return int(head.split(b" ")[1]), head, client.read_rest()


@pytest.mark.parametrize("target", TRAVERSALS)
def test_nothing_comes_out_but_the_files(site: Scene, target: str) -> None:
    with site.connect() as attacker:
        code, head, body = ask(attacker, target)
        assert SECRET not in body
        assert b"Location" not in head
        assert code in (400, 404) or target in MAY_BE_THE_INDEX


@pytest.mark.parametrize(("target", "body"), FILES)
def test_a_file_comes_out_as_it_is(site: Scene, target: str, body: bytes) -> None:
    with site.connect() as client:
        code, head, found = ask(client, target)
        assert (code, found) == (200, body)
        assert b"X-Content-Type-Options: nosniff" in head


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "OPTIONS", "TRACE", "PATCH", "CONNECT", "get", "FOO"])
def test_pages_are_for_get_and_head_alone(site: Scene, method: str) -> None:
    with site.connect() as attacker:
        code, _, body = ask(attacker, "/index.html", method)
        assert code in (400, 405, 501)
        assert b"index" not in body
        assert b"TRACE" not in body


def test_a_head_request_gets_no_body(site: Scene) -> None:
    with site.connect() as client:
        code, head, body = ask(client, "/index.html", "HEAD")
        assert (code, body) == (200, b"")
        assert b"ontent-Length: 8" in head


@pytest.mark.parametrize("header", ["Content-Length: 1000000000", "Transfer-Encoding: chunked"])
def test_a_body_is_refused_before_it_is_read(site: Scene, header: str) -> None:
    with site.connect() as attacker:
        code, _, _ = ask(attacker, "/index.html", "POST", header)
        assert code == 413


def test_a_body_that_comes_anyway_costs_nothing(site: Scene) -> None:
    with site.connect() as attacker:
        attacker.send(page_request("/", "POST", "Content-Length: 1000000000"))
        attacker.send_until_stuck(bytes(64 * KIB), 64 * MIB)
        assert site.wait_until_freed() <= CLOSE_TIMEOUT_S + LATE_S
        assert site.growth() <= MIB


def test_one_connection_gets_one_answer(site: Scene) -> None:
    with site.connect() as attacker:
        attacker.send(page_request("/index.html") * 50)
        assert attacker.read_rest().count(b"HTTP/1.1 ") == 1


def test_many_requests_in_one_connection_cost_nothing(site: Scene) -> None:
    with site.connect() as attacker:
        attacker.send_until_stuck(page_request("/index.html"), 16 * MIB)
        site.wait_until_freed()
        assert site.growth() <= 2 * MIB


def test_a_reader_of_a_large_page_gets_all_of_it(site: Scene) -> None:
    with site.connect() as client:
        code, _, body = ask(client, "/large.txt")
        assert (code, len(body)) == (200, LARGE)
        assert site.growth() <= 4 * MIB


def test_who_asks_for_a_large_page_and_never_reads_is_cut(site: Scene) -> None:
    with site.connect(receive_buffer=4 * KIB) as attacker:
        attacker.send(page_request("/large.txt"))
        assert attacker.read_head().startswith(b"HTTP/1.1 200 ")
        assert site.descriptors_since() >= 1
        seconds = site.wait_until_freed(STALL_TIMEOUT_S + CLOSE_TIMEOUT_S + 2)
        note(f"a page that is never read: freed after {seconds:.1f} s")
        assert site.growth() <= 4 * MIB


def test_who_asks_for_a_small_page_and_never_leaves_is_let_go(site: Scene) -> None:
    with site.connect() as attacker:
        attacker.send(page_request("/index.html"))
        attacker.read_head()
        seconds = site.wait_until_freed()
        note(f"a page whose reader never leaves: freed after {seconds:.1f} s")
        assert seconds <= CLOSE_TIMEOUT_S + LATE_S


@pytest.mark.parametrize(
    "given",
    ["bytes=0-0", "bytes=-1", "bytes=5-1", "bytes=x", "bytes=-99999", "bytes=", "bytes=" + "0-0," * 500 + "0-0"],
)
def test_a_range_is_harmless(site: Scene, given: str) -> None:
    with site.connect() as attacker:
        code, _, body = ask(attacker, "/index.html", "GET", f"Range: {given}")
        assert (code, body) == (200, b"<p>index")
    assert site.growth() <= MIB


@pytest.mark.parametrize("target", ["/", "/nowhere", "/sub", "*", "http://localhost/"])
def test_no_answer_tells_a_version(site: Scene, target: str) -> None:
    with site.connect() as client:
        _, head, body = ask(client, target)
        assert b"server: echod\r\n" in head.lower()
        assert not any(word in (head + body).lower() for word in (b"twisted", b"autobahn", b"python"))


def test_the_pages_of_echod_have_a_content_security_policy(scene: Scene) -> None:
    with scene.connect() as client:
        code, head, _ = ask(client, "/")
        assert code == 200
        assert b"Content-Security-Policy: default-src 'none'" in head


def test_what_a_client_asks_for_is_escaped_in_the_log(site: Scene) -> None:
    with site.connect() as attacker:
        ask(attacker, "/x%0d%0aforged%1b[31m")
    assert "\nforged" not in site.log()
    assert "\x1b" not in site.log()


@pytest.mark.parametrize(
    "query", ["redirect=http://evil.example/", "redirect=javascript:alert(1)&after=5", "after=abc"]
)
@pytest.mark.parametrize("path", ["/", "/echo", "/multi-echo"])
def test_nobody_is_sent_elsewhere(scene: Scene, path: str, query: str) -> None:
    with scene.connect() as client:
        code, head, body = ask(client, f"{path}?{query}")
        assert code == (200 if path == "/" else 426)
        assert b"location:" not in head.lower()
        assert b"evil" not in body
        assert b"alert(1)" not in body
