"""A small echo server that can be told to err: one connection, in a thread, on a free port."""

from __future__ import annotations

import base64
import hashlib
import socket
import threading
from collections.abc import Callable
from typing import Self

Response = Callable[[bytes], bytes | None]
"""From the text of a message to the bytes to send; None drops the connection."""

ACCEPTED = (
    "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: {}\r\n\r\n"
)
GUID = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
PATIENCE_S = 30
HEADS = {126: 2, 127: 8}


def text_frame(text: bytes, first: int = 0x81) -> bytes:
    """An unmasked frame of 126 to 65535 bytes."""
    return bytes((first, 126)) + len(text).to_bytes(2, "big") + text


class TinyServer:
    """Runs while the `with` block does; `pongs` keeps what answered its pings.

    The first `honest` messages are echoed as they should be, and the others answered with `answer`.
    """

    def __init__(self, answer: Response, honest: int = 0, status: str = "101") -> None:
        self._answer = answer
        self._honest = honest
        self._accepted = ACCEPTED.replace("101", status)
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._listener.settimeout(PATIENCE_S)
        self.port: int = self._listener.getsockname()[1]
        self.pongs: list[bytes] = []
        self._thread = threading.Thread(target=self._serve)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._thread.join(2 * PATIENCE_S)
        self._listener.close()

    def _serve(self) -> None:
        try:
            peer, _ = self._listener.accept()
        except TimeoutError:  # Nobody came; the test sees what the load says.
            return
        peer.settimeout(PATIENCE_S)
        with peer, peer.makefile("rb") as stream:
            try:
                self._talk(peer, stream.read, stream.readline)
            except (ConnectionError, TimeoutError):
                """The load has gone, as it does when it is not content."""

    def _talk(self, peer: socket.socket, read: Callable[[int], bytes], line: Callable[[], bytes]) -> None:
        head = dict(part.partition(b": ")[::2] for part in iter(line, b"\r\n"))
        key = head[b"Sec-WebSocket-Key"].strip().decode()
        accept = base64.b64encode(hashlib.sha1((key + GUID).encode()).digest()).decode()
        peer.sendall(self._accepted.format(accept).encode())
        while start := read(2):
            payload = unmasked(start[1] & 0x7F, read)
            opcode = start[0] & 0x0F
            if opcode == 0xA:
                self.pongs.append(payload)
            elif opcode == 0x8:
                peer.sendall(bytes((0x88, len(payload))) + payload)
                return
            elif (answer := self._next_answer(payload)) is None:
                return
            else:
                peer.sendall(answer)

    def _next_answer(self, text: bytes) -> bytes | None:
        self._honest -= 1
        return text_frame(text) if self._honest >= 0 else self._answer(text)


def unmasked(length: int, read: Callable[[int], bytes]) -> bytes:
    """The payload of a masked frame, of whose head the first two bytes are read."""
    if length in HEADS:
        length = int.from_bytes(read(HEADS[length]), "big")
    mask, payload = read(4), read(length)
    assert mask != b"\0\0\0\0"
    return bytes(byte ^ mask[at % 4] for at, byte in enumerate(payload))
