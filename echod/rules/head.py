"""The head of an HTTP request: bytes in, a `Head` or a `Refusal` out (RFC 9112, 2 to 5).

Pure, and stricter than the parsers behind it, so that they and any proxy in front agree on what was sent:
lines end with CRLF alone, no line is folded, and no control character but a tab stands in one.
NEL (0x85) counts as a control character, because `str.splitlines` would end a line there.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import urlsplit

END = b"\r\n\r\n"
TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
FORBIDDEN = re.compile(rb"[\x00-\x08\x0a-\x1f\x7f\x85]")
NEVER = re.compile(rb"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
"""Not even a line end: with the first such byte, of a TLS greeting for instance, waiting for more is in vain."""
VERSION = re.compile(r"HTTP/\d\.\d")


@dataclass(frozen=True, slots=True)
class Refusal:
    """An answer that ends the connection: an HTTP status, one plain sentence, and headers of its own."""

    status: int
    why: str
    headers: tuple[tuple[str, str], ...] = ()


CONTROL_CHARACTER = Refusal(400, "the request head contains a control character")


@dataclass(frozen=True, slots=True)
class Head:
    """A request line and its header lines, as received and in order. Header names are kept as sent."""

    method: str
    target: str
    version: str
    headers: tuple[tuple[str, str], ...]

    @property
    def path(self) -> str:
        """The path as sent, without the query; nothing is decoded."""
        return self._origin_form.partition("?")[0]

    @property
    def query(self) -> str:
        return self._origin_form.partition("?")[2]

    @property
    def _origin_form(self) -> str:
        """The target without scheme and host, which a client may send (RFC 9112, 3.2.2)."""
        if self.target.startswith("/"):
            return self.target
        parts = urlsplit(self.target)
        return (parts.path or "/") + (f"?{parts.query}" if parts.query else "") if parts.scheme else self.target

    def values(self, name: str) -> list[str]:
        """The values of all lines with this header name (given in lower case), in order."""
        return [value for key, value in self.headers if key.lower() == name]

    def tokens(self, name: str) -> list[str]:
        """The comma-separated elements of a header, in lower case."""
        return [word.strip().lower() for value in self.values(name) for word in value.split(",")]


class HeadReader:
    """Collects bytes until a head is complete, or is refused.

    `received` is all that was fed, the head and whatever came behind it.
    """

    def __init__(self, max_bytes: int, max_lines: int) -> None:
        self._max_bytes = max_bytes
        self._max_lines = max_lines
        self.received = bytearray()

    def feed(self, data: bytes) -> Head | Refusal | None:
        """None while the head is incomplete. After a result no more may be fed."""
        start = max(0, len(self.received) - len(END) + 1)
        self.received += data
        end = self.received.find(END, start)
        if NEVER.search(self.received, start, len(self.received) if end < 0 else end):
            return CONTROL_CHARACTER
        if (len(self.received) if end < 0 else end) > self._max_bytes:
            return Refusal(431, f"the request head is larger than {self._max_bytes} bytes")
        return None if end < 0 else self._parse(bytes(self.received[:end]))

    def _parse(self, raw: bytes) -> Head | Refusal:
        lines = raw.split(b"\r\n")
        if len(lines) > self._max_lines:
            return Refusal(431, f"the request head has more than {self._max_lines} lines")
        if any(map(FORBIDDEN.search, lines)):
            return CONTROL_CHARACTER
        return parse_lines([line.decode("latin-1") for line in lines])


def parse_lines(lines: list[str]) -> Head | Refusal:
    """The head that these lines are: the request line first, without their line ends."""
    words = lines[0].split(" ")
    if len(words) != 3 or not TOKEN.fullmatch(words[0]) or not VERSION.fullmatch(words[2]) or not words[1]:
        return Refusal(400, "the request line is not 'METHOD target HTTP/1.1'")
    if not is_target(words[1]):
        return Refusal(400, "the request target is not a path or an absolute http URI without a fragment")
    headers = [parse_header(line) for line in lines[1:]]
    whole = tuple(pair for pair in headers if pair is not None)
    if len(whole) != len(headers):
        return Refusal(400, "a header line is not 'name: value'")
    return Head(words[0], words[1], words[2], whole)


def is_target(target: str) -> bool:
    """Whether a request target is a path, `*`, or an absolute URI, and has no fragment."""
    if "#" in target or not target.isascii():
        return False
    try:
        return target.startswith("/") or target == "*" or urlsplit(target).scheme in ("http", "https", "ws", "wss")
    except ValueError:
        return False


def parse_header(line: str) -> tuple[str, str] | None:
    """Name and value of a header line; None when it is not one, folded lines included."""
    name, colon, value = line.partition(":")
    return (name, value.strip(" \t")) if colon and TOKEN.fullmatch(name) else None
