"""Other ends that are not ours: python-websockets on both sides, and servers that answer literal bytes."""

from __future__ import annotations

import socket
import socketserver
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from queue import SimpleQueue

from websockets.sync.server import ServerConnection, serve

LOOPBACK = "127.0.0.1"
PATIENCE_S = 20.0


def free_port() -> int:
    """A port where nobody listens just now."""
    with socket.create_server((LOOPBACK, 0)) as listener:
        return listener.getsockname()[1]


@contextmanager
def serving(
    handler: Callable[[ServerConnection], None], tls: ssl.SSLContext | None = None, port: int = 0, host: str = LOOPBACK
) -> Iterator[int]:
    """The port of a python-websockets server."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with serve(handler, sock=socket.create_server((host, port), family=family), ssl=tls) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        try:
            yield server.socket.getsockname()[1]
        finally:
            server.shutdown()
            thread.join(PATIENCE_S)


class Host:
    """A server for one guest, whose side of the connection the test itself holds: `guest()`."""

    def __init__(self) -> None:
        self._guests: SimpleQueue[ServerConnection] = SimpleQueue()
        self._leave = threading.Event()

    def guest(self) -> ServerConnection:
        """The next connection; it stays open until one side closes it or the block ends."""
        return self._guests.get(timeout=PATIENCE_S)

    def _receive(self, connection: ServerConnection) -> None:
        self._guests.put(connection)
        self._leave.wait()

    @contextmanager
    def listening(self) -> Iterator[str]:
        """The URI of this server."""
        with serving(self._receive) as port:
            try:
                yield f"ws://{LOOPBACK}:{port}/"
            finally:
                self._leave.set()


@contextmanager
def answering(answer: bytes, *, unasked: bool = False) -> Iterator[int]:
    """Reads the head of each request, or does not wait for one; answers these bytes and closes."""

    class Response(socketserver.StreamRequestHandler):
        timeout = PATIENCE_S

        def handle(self) -> None:
            while not unasked and self.rfile.readline().strip():
                pass
            self.wfile.write(answer)

    with socketserver.ThreadingTCPServer((LOOPBACK, 0), Response) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
        thread.start()
        try:
            yield server.server_address[1]
        finally:
            server.shutdown()
            thread.join(PATIENCE_S)


@contextmanager
def never_answering() -> Iterator[int]:
    """The system accepts the connection and nobody reads it."""
    with socket.create_server((LOOPBACK, 0)) as listener:
        yield listener.getsockname()[1]
