"""The pages as a visitor sees them: real files, whole answers, nothing from outside the folder."""

from __future__ import annotations

import os
import re
import time
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import BinaryIO

import pytest
from pytest_twisted import ensureDeferred
from twisted.internet.testing import MemoryReactorClock
from twisted.logger import LogEvent, formatEvent
from twisted.web.static import File

from echod.counters import Counters
from echod.errors import BadSetting
from echod.rules.http.head import Head
from echod.settings import Limits
from echod.site.page_files import WholeFile
from echod.site.pages import make_pages
from tests.site.visitor import HANDSHAKE, Line, Response, Site

ENCODED_TRAVERSALS = [
    "/../secret.txt",
    "/sub/../../secret.txt",
    "/%2e%2e/secret.txt",
    "/%2E%2E/secret.txt",
    "/.%2e/secret.txt",
    "/..%2fsecret.txt",
    "/%2e%2e%2fsecret.txt",
    "/sub%2f..%2f..%2fsecret.txt",
    "/..%5csecret.txt",
    "/%5c..%5csecret.txt",
    "/..\\secret.txt",
    "/%252e%252e/secret.txt",
    "/%252e%252e%252fsecret.txt",
    "/%c0%ae%c0%ae/secret.txt",
    "/%c0%ae%c0%ae%c0%afsecret.txt",
    "/..%00/secret.txt",
    "/../secret.txt%00.html",
    "/..;/secret.txt",
    "//secret.txt",
    "/./../secret.txt",
]


@ensureDeferred
async def test_the_index_stands_at_the_root(site: Site) -> None:
    answer = await site.get("/")
    assert (answer.status, answer.body) == (200, b"<p>index</p>")


@pytest.mark.parametrize("target", ["/index.html", "/?a=b", "/index.html?a=/../b"])
@ensureDeferred
async def test_the_index_has_a_name_too_and_a_query_changes_nothing(site: Site, target: str) -> None:
    assert (await site.get(target)).body == b"<p>index</p>"


@pytest.mark.parametrize("target", ["/sub/page.html", "/sub/p%61ge.html", "/%73ub/page.html"])
@ensureDeferred
async def test_a_file_in_a_folder_is_found_however_its_letters_are_written(site: Site, target: str) -> None:
    assert (await site.get(target)).body == b"<p>page</p>"


@pytest.mark.parametrize("target", ["http://localhost:9001/", "http://localhost:9001", "http://localhost/index.html?a"])
@ensureDeferred
async def test_a_page_is_found_by_an_absolute_target(site: Site, target: str) -> None:
    """RFC 9112, 3.2.2: a server must accept it."""
    assert (await site.get(target)).body == b"<p>index</p>"


@pytest.mark.parametrize("name", ["a b.txt", "ä.txt", "%41.txt", "+.txt", "a;b.txt", "~.txt"])
@ensureDeferred
async def test_a_file_with_an_unusual_name_is_found(site: Site, folder: Path, name: str) -> None:
    (folder / name).write_text("unusual")
    target = "/" + "".join(f"%{byte:02x}" for byte in name.encode())
    assert (await site.get(target)).body == b"unusual"


@pytest.mark.parametrize(
    ("name", "content_type"),
    [
        ("a.html", "text/html; charset=utf-8"),
        ("a.css", "text/css; charset=utf-8"),
        ("a.js", "text/javascript; charset=utf-8"),
        ("a.txt", "text/plain; charset=utf-8"),
        ("a.json", "application/json"),
        ("a.svg", "image/svg+xml"),
        ("a.png", "image/png"),
        ("a.ico", "image/x-icon"),
        ("a.exe", "application/octet-stream"),
        ("a.html.gz", "application/octet-stream"),
        ("a", "application/octet-stream"),
    ],
)
@ensureDeferred
async def test_a_file_has_the_content_type_of_its_suffix(
    site: Site, folder: Path, name: str, content_type: str
) -> None:
    (folder / name).write_bytes(b"x")
    answer = await site.get(f"/{name}")
    assert answer.values("Content-Type") == [content_type]
    assert answer.values("Content-Encoding") == []


@pytest.mark.parametrize("size", [0, 1, 65536, 300_000])
@ensureDeferred
async def test_a_file_of_any_size_comes_whole(site: Site, folder: Path, size: int) -> None:
    (folder / "data.bin").write_bytes(b"x" * size)
    answer = await site.get("/data.bin")
    assert answer.values("Content-Length") == [str(size)]
    assert answer.body == b"x" * size


@ensureDeferred
async def test_head_tells_the_length_and_sends_no_body(site: Site) -> None:
    answer = await site.get("/index.html", method="HEAD")
    assert (answer.status, answer.values("Content-Length"), answer.body) == (200, ["12"], b"")


@ensureDeferred
async def test_head_of_an_unknown_page_tells_the_length_and_sends_no_body(site: Site) -> None:
    answer = await site.get("/nowhere", method="HEAD")
    assert (answer.status, answer.values("Content-Length"), answer.body) == (404, ["49"], b"")


@ensureDeferred
async def test_what_is_refused_is_counted_and_nothing_else(folder: Path) -> None:
    clock = MemoryReactorClock()
    counters = Counters()
    site = Site(make_pages(folder, clock, counters=counters), clock)
    for target, method in [("/", "GET"), ("/nowhere", "GET"), ("/nowhere", "HEAD")]:
        await site.get(target, method=method)
    assert counters.counts() == {"404": 2}


@pytest.mark.parametrize("method", ["GET", "HEAD"])
@pytest.mark.parametrize(
    "given",
    [
        "bytes=3-7",
        "bytes=-99999",
        "bytes=-5",
        "bytes=",
        "bytes=,",
        "bytes=0-0,2-3",
        "bytes=99-",
        "bytes=\u00b2-",
        "bytes=5-1",
        "lines=1-2",
        "x",
        "",
    ],
)
@ensureDeferred
async def test_no_part_of_a_page_can_be_had(site: Site, events: list[LogEvent], given: str, method: str) -> None:
    """RFC 9110, 14.2: a server may ignore Range."""
    head = f"{method} /index.html HTTP/1.1\r\nHost: h\r\nRange: {given}\r\nIf-Range: x\r\n\r\n"
    answer = await site.ask(head.encode("latin-1"))
    assert (answer.status, answer.values("Accept-Ranges"), answer.values("Content-Length")) == (200, ["none"], ["12"])
    assert answer.body == (b"<p>index</p>" if method == "GET" else b"")
    assert answer.values("Content-Range") == []
    assert [event["log_level"].name for event in events if event["log_level"].name != "info"] == []


@pytest.mark.parametrize(
    ("condition", "status"),
    [
        (b'If-None-Match: "\xff"', 200),
        (b'If-None-Match: "\xc3\x85", "\xff", *', 200),
        (b'If-Match: "\xff"', 412),
        (b"If-Modified-Since: \xff", 200),
        (b"If-Unmodified-Since: \xff", 200),
    ],
)
@ensureDeferred
async def test_a_condition_may_hold_any_byte(site: Site, events: list[LogEvent], condition: bytes, status: int) -> None:
    """RFC 9110, 5.5 and 8.8.3: obs-text, which need not be UTF-8."""
    answer = await site.ask(b"GET /index.html HTTP/1.1\r\nHost: h\r\n" + condition + b"\r\n\r\n")
    assert answer.status == status
    assert [event["log_level"].name for event in events if event["log_level"].name != "info"] == []


MALFORMED = "If-Modified-Since: yesterday"


@pytest.mark.parametrize("method", ["GET", "HEAD"])
@pytest.mark.parametrize(
    ("conditions", "status"),
    [
        (["If-None-Match: {etag}"], 304),
        (["If-None-Match: W/{etag}"], 304),
        (['If-None-Match: "x", {etag}'], 304),
        (['If-None-Match: "x"', "If-None-Match: {etag}"], 304),
        (["If-None-Match: *"], 304),
        (['If-None-Match: "x"'], 200),
        (["If-None-Match: x"], 200),
        (["If-None-Match: "], 200),
        (["If-Match: {etag}"], 200),
        (["If-Match: *"], 200),
        (["If-Match: W/{etag}"], 412),
        (['If-Match: "x"'], 412),
        (["If-Match: x"], 412),
        (["If-Modified-Since: {modified}"], 304),
        (["If-Modified-Since: Fri, 31 Dec 2099 23:59:59 GMT"], 304),
        (["If-Modified-Since: Sun, 06 Nov 1994 08:49:37 GMT"], 200),
        ([MALFORMED], 200),
        (["If-Modified-Since: {modified}", "If-Modified-Since: {modified}"], 200),
        (["If-Unmodified-Since: {modified}"], 200),
        (["If-Unmodified-Since: Sun, 06 Nov 1994 08:49:37 GMT"], 412),
        (["If-Unmodified-Since: yesterday"], 200),
        (['If-None-Match: "x"', "If-Modified-Since: {modified}"], 200),
        (["If-None-Match: {etag}", "If-Modified-Since: Sun, 06 Nov 1994 08:49:37 GMT"], 304),
        (["If-Match: {etag}", "If-Unmodified-Since: Sun, 06 Nov 1994 08:49:37 GMT"], 200),
        (['If-Match: "x"', "If-None-Match: {etag}"], 412),
        (["If-Match: {etag}", "If-None-Match: {etag}"], 304),
    ],
)
@ensureDeferred
async def test_conditions_hold_in_the_order_of_the_rfc(
    site: Site, conditions: list[str], status: int, method: str
) -> None:
    """RFC 9110, 13.2.2."""
    now = await site.get("/")
    [etag], [modified] = now.values("ETag"), now.values("Last-Modified")
    answer = await site.get("/", *(line.format(etag=etag, modified=modified) for line in conditions), method=method)
    assert answer.status == status
    assert bool(answer.body) is (method == "GET" and status != 304)
    assert len(answer.values("Date")) == 1


@ensureDeferred
async def test_a_page_that_the_client_has_is_confirmed_without_a_length(site: Site) -> None:
    """RFC 9110, 8.6 and 15.4.5."""
    [etag] = (await site.get("/")).values("ETag")
    answer = await site.get("/", f"If-None-Match: {etag}")
    assert (answer.values("Content-Length"), answer.values("Transfer-Encoding"), answer.body) == ([], [], b"")
    assert (answer.values("ETag"), answer.values("Cache-Control")) == ([etag], ["no-cache"])


@pytest.mark.parametrize("condition", ["If-None-Match: *", 'If-Match: "x"'])
@pytest.mark.parametrize(("target", "method", "status"), [("/nowhere", "GET", 404), ("/", "POST", 405)])
@ensureDeferred
async def test_what_is_refused_anyway_has_no_conditions(
    site: Site, condition: str, target: str, method: str, status: int
) -> None:
    """RFC 9110, 13.2.1."""
    assert (await site.get(target, condition, method=method)).status == status


@ensureDeferred
async def test_a_page_that_has_changed_has_another_tag(site: Site, folder: Path) -> None:
    [before] = (await site.get("/")).values("ETag")
    (folder / "index.html").write_text("<p>INDEX</p>")
    os.utime(folder / "index.html", ns=(0, 1))
    answer = await site.get("/", f"If-None-Match: {before}")
    assert (answer.status, answer.body) == (200, b"<p>INDEX</p>")


@ensureDeferred
async def test_a_page_of_tomorrow_was_not_modified_later_than_now(site: Site, folder: Path) -> None:
    """RFC 9110, 8.8.2.1."""
    os.utime(folder / "index.html", (0, time.time() + 86_400))
    answer = await site.get("/")
    [modified], [date] = answer.values("Last-Modified"), answer.values("Date")
    assert parsedate_to_datetime(modified) <= parsedate_to_datetime(date)


@pytest.mark.parametrize("method", ["GET", "HEAD", "POST"])
@pytest.mark.parametrize("target", ["/", "/nowhere", "/simple-echo", "*"])
@ensureDeferred
async def test_every_answer_has_one_date(own_site: Site, target: str, method: str) -> None:
    """RFC 9110, 6.6.1."""
    [date] = (await own_site.get(target, method=method)).values("Date")
    assert re.fullmatch(r"[A-Z][a-z]{2}, \d\d [A-Z][a-z]{2} \d{4} \d\d:\d\d:\d\d GMT", date)


@pytest.mark.parametrize(
    ("error", "status", "failures"),
    [
        (PermissionError(13, "no"), 403, 0),
        (FileNotFoundError(2, "gone"), 404, 0),
        (OSError(5, "I/O error"), 500, 1),
        (RuntimeError("secret"), 500, 1),
    ],
)
@pytest.mark.parametrize("method", ["GET", "HEAD"])
@ensureDeferred
async def test_a_file_that_cannot_be_opened_is_an_answer_in_our_own_words(
    site: Site,
    events: list[LogEvent],
    monkeypatch: pytest.MonkeyPatch,
    method: str,
    error: Exception,
    status: int,
    failures: int,
) -> None:
    def fail(_: WholeFile) -> None:
        raise error

    monkeypatch.setattr(WholeFile, "open", fail)
    answer = await site.get("/", method=method)
    assert answer.status == status
    assert answer.values("Content-Type") == ["text/plain; charset=utf-8"]
    assert bool(answer.body) is (method == "GET")
    assert b"Traceback" not in answer.raw
    assert b"secret" not in answer.raw
    assert len([event for event in events if "log_failure" in event]) == failures
    assert (answer.values("ETag"), answer.values("Last-Modified"), answer.values("Accept-Ranges")) == ([], [], [])


@ensureDeferred
async def test_whatever_twisted_web_raises_is_an_answer(
    site: Site, events: list[LogEvent], monkeypatch: pytest.MonkeyPatch
) -> None:
    opened: list[BinaryIO] = []

    def fail(_: WholeFile, __: object, file: BinaryIO) -> None:
        opened.append(file)
        raise ZeroDivisionError("secret")

    monkeypatch.setattr(WholeFile, "makeProducer", fail)
    answer = await site.get("/")
    assert (answer.status, answer.body) == (500, b"500 Internal Server Error: the server failed to make this page\n")
    assert (answer.values("ETag"), answer.values("Last-Modified"), answer.values("Accept-Ranges")) == ([], [], [])
    assert len([event for event in events if "log_failure" in event]) == 1
    assert opened[0].closed


def change(folder: Path, site: Site, size: int) -> tuple[Line, Path]:
    """A visitor that has the beginning of a large page, which then becomes another size."""
    large = folder / "large.bin"
    large.write_bytes(b"x" * 1_000_000)
    line = site.visit(b"GET /large.bin HTTP/1.1\r\nHost: h\r\n\r\n")
    os.truncate(large, size)
    return line, large


@ensureDeferred
async def test_a_file_that_grows_comes_as_it_was(site: Site, folder: Path) -> None:
    line, _ = change(folder, site, 2_000_000)
    await line.all_sent()
    line.lose()
    assert line.value().endswith(b"\r\n\r\n" + b"x" * 1_000_000)


@ensureDeferred
async def test_a_file_that_gets_shorter_ends_the_connection(site: Site, folder: Path, events: list[LogEvent]) -> None:
    line, _ = change(folder, site, 500_000)
    await line.all_sent()
    line.lose()
    answer = Response(line.value())
    assert (answer.values("Content-Length"), len(answer.body)) == (["1000000"], 500_000)
    assert len([event for event in events if "log_failure" in event]) == 1
    assert site.clock.getDelayedCalls() == []


@ensureDeferred
async def test_a_file_of_which_nothing_can_be_read_is_a_500(site: Site, folder: Path, events: list[LogEvent]) -> None:
    line, _ = change(folder, site, 0)
    await line.all_sent()
    line.lose()
    answer = Response(line.value())
    assert (answer.status, answer.values("Content-Length"), answer.values("ETag")) == (500, ["63"], [])
    assert answer.body == b"500 Internal Server Error: the server failed to make this page\n"
    assert len([event for event in events if "log_failure" in event]) == 1
    assert site.clock.getDelayedCalls() == []


@ensureDeferred
async def test_a_file_that_is_replaced_comes_as_it_was(site: Site, folder: Path) -> None:
    large = folder / "large.bin"
    large.write_bytes(b"x" * 1_000_000)
    line = site.visit(b"GET /large.bin HTTP/1.1\r\nHost: h\r\n\r\n")
    (folder / "new").write_bytes(b"y")
    (folder / "new").replace(large)
    await line.all_sent()
    line.lose()
    assert line.value().endswith(b"\r\n\r\n" + b"x" * 1_000_000)


@ensureDeferred
async def test_twisted_web_sees_nothing_that_pages_do_not_need(site: Site) -> None:
    lines = ("Expect: 100-continue", "Transfer-Encoding: identity", "Cookie: " + "c" * 9000)
    head = "GET /?" + "q" * 3000 + " HTTP/1.1\r\nHost: h\r\n" + "".join(f"{line}\r\n" for line in lines[::2]) + "\r\n"
    answer = await site.ask(head.encode())
    assert (answer.status, answer.body) == (200, b"<p>index</p>")


@pytest.mark.parametrize("size", [20_000, 60_000])
@ensureDeferred
async def test_a_request_of_any_size_that_the_gate_allows_is_answered(folder: Path, size: int) -> None:
    clock = MemoryReactorClock()
    site = Site(make_pages(folder, clock), clock, Limits(max_header_bytes=100_000))
    assert (await site.get("/" + "a" * size)).status == 404
    assert (await site.get("/", "Cookie: " + "c" * size)).status == 200
    assert (await site.get("/", "If-None-Match: " + ", ".join(['"x"'] * (size // 5)))).status == 200


def test_what_comes_behind_a_request_is_dropped_and_not_for_ever(folder: Path) -> None:
    clock = MemoryReactorClock()
    channel = make_pages(folder, clock).buildProtocol(None)
    line = Line(channel)
    channel.makeConnection(line)
    channel.receive_head(Head("GET", "/nowhere", "HTTP/1.1", (("Host", "h"),)), b"")
    assert Response(line.value()).status == 404
    line.disconnecting = False
    channel.dataReceived(b"GET / HTTP/1.1\r\nHost: h\r\n\r\n" + bytes(1024 * 1024))
    assert line.producerState == "paused"
    assert line.value().count(b"HTTP/1.1 ") == 1
    line.lose()


def test_a_visitor_who_has_closed_his_half_is_not_waited_for(folder: Path) -> None:
    clock = MemoryReactorClock()
    channel = make_pages(folder, clock).buildProtocol(None)
    line = Line(channel)
    channel.makeConnection(line)
    channel.receive_head(Head("GET", "/nowhere", "HTTP/1.1", (("Host", "h"),)), b"")
    channel.readConnectionLost()
    channel.writeConnectionLost()
    clock.advance(5)
    assert line.disconnecting
    line.lose()
    assert clock.getDelayedCalls() == []


def test_a_canary_twisted_web_still_fails_for_a_range_before_the_beginning(folder: Path) -> None:
    """When it does not, `WholeFile` may leave Range to it."""
    start, size = File(str(folder / "index.html"))._rangeToOffsetAndSize(None, 99_999)
    assert (start, size) == (12 - 99_999, 99_999)


@ensureDeferred
async def test_a_page_that_has_not_changed_is_not_sent_again(site: Site) -> None:
    modified = (await site.get("/")).values("Last-Modified")
    answer = await site.get("/", f"If-Modified-Since: {modified[0]}")
    assert (answer.status, answer.body) == (304, b"")


@pytest.mark.parametrize("target", ENCODED_TRAVERSALS)
@ensureDeferred
async def test_no_path_leads_out_of_the_folder(site: Site, target: str) -> None:
    answer = await site.get(target)
    assert answer.status == 404
    assert b"secret" not in answer.body


@ensureDeferred
async def test_no_absolute_path_leads_out_of_the_folder(site: Site, folder: Path) -> None:
    secret = folder.parent / "secret.txt"
    assert {(await site.get(f"/{start}{secret}")).status for start in ("", "%2f", "/", "sub/", "sub%2f")} == {404}


@pytest.mark.parametrize(
    "target",
    [
        "/nowhere",
        "/index",
        "/INDEX.HTML",
        "/index.html/",
        "/index.html%00",
        "/index.html%20",
        "/index.html/x",
        "//index.html",
        "/./index.html",
        "/sub",
        "/sub/",
        "/sub//page.html",
        "/sub/../index.html",
        "/%00",
        "/%0d%0aX:%20y",
        "/%ff",
        "/%",
        "/%zz",
        "/a%0aindex.html",
        "/" + "a" * 300,
        "/" + "a/" * 3000,
    ],
)
@ensureDeferred
async def test_anything_else_is_not_found(site: Site, target: str) -> None:
    assert (await site.get(target)).status == 404


@pytest.mark.parametrize("target", ["/", "/sub", "/sub/", "/nowhere"])
@ensureDeferred
async def test_a_folder_is_never_listed(site: Site, folder: Path, target: str) -> None:
    (folder / "index.html").unlink()
    answer = await site.get(target)
    assert answer.status == 404
    assert b"page" not in answer.body


@pytest.mark.parametrize("name", [".hidden", ".git", "..hidden"])
@pytest.mark.parametrize("dot", [".", "%2e"])
@ensureDeferred
async def test_a_dot_file_is_not_found(site: Site, folder: Path, name: str, dot: str) -> None:
    (folder / name).write_text("secret")
    assert (await site.get("/" + name.replace(".", dot))).status == 404


@ensureDeferred
async def test_a_file_in_a_dot_folder_is_not_found(site: Site, folder: Path) -> None:
    (folder / ".git").mkdir()
    (folder / ".git" / "config").write_text("secret")
    assert (await site.get("/.git/config")).status == 404


@pytest.mark.parametrize("name", ["a\\b.txt", "..\\a.txt", "a\nb.txt", "\x1b[31m.txt", "a\u202eb.txt"])
@ensureDeferred
async def test_a_file_with_a_backslash_or_a_control_character_is_not_found(site: Site, folder: Path, name: str) -> None:
    (folder / name).write_text("secret")
    target = "/" + "".join(f"%{byte:02x}" for byte in name.encode())
    assert (await site.get(target)).status == 404


@pytest.mark.parametrize("destination", ["../secret.txt", "index.html", "nowhere", "link.txt"])
@ensureDeferred
async def test_a_link_is_not_followed(site: Site, folder: Path, destination: str) -> None:
    (folder / "link.txt").symlink_to(destination)
    assert (await site.get("/link.txt")).status == 404


@pytest.mark.parametrize(("destination", "file"), [("..", "secret.txt"), ("sub", "page.html")])
@ensureDeferred
async def test_a_folder_that_is_a_link_is_not_followed(site: Site, folder: Path, destination: str, file: str) -> None:
    (folder / "link").symlink_to(destination)
    assert (await site.get(f"/link/{file}")).status == 404


@ensureDeferred
async def test_the_folder_itself_may_be_a_link(folder: Path) -> None:
    link = folder.parent / "link"
    link.symlink_to(folder)
    clock = MemoryReactorClock()
    assert (await Site(make_pages(link, clock), clock).get("/")).body == b"<p>index</p>"


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "OPTIONS", "TRACE", "CONNECT", "get", "BREW"])
@pytest.mark.parametrize("target", ["/", "/index.html", "/nowhere"])
@ensureDeferred
async def test_pages_are_read_with_get_or_head_alone(site: Site, target: str, method: str) -> None:
    answer = await site.get(target, method=method)
    assert (answer.status, answer.values("Allow")) == (405, ["GET, HEAD"])


@ensureDeferred
async def test_a_body_is_not_taken(site: Site) -> None:
    assert (await site.get("/", "Content-Length: 5", method="POST")).status == 413


@pytest.mark.parametrize("method", ["GET", "HEAD", "POST", "OPTIONS"])
@pytest.mark.parametrize("target", ["/", "/index.html", "/nowhere", "/simple-echo", "*"])
@ensureDeferred
async def test_every_answer_closes_and_names_the_server_without_a_version(
    own_site: Site, target: str, method: str
) -> None:
    answer = await own_site.get(target, method=method)
    assert [value.removeprefix("Upgrade, ") for value in answer.values("Connection")] == ["close"]
    assert answer.values("Server") == ["echod"]


@pytest.mark.parametrize("method", ["GET", "HEAD"])
@pytest.mark.parametrize("target", ["/", "/nowhere", "/simple-echo"])
@ensureDeferred
async def test_the_answer_to_head_has_no_body(own_site: Site, target: str, method: str) -> None:
    """RFC 9110, 9.3.2: a server must not send content there."""
    assert bool((await own_site.get(target, method=method)).body) is (method == "GET")


@ensureDeferred
async def test_head_is_answered_without_a_body_where_there_are_no_pages(bare_site: Site) -> None:
    assert (await bare_site.get("/nowhere", method="HEAD")).body == b""


@pytest.mark.parametrize("headers", [[], ["Connection: keep-alive"], ["Connection: close"], ["Keep-Alive: 300"]])
@ensureDeferred
async def test_the_client_cannot_keep_the_connection(site: Site, headers: list[str]) -> None:
    assert (await site.get("/", *headers)).values("Connection") == ["close"]


@ensureDeferred
async def test_a_client_of_http_1_0_is_answered(site: Site) -> None:
    answer = await site.ask(b"GET / HTTP/1.0\r\n\r\n")
    assert (answer.status, answer.values("Connection"), answer.body) == (200, ["close"], b"<p>index</p>")


@pytest.mark.parametrize("version", ["0.9", "1.2", "2.0", "3.0"])
@ensureDeferred
async def test_another_version_of_http_is_answered_in_our_own_words(site: Site, version: str) -> None:
    answer = await site.ask(f"GET / HTTP/{version}\r\nHost: h\r\n\r\n".encode())
    assert (answer.values("Server"), answer.values("Connection")) == (["echod"], ["close"])


@pytest.mark.parametrize("more", ["Content-Length: 0\r\nContent-Length: 0", "Expect: x", "Transfer-Encoding: x"])
@ensureDeferred
async def test_odd_framing_is_answered_in_our_own_words(site: Site, more: str) -> None:
    answer = await site.ask(f"GET / HTTP/1.1\r\nHost: h\r\n{more}\r\n\r\n".encode())
    assert (answer.values("Server"), answer.values("Connection")) == (["echod"], ["close"])


@pytest.mark.parametrize("second", [b"GET / HTTP/1.1\r\nHost: h\r\n\r\n", b"GET /simple-echo HTTP/1.1\r\n" + HANDSHAKE])
@ensureDeferred
async def test_a_second_request_gets_nothing(site: Site, second: bytes) -> None:
    answer = await site.ask(b"GET /sub/page.html HTTP/1.1\r\nHost: h\r\n\r\n" + second + b"\r\n")
    assert answer.body == b"<p>page</p>"


@ensureDeferred
async def test_a_page_is_answered_to_a_request_that_comes_byte_by_byte(site: Site) -> None:
    raw = b"GET / HTTP/1.1\r\nHost: h\r\n\r\n"
    assert (await site.ask(*(raw[place : place + 1] for place in range(len(raw))))).body == b"<p>index</p>"


@pytest.mark.parametrize("target", ["/", "/nowhere", "/simple-echo"])
@ensureDeferred
async def test_an_answer_leaves_no_timer(site: Site, target: str) -> None:
    await site.get(target)
    assert site.clock.getDelayedCalls() == []


@pytest.mark.parametrize("target", ["/", "/nowhere"])
@ensureDeferred
async def test_browsers_are_told_not_to_guess_types(site: Site, own_site: Site, target: str) -> None:
    assert [(await each.get(target)).values("X-Content-Type-Options") for each in (site, own_site)] == [["nosniff"]] * 2


@pytest.mark.parametrize("target", ["/", "/client.html", "/style.css", "/nowhere"])
@ensureDeferred
async def test_our_own_pages_have_a_policy(own_site: Site, target: str) -> None:
    assert (await own_site.get(target)).values("Content-Security-Policy") == [
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self' ws: wss:; "
        "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ]


@pytest.mark.parametrize("target", ["/", "/nowhere"])
@ensureDeferred
async def test_a_folder_of_the_user_has_none(site: Site, target: str) -> None:
    assert (await site.get(target)).values("Content-Security-Policy") == []


@pytest.mark.parametrize(
    ("target", "words"),
    [("/", b"<h1>echod</h1>"), ("/client.html", b"Echo Chamber"), ("/client2.html", b"Echo Chamber")],
)
@ensureDeferred
async def test_the_pages_that_come_with_echod_are_found(own_site: Site, target: str, words: bytes) -> None:
    assert words in (await own_site.get(target)).body


@pytest.mark.parametrize("name", ["nowhere", "secret.txt"])
def test_a_folder_that_is_none_is_named(folder: Path, name: str) -> None:
    path = folder.parent / name
    with pytest.raises(BadSetting, match="is not a folder with pages") as caught:
        make_pages(path, MemoryReactorClock())
    assert (caught.value.name, caught.value.value) == ("web", str(path))


def test_an_upgrade_on_the_root_is_the_echo(site: Site) -> None:
    line = site.visit(b"GET / HTTP/1.1\r\n" + HANDSHAKE + b"\r\n")
    assert line.value().startswith(b"HTTP/1.1 101 ")
    assert b"\r\nSec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n" in line.value()


@ensureDeferred
async def test_an_upgrade_on_a_page_is_not_found(site: Site) -> None:
    assert (await site.ask(b"GET /index.html HTTP/1.1\r\n" + HANDSHAKE + b"\r\n")).status == 404


def test_extensions_may_be_offered_on_two_lines(site: Site) -> None:
    """RFC 6455, 11.3.2: the same as one list."""
    offers = b"Sec-WebSocket-Extensions: x-unknown\r\nSec-WebSocket-Extensions: permessage-deflate\r\n"
    answer = site.visit(b"GET / HTTP/1.1\r\n" + HANDSHAKE + offers + b"\r\n").value()
    assert answer.startswith(b"HTTP/1.1 101 ")
    assert b"\r\nSec-WebSocket-Extensions: permessage-deflate\r\n" in answer


@pytest.mark.parametrize(
    "origin", ["null", "file://", "http://[::1]:8000", "https://a.test", "chrome-extension://abc", "app://a.b"]
)
def test_where_all_origins_may_connect_no_kind_of_origin_is_refused(site: Site, origin: str) -> None:
    line = site.visit(b"GET / HTTP/1.1\r\n" + HANDSHAKE + f"Origin: {origin}\r\n\r\n".encode())
    assert line.value().startswith(b"HTTP/1.1 101 ")


def test_a_silent_visitor_of_the_pages_is_sent_away_by_the_clock_that_was_handed_in(folder: Path) -> None:
    clock = MemoryReactorClock()
    channel = make_pages(folder, clock).buildProtocol(None)
    line = Line(channel)
    channel.makeConnection(line)
    clock.advance(60)
    assert line.disconnecting
    line.lose()
    assert clock.getDelayedCalls() == []


def log_lines(events: list[LogEvent]) -> list[str]:
    """The lines that the pages have logged, as they would be written."""
    return [formatEvent(event) for event in events if event.get("log_namespace") == "echod.site.access_log"]


@ensureDeferred
async def test_a_page_is_one_line_in_the_log(site: Site, events: list[LogEvent]) -> None:
    await site.get("/index.html?password=x")
    assert log_lines(events) == ['192.0.2.7:50123 "GET /index.html" 200']


@pytest.mark.parametrize(
    ("path", "shown"),
    [
        ("/{peer}{0}%s%(x)s", "/{peer}{0}%s%(x)s"),
        ("/%0a%1b[31m", "/%0a%1b[31m"),
        ("/'\"<script>", "/'\\\"<script>"),
        ("/\\n\\x1b", "/\\\\n\\\\x1b"),
    ],
)
@ensureDeferred
async def test_the_log_repeats_what_a_client_sent_and_reads_nothing_into_it(
    site: Site, events: list[LogEvent], path: str, shown: str
) -> None:
    await site.get(path)
    assert log_lines(events) == [f'192.0.2.7:50123 "GET {shown}" 404']


def test_the_log_escapes_bytes_that_a_terminal_would_obey(folder: Path, events: list[LogEvent]) -> None:
    """The gate refuses them; the pages do not rely on it."""
    channel = make_pages(folder, MemoryReactorClock()).buildProtocol(None)
    line = Line(channel)
    channel.makeConnection(line)
    channel.dataReceived(b"GET /\x9b31m\x7f HTTP/1.1\r\nHost: h\r\n\r\n")
    assert log_lines(events) == ['192.0.2.7:50123 "GET /\\x9b31m\\x7f" 404']


@pytest.mark.parametrize("target", ["/", "/nowhere", "/" + "a" * 300, "/%00"])
@ensureDeferred
async def test_no_request_for_a_page_logs_a_failure(site: Site, events: list[LogEvent], target: str) -> None:
    await site.get(target)
    assert [event for event in events if "log_failure" in event] == []


def test_a_visitor_who_leaves_in_the_middle_of_a_page_is_normal(
    site: Site, folder: Path, events: list[LogEvent]
) -> None:
    (folder / "large.bin").write_bytes(b"x" * 1_000_000)
    line = site.visit(b"GET /large.bin HTTP/1.1\r\nHost: h\r\n\r\n")
    line.lose()
    assert len(line.value()) < 1_000_000
    assert [event for event in events if "log_failure" in event] == []
    assert site.clock.getDelayedCalls() == []


@ensureDeferred
async def test_a_visitor_who_has_closed_his_half_gets_the_whole_page(site: Site, folder: Path) -> None:
    (folder / "large.bin").write_bytes(b"x" * 1_000_000)
    line = site.visit(b"GET /large.bin HTTP/1.1\r\nHost: h\r\n\r\n")
    line.protocol.readConnectionLost()
    await line.all_sent()
    line.lose()
    assert line.value().endswith(b"\r\n\r\n" + b"x" * 1_000_000)
