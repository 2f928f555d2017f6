"""The header of the PROXY protocol, version 1 and 2: bytes in, the ends of the proxied connection or a refusal out.

Pure, and written by HAProxy's document (doc/proxy-protocol.txt). It stands in for Twisted's parser, which drops
`PROXY UNKNOWN` in its short form and a header that comes in pieces, and takes addresses that are none.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, ip_address
from struct import Struct

SIGNATURE = b"\r\n\r\n\0\r\nQUIT\n"
"""Version 2 begins with it."""
FIXED_BYTES = 16
"""Signature, version and command, family, and the length of what follows."""
LOCAL, PROXY = 0x20, 0x21
"""Version 2 with its two commands: the proxy's own connection, such as a health check, and one that it relays."""
INET, INET6, UNIX = 1, 2, 3
LAYOUTS = {INET: Struct("!4s4sHH"), INET6: Struct("!16s16sHH"), UNIX: Struct("!108s108s")}
MOST_FAMILY, MOST_TRANSPORT = 3, 2

WORD = b"PROXY "
"""Version 1 begins with it."""
LINE_BYTES = 107
"""The longest line of version 1, with its CRLF."""
UNKNOWN = WORD + b"UNKNOWN"
PORT = rb"(0|[1-9]\d{0,4})"
LINE = re.compile(rb"PROXY TCP([46]) ([\da-fA-F:.]+) ([\da-fA-F:.]+) " + PORT + b" " + PORT)
MOST_PORT = 65535

End = tuple[str, int] | bytes
"""Host and port, or the path of a local socket."""


@dataclass(frozen=True, slots=True)
class Proxied:
    """The ends of the connection to the proxy; None where the header names none, and those of the socket count."""

    source: End | None = None
    destination: End | None = None


@dataclass(frozen=True, slots=True)
class BadHeader:
    """What is wrong, in words for a log."""

    why: str


class ProxyHeaderReader:
    """Collects bytes until a header is complete, or is refused; `rest` is what came behind it."""

    def __init__(self) -> None:
        self.received = bytearray()
        self._end = 0

    @property
    def rest(self) -> bytes:
        """The bytes behind the header, once it is complete."""
        return bytes(self.received[self._end :])

    def feed(self, data: bytes) -> Proxied | BadHeader | None:
        """None while the header is incomplete. After a result no more may be fed."""
        self.received += data
        if begins(self.received, SIGNATURE):
            return self._read_block()
        if begins(self.received, WORD):
            return self._read_line()
        return BadHeader("no PROXY header")

    def _read_line(self) -> Proxied | BadHeader | None:
        """Version 1."""
        line, end, _ = bytes(self.received[:LINE_BYTES]).partition(b"\r\n")
        if end:
            self._end = len(line) + len(end)
            return parse_line(line)
        if b"\n" in line:
            return BadHeader("its line does not end with CRLF")
        if len(line) == LINE_BYTES:
            return BadHeader(f"its line is longer than {LINE_BYTES} bytes")
        return None

    def _read_block(self) -> Proxied | BadHeader | None:
        """Version 2."""
        if len(self.received) < FIXED_BYTES:
            return None
        command, family = self.received[12:14]
        self._end = FIXED_BYTES + int.from_bytes(self.received[14:FIXED_BYTES])
        if (bad := check_fixed(command, family, self._end - FIXED_BYTES)) is not None:
            return bad
        if len(self.received) < self._end:
            return None
        return Proxied() if command == LOCAL else parse_block(family, bytes(self.received[FIXED_BYTES : self._end]))


def begins(received: bytearray, word: bytes) -> bool:
    """Whether these bytes begin so, as far as they have come."""
    return received[: len(word)] == word[: len(received)]


def parse_line(line: bytes) -> Proxied | BadHeader:
    """Version 1, without the CRLF. Behind UNKNOWN anything may stand, and is ignored."""
    if line == UNKNOWN or line.startswith(UNKNOWN + b" "):
        return Proxied()
    words = LINE.fullmatch(line)
    if words is None:
        return BadHeader("its line is not 'PROXY TCP4 SOURCE DESTINATION PORT PORT'")
    version, source, destination, *ports = (word.decode() for word in words.groups())
    try:
        addresses = [ip_address(source), ip_address(destination)]
    except ValueError as error:
        return BadHeader(str(error))
    if any(address.version != int(version) for address in addresses):
        return BadHeader(f"its addresses are not of TCP{version}")
    if any(int(port) > MOST_PORT for port in ports):
        return BadHeader(f"a port is above {MOST_PORT}")
    first, second = ((show(address), int(port)) for address, port in zip(addresses, ports, strict=True))
    return Proxied(first, second)


def check_fixed(command: int, family: int, length: int) -> BadHeader | None:
    """What the first 16 bytes of version 2 have that no receiver may take; LOCAL has no family."""
    if command not in (LOCAL, PROXY):
        return BadHeader(f"its version and command are {command:#04x}")
    if command == LOCAL:
        return None
    if family >> 4 > MOST_FAMILY or family & 15 > MOST_TRANSPORT:
        return BadHeader(f"its family and transport are {family:#04x}")
    layout = layout_of(family)
    if layout is not None and length < layout.size:
        return BadHeader(f"{length} bytes are too few for its addresses")
    return None


def layout_of(family: int) -> Struct | None:
    """How its addresses stand there; None where family or transport is unspecified."""
    return LAYOUTS.get(family >> 4) if family & 15 else None


def parse_block(family: int, block: bytes) -> Proxied:
    """The addresses of version 2; what follows them (TLVs) is not looked at."""
    layout = layout_of(family)
    if layout is None:
        return Proxied()
    source, destination, *ports = layout.unpack_from(block)
    if not ports:
        return Proxied(path_of(source), path_of(destination))
    kind = IPv4Address if family >> 4 == INET else IPv6Address
    return Proxied((show(kind(source)), ports[0]), (show(kind(destination)), ports[1]))


def path_of(field: bytes) -> bytes:
    """The path of a `sockaddr_un`: up to the first NUL, or with a NUL before it, which is no file."""
    return field.partition(b"\0")[0] or field.rstrip(b"\0")


def show(address: IPv4Address | IPv6Address) -> str:
    """As text; an IPv4 address in IPv6's form as what it is."""
    return str(getattr(address, "ipv4_mapped", None) or address)
