"""What `--origin`, `--max-message`, `--compression` and `--web` do to a running daemon."""

from __future__ import annotations

import http.client
import random
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus

from tests.child import Daemon
from tests.daemon.clients import close_code, everything_from, head_from, open_client, raw_connection, reply, upgrade
from tests.faults.attacker import compressed_frame

OFFER = "Sec-WebSocket-Extensions: permessage-deflate"
KIB_64 = 65536
INCOMPRESSIBLE = random.Random(7692).randbytes(KIB_64)

every_path = pytest.mark.parametrize("path", ["/simple-echo", "/multi-echo", "/echo", "/"])


@pytest.fixture(scope="module")
def restricted(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Daemon]:
    folder = tmp_path_factory.mktemp("pages")
    (folder / "index.html").write_text("my own index")
    (folder / "mine.txt").write_text("my own text")
    origins = ("--origin", "https://example.com", "--origin", "null")
    with Daemon(*origins, "--max-message", "64K", "--compression", "off", "--web", str(folder)) as running:
        yield running


@every_path
@pytest.mark.parametrize("origin", ["https://example.com", "https://EXAMPLE.com:443", "null", None])
def test_an_allowed_origin_and_a_client_that_is_no_browser_may_connect(
    restricted: Daemon, path: str, origin: str | None
) -> None:
    with open_client(restricted.uri(path), origin=origin) as client:
        assert reply(client, "hello") == "hello"


@every_path
@pytest.mark.parametrize("origin", ["https://example.org", "http://example.com", "https://www.example.com"])
def test_another_origin_is_refused_with_403(restricted: Daemon, path: str, origin: str) -> None:
    with pytest.raises(InvalidStatus) as refused:
        open_client(restricted.uri(path), origin=origin)
    assert refused.value.response.status_code == 403


def test_what_is_no_url_is_compared_as_text_and_refused_with_403(restricted: Daemon) -> None:
    with pytest.raises(InvalidStatus) as refused:
        open_client(restricted.uri("/echo"), origin="x")
    assert refused.value.response.status_code == 403


@pytest.mark.parametrize("origin", ["https://example.org", "null", "file://", None])
def test_without_the_option_every_origin_may_connect(daemon: Daemon, origin: str | None) -> None:
    with open_client(daemon.uri("/multi-echo"), origin=origin) as client:
        assert reply(client, "hello") == "hello"


@every_path
@pytest.mark.parametrize("kind", ["text", "binary"])
def test_a_message_of_the_largest_size_is_answered(restricted: Daemon, path: str, kind: str) -> None:
    message = "x" * KIB_64 if kind == "text" else bytes(KIB_64)
    with open_client(restricted.uri(path)) as client:
        assert reply(client, message) == message


@every_path
def test_a_message_of_one_byte_more_is_closed_with_1009(restricted: Daemon, path: str) -> None:
    with open_client(restricted.uri(path)) as client:
        client.send("x" * (KIB_64 + 1))
        assert close_code(client) == 1009


def test_the_size_is_that_of_the_whole_message_and_not_of_its_frames(restricted: Daemon) -> None:
    with open_client(restricted.uri("/multi-echo")) as client:
        # It is refused when the second frame begins, so the empty one that ends the message may come too late.
        with suppress(ConnectionClosed):
            client.send(["x" * 40000, "x" * 40000])
        assert close_code(client) == 1009


def test_without_compression_the_answer_selects_no_extension(restricted: Daemon) -> None:
    with raw_connection(restricted.port) as client:
        client.sendall(upgrade("/multi-echo", OFFER))
        head = head_from(client)
    assert head.startswith(b"HTTP/1.1 101 ")
    assert b"sec-websocket-extensions" not in head.lower()


def test_with_compression_the_answer_selects_the_offer(daemon: Daemon) -> None:
    with raw_connection(daemon.port) as client:
        client.sendall(upgrade("/multi-echo", OFFER))
        assert b"\r\nSec-WebSocket-Extensions: permessage-deflate\r\n" in head_from(client)


@pytest.fixture(scope="module")
def compressing() -> Iterator[Daemon]:
    with Daemon("--max-message", "64K", "--compression", "on") as running:
        yield running


@pytest.mark.parametrize("message", [bytes(KIB_64), INCOMPRESSIBLE], ids=["zeros", "incompressible"])
def test_the_size_counts_after_inflation(compressing: Daemon, message: bytes) -> None:
    with open_client(compressing.uri("/multi-echo")) as client:
        assert reply(client, message) == message


@pytest.mark.parametrize("length", [KIB_64 + 1, KIB_64 + 257, 200000, 5000000])
def test_a_small_frame_that_inflates_to_more_is_closed_with_1009(compressing: Daemon, length: int) -> None:
    with open_client(compressing.uri("/multi-echo")) as client:
        client.send(bytes(length))
        assert close_code(client) == 1009


@pytest.mark.parametrize("message", [bytes(5000000), INCOMPRESSIBLE * 2], ids=["zeros", "incompressible"])
def test_a_client_that_was_refused_a_message_is_let_go_before_the_close_timeout(
    compressing: Daemon, message: bytes
) -> None:
    with raw_connection(compressing.port) as client:
        client.sendall(upgrade("/multi-echo", OFFER))
        head_from(client)
        client.sendall(compressed_frame(message) + b"\x88\x82\x00\x00\x00\x00\x03\xf1")
        client.settimeout(4.5)
        received = everything_from(client)
    assert (received[:1], received[2:4]) == (b"\x88", b"\x03\xf1")


@pytest.mark.parametrize(
    ("path", "status", "body"),
    [("/", 200, b"my own index"), ("/mine.txt", 200, b"my own text"), ("/client.html", 404, None)],
)
def test_a_folder_of_ones_own_is_served_in_place_of_the_pages(
    restricted: Daemon, path: str, status: int, body: bytes | None
) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", restricted.port, timeout=10)
    connection.request("GET", path)
    answer = connection.getresponse()
    read = answer.read()
    assert answer.status == status
    assert body in (read, None)


def test_a_relative_folder_is_meant_from_where_twistd_was_started() -> None:
    assert (Path("web") / "index.html").is_file()
    with Daemon("--web", "web") as running, raw_connection(running.port) as client:
        client.sendall(b"GET /index.html HTTP/1.1\r\nHost: a\r\n\r\n")
        assert head_from(client).startswith(b"HTTP/1.1 200 OK\r\n")
