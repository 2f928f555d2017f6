"""A WebSocket client made of bytes: it sends what it is told, right or wrong, and reads only when asked to."""

from __future__ import annotations

import os
import select
import socket
import ssl
import struct
import time
import zlib
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from tests.deflate import deflated
from tests.faults.measure import LOOK_AGAIN_S, Stopwatch
from tests.tls import share

CONTINUATION, TEXT, BINARY, CLOSE, PING, PONG = 0x0, 0x1, 0x2, 0x8, 0x9, 0xA
COMPRESSED = 4
"""RSV1 (RFC 7692, 7.2.1)."""

KEY = "dGhlIHNhbXBsZSBub25jZQ=="
TIMEOUT_S = 20.0
CHUNK = 65536
STUCK_LOOKS = 10
"""In a row without progress: one could fall into a standstill of the machine."""

NO_MASK = bytes(4)
"""A mask is demanded, and zeros are one (RFC 6455, 5.3)."""

Address = tuple[str, int] | str
"""Host and port, or the path of a local socket."""


@dataclass(frozen=True, slots=True)
class Frame:
    """A frame that the server has sent."""

    opcode: int
    payload: bytes
    fin: bool = True
    rsv: int = 0

    @property
    def code(self) -> int:
        """Of a Close: its code; 1005 when there is none."""
        assert self.opcode == CLOSE, self
        return struct.unpack("!H", self.payload[:2])[0] if self.payload else 1005


def frame(
    opcode: int, payload: bytes = b"", *, fin: bool = True, rsv: int = 0, masked: bool = True, length: int | None = None
) -> bytes:
    """A frame of a client; `length` is what it announces, when that is not the truth."""
    size = len(payload) if length is None else length
    first, mask_bit = (0x80 if fin else 0) | rsv << 4 | opcode, 0x80 if masked else 0
    if size < 126:
        head = struct.pack("!BB", first, mask_bit | size)
    elif size < 65536:
        head = struct.pack("!BBH", first, mask_bit | 126, size)
    else:
        head = struct.pack("!BBQ", first, mask_bit | 127, size)
    return head + (NO_MASK if masked else b"") + payload


def close_frame(code: int | None = 1000, reason: bytes = b"") -> bytes:
    return frame(CLOSE, b"" if code is None else struct.pack("!H", code) + reason)


def compressed_frame(payload: bytes, opcode: int = BINARY, level: int = 6) -> bytes:
    return frame(opcode, deflated(payload, level), rsv=COMPRESSED)


def request(path: str = "/echo", *more: str, deflate: bool = False, without: str = "") -> bytes:
    """An opening handshake; without the header line that begins with `without`."""
    lines = [
        f"GET {path} HTTP/1.1",
        "Host: localhost",
        "Upgrade: websocket",
        "Connection: Upgrade",
        f"Sec-WebSocket-Key: {KEY}",
        "Sec-WebSocket-Version: 13",
        *(["Sec-WebSocket-Extensions: permessage-deflate"] if deflate else []),
        *more,
    ]
    kept = [line for line in lines if not without or not line.startswith(without)]
    return "\r\n".join([*kept, "", ""]).encode("latin-1")


class Attacker:
    """One connection; it is closed with the `with` block, by a reset when something was left unread."""

    def __init__(self, connection: socket.socket) -> None:
        self.socket = connection
        self.socket.settimeout(TIMEOUT_S)
        self._received = bytearray()
        self._decompressor = zlib.decompressobj(wbits=-15)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.socket.close()

    def open(self, path: str = "/echo", *more: str, deflate: bool = False) -> Self:
        """Shake hands; the server must accept."""
        self.send(request(path, *more, deflate=deflate))
        head = self.read_head()
        assert head.startswith(b"HTTP/1.1 101 "), head
        assert (b"permessage-deflate" in head) is deflate, head
        return self

    def send(self, *pieces: bytes) -> None:
        """Send all of it; raises when the server does not take it."""
        self.socket.sendall(b"".join(pieces))

    def send_until_stuck(self, data: bytes, most: int, stuck_s: float = 0.5) -> int:
        """Send `data` again and again without reading, until nothing is taken for a while; how much was.

        At most `most` bytes. What the connection's loss ends is no error: `is_lost` tells of it.
        """
        total, view, end = 0, memoryview(data * max(1, CHUNK // len(data))), time.monotonic() + TIMEOUT_S
        self.socket.settimeout(stuck_s / STUCK_LOOKS)
        looks = STUCK_LOOKS
        with suppress(ConnectionError, ssl.SSLError):
            while total < most and looks and time.monotonic() < end:
                try:
                    total += self.socket.send(view[total % len(view) :])
                    looks = STUCK_LOOKS
                except TimeoutError:
                    looks -= 1
        self.socket.settimeout(TIMEOUT_S)
        return total

    def read_some(self, most: int = CHUNK) -> bytes:
        """What is there, at least one byte; nothing at the end."""
        data = bytes(self._received[:most]) or self.socket.recv(most)
        del self._received[:most]
        return data

    def read_exactly(self, count: int) -> bytes:
        while len(self._received) < count:
            data = self.socket.recv(max(CHUNK, count - len(self._received)))
            if not data:
                raise EOFError(f"the end after {bytes(self._received[:100])!r}")
            self._received += data
        taken = bytes(self._received[:count])
        del self._received[:count]
        return taken

    def read_head(self) -> bytes:
        """The head of an HTTP answer, with its empty line."""
        while (end := self._received.find(b"\r\n\r\n")) < 0:
            data = self.socket.recv(CHUNK)
            if not data:
                raise EOFError(bytes(self._received[:200]))
            self._received += data
        return self.read_exactly(end + 4)

    def read_frame(self) -> Frame:
        first, second = self.read_exactly(2)
        length = second & 0x7F
        if length > 125:
            length = int.from_bytes(self.read_exactly(2 if length == 126 else 8), "big")
        return Frame(first & 0x0F, self.read_exactly(length), bool(first & 0x80), first >> 4 & 7)

    def read_payload(self) -> bytes:
        """The next message's payload, inflated if it is compressed."""
        found = self.read_message()
        if found.rsv != COMPRESSED:
            return found.payload
        return self._decompressor.decompress(found.payload + b"\0\0\xff\xff")

    def put_back(self, data: bytes) -> None:
        """Let what was read be read again."""
        self._received[:0] = data

    def hurry(self) -> None:
        """Read on with a large buffer."""
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1024 * 1024)

    def read_message(self) -> Frame:
        """The next frame that is no ping."""
        while (found := self.read_frame()).opcode == PING:
            pass
        return found

    def read_until_close(self) -> tuple[list[Frame], Frame]:
        """All messages up to the Close, and the Close."""
        messages: list[Frame] = []
        while (found := self.read_message()).opcode != CLOSE:
            messages.append(found)
        return messages, found

    def read_rest(self) -> bytes:
        """Everything up to the end of the stream; raises ConnectionResetError when it is cut short."""
        while data := self.socket.recv(CHUNK):
            self._received += data
        rest = bytes(self._received)
        self._received.clear()
        return rest

    def wait_for_end(self) -> str:
        """Drop what comes; `fin`, or `reset` when the connection is cut."""
        try:
            self.read_rest()
        except (ConnectionError, ssl.SSLError):
            return "reset"
        return "fin"

    def wait_for_loss(self, timeout: float, pid: int = 0) -> float:
        """Wait without reading until the server, the process `pid`, has cut the connection; how long that took."""
        watch = Stopwatch(pid)
        while not self.is_lost(LOOK_AGAIN_S):
            assert watch.seconds() < timeout, f"still connected after {timeout:g} s"
        return watch.seconds()

    def is_lost(self, within_s: float = 0.0) -> bool:
        """Whether the server has cut the connection, or does so in this time; nothing is read."""
        ready = select.poll()
        ready.register(self.socket.fileno(), select.POLLRDHUP)
        return bool(ready.poll(within_s * 1000))

    def wire(self) -> socket.socket:
        """The socket below TLS, to send what is no TLS."""
        return socket.socket(fileno=os.dup(self.socket.fileno()))


def connect(
    address: Address,
    *,
    tls: ssl.SSLContext | None = None,
    receive_buffer: int = 0,
    send_buffer: int = 0,
    timeout: float = TIMEOUT_S,
    source: str = "",
    segment: int = 0,
) -> Attacker:
    """A connection, over TLS if a context is given; small buffers and segments bring back-pressure soon."""
    family = socket.AF_UNIX if isinstance(address, str) else socket.AF_INET
    made = socket.socket(family)
    made.settimeout(timeout)
    for option, size in ((socket.SO_RCVBUF, receive_buffer), (socket.SO_SNDBUF, send_buffer)):
        if size:
            made.setsockopt(socket.SOL_SOCKET, option, size)
    if segment:
        made.setsockopt(socket.IPPROTO_TCP, socket.TCP_MAXSEG, segment)
    try:
        if source:
            made.bind((source, 0))
        made.connect(address)
        return Attacker(tls.wrap_socket(made, server_hostname="localhost") if tls else made)
    except BaseException:
        made.close()
        raise


def flood(attackers: Sequence[Attacker], data: bytes, stuck_s: float = 0.5) -> int:
    """Send `data` once through each of them, reading nothing, until nobody is served for a while; how much went."""
    left = {each.socket.fileno(): (each.socket, memoryview(data)) for each in attackers}
    ready, total = select.poll(), 0
    for each in attackers:
        each.socket.setblocking(False)
        ready.register(each.socket.fileno(), select.POLLOUT)
    while served := ready.poll(stuck_s * 1000):
        for number, _ in served:
            connection, rest = left[number]
            sent = connection.send(rest)
            total += sent
            left[number] = connection, rest[sent:]
            if not left[number][1]:
                ready.unregister(number)
    for each in attackers:
        each.socket.settimeout(TIMEOUT_S)
    return total


def trusting(certificate: Path | None = None, alpn: tuple[str, ...] = ()) -> ssl.SSLContext:
    """A TLS client; it trusts everybody, or who shows a certificate of this authority."""
    context = share(ssl.create_default_context(cafile=certificate))
    if certificate is None:
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    if alpn:
        context.set_alpn_protocols(list(alpn))
    return context
