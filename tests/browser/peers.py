"""Servers that do what a good server never does, and one that speaks TLS; all on the loopback."""

from __future__ import annotations

import base64
import hashlib
import queue
import re
import socket
import ssl
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from http import HTTPStatus
from mimetypes import guess_type

import trustme
from websockets.datastructures import Headers
from websockets.exceptions import ConnectionClosed
from websockets.http11 import Request, Response
from websockets.sync.server import Server, ServerConnection, serve

from tests.child import ROOT
from tests.tls import share

LOOPBACK = "127.0.0.1"
GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"  # RFC 6455, 1.3
PATIENCE_S = 20


@contextmanager
def never_answering() -> Iterator[int]:
    """The system accepts the connection and nobody reads it: a client stays in the state CONNECTING."""
    with socket.create_server((LOOPBACK, 0)) as listener:
        yield listener.getsockname()[1]


@contextmanager
def never_closing() -> Iterator[int]:
    """Answers the opening handshake of one client, then nothing: after close(), the client stays CLOSING."""
    end = threading.Event()
    with socket.create_server((LOOPBACK, 0)) as listener:
        listener.settimeout(PATIENCE_S)
        with running(lambda: greet_one_client(listener, end), stop=end.set):
            yield listener.getsockname()[1]


def greet_one_client(listener: socket.socket, end: threading.Event) -> None:
    connection, _ = listener.accept()
    with connection, connection.makefile("rb") as reader:
        request = b"".join(iter(reader.readline, b"\r\n"))
        connection.sendall(handshake_answer(request))
        end.wait()


def handshake_answer(request: bytes) -> bytes:
    """RFC 6455, 4.2.2."""
    key = re.search(rb"(?i)sec-websocket-key: *(\S+)", request)
    assert key is not None
    accept = base64.b64encode(hashlib.sha1(key[1] + GUID).digest())
    return (
        b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        b"Sec-WebSocket-Accept: " + accept + b"\r\n\r\n"
    )


@contextmanager
def sending(messages: Sequence[str | bytes]) -> Iterator[int]:
    """Sends these messages to everyone who connects."""

    def send_all(client: ServerConnection) -> None:
        for message in messages:
            client.send(message)
        for _ in client:
            pass  # Until the client closes.

    with serve(send_all, LOOPBACK, 0) as server, serving(server) as port:
        yield port


@contextmanager
def echoing_over_tls() -> Iterator[int]:
    """The pages by https:, and an echo for wss:, with a certificate that nobody trusts."""

    def echo(client: ServerConnection) -> None:
        for message in client:
            client.send(message)

    context = share(ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER))
    trustme.CA().issue_cert("localhost").configure_cert(context)
    tls_server = serve(echo, LOOPBACK, 0, ssl=context, process_request=page_or_upgrade)
    with tls_server as server, serving(server) as port:
        yield port


def page_or_upgrade(_: ServerConnection, request: Request) -> Response | None:
    if "Upgrade" in request.headers:
        return None
    page = ROOT / "web" / request.path.partition("?")[0].lstrip("/")
    headers = Headers({"Content-Type": guess_type(page)[0] or "", "Connection": "close"})
    headers["Content-Length"] = str(page.stat().st_size)
    return Response(HTTPStatus.OK, "OK", headers, page.read_bytes())


@contextmanager
def serving(server: Server) -> Iterator[int]:
    with running(server.serve_forever, stop=server.shutdown):
        yield server.socket.getsockname()[1]


@contextmanager
def running(work: Callable[[], None], stop: Callable[[], None]) -> Iterator[None]:
    """`work` in a thread that ends with the block."""
    thread = threading.Thread(target=work)
    thread.start()
    try:
        yield
    finally:
        stop()
        thread.join()


@contextmanager
def closing(code: int, reason: str) -> Iterator[int]:
    """Closes every connection at once, with this code and reason."""
    with serve(lambda client: client.close(code, reason), LOOPBACK, 0) as server, serving(server) as port:
        yield port


@contextmanager
def remembering() -> Iterator[tuple[int, queue.Queue[int | None]]]:
    """Echoes; puts the close code of each client into a queue, 1006 for one that sends no Close."""
    codes: queue.Queue[int | None] = queue.Queue()

    def echo(client: ServerConnection) -> None:
        with suppress(ConnectionClosed):
            while True:
                client.send(client.recv())
        codes.put(client.close_code)

    with serve(echo, LOOPBACK, 0) as server, serving(server) as port:
        yield port, codes


@contextmanager
def in_a_folder(folder: str) -> Iterator[int]:
    """As a reverse proxy has them: the pages and the endpoints in a folder, and nothing beside it."""

    def route(connection: ServerConnection, request: Request) -> Response | None:
        if not request.path.startswith(folder):
            return connection.respond(HTTPStatus.NOT_FOUND, "nothing here")
        request.path = request.path.removeprefix(folder)
        return page_or_upgrade(connection, request)

    def tell_path(client: ServerConnection) -> None:
        assert client.request is not None
        client.send(client.request.path)

    with serve(tell_path, LOOPBACK, 0, process_request=route) as server, serving(server) as port:
        yield port
