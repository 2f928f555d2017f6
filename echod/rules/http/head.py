"""The request line and headers of an HTTP request: bytes in, a `Head` or a `Refusal` out (RFC 9112, 2 to 5).

Pure, and stricter than the parsers behind it, so that they and any proxy in front agree on what was sent:
lines end with CRLF alone, no line is folded, and no control character but a tab stands in one.
Bytes from 0x80 on may stand in values (RFC 9110, 5.5: obs-text), NEL (0x85) among them, which is part of many letters
in UTF-8; a request target and a header name are ASCII. So no `str.splitlines`, and no `str.strip` without its letters.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from echod.counters import Kind
from echod.rules.http.uri import AUTHORITY, PRINTABLE, is_authority

LINE_END = b"\r\n"
END = LINE_END * 2
BLANKS = " \t"
"""What may stand around a value or an element of a list (RFC 9110, 5.6.3)."""
TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
REQUEST_LINE = re.compile(rf"({TOKEN.pattern}) ([^ ]+) (HTTP/[0-9]\.[0-9])")
CONTROLS = bytes({*range(0x20), 0x7F} - {0x09, 0x0A, 0x0D})
"""Control characters (RFC 5234, B.1) that are neither a tab nor part of a line end."""
FAULT = re.compile(rb"(?P<line_end>(?<!\r)\n|\r[^\n])|[%s]" % re.escape(CONTROLS))
"""The first byte that no head has, and of which kind it is."""
ABSOLUTE = re.compile(rf"(?:https?|wss?)://{AUTHORITY}(?:[/?].*)?", re.IGNORECASE)

Headers = tuple[tuple[str, str], ...]
"""Header lines in order: name and value."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """An answer that ends the connection: an HTTP status, one plain sentence, and headers of its own."""

    status: int
    why: str
    headers: Headers = ()
    kind: Kind | None = None
    """What it is counted as; else it is counted by its status."""


CONTROL_CHARACTER = Refusal(400, "the request head contains a control character")
BARE_LINE_END = Refusal(400, "a line of the request head does not end with CRLF")
NO_REQUEST_LINE = Refusal(400, "the request begins with more than one empty line")


@dataclass(frozen=True, slots=True)
class Head:
    """A request line and its header lines, as received and in order. Header names are kept as sent."""

    method: str
    target: str
    version: str
    headers: Headers
    raw: bytes = field(default=b"", repr=False, compare=False)
    """The bytes as received, without the empty line at the end."""
    by_name: dict[str, list[str]] = field(init=False, repr=False, compare=False)
    """The values of all lines with one header name, in lower case."""

    def __post_init__(self) -> None:
        by_name: dict[str, list[str]] = {}
        for name, value in self.headers:
            by_name.setdefault(name.lower(), []).append(value)
        object.__setattr__(self, "by_name", by_name)

    @property
    def path(self) -> str:
        """The path as sent, without the query; nothing is decoded."""
        return origin_form(self.target).partition("?")[0]

    @property
    def query(self) -> str:
        return origin_form(self.target).partition("?")[2]

    def values(self, name: str) -> list[str]:
        """The values of all lines with this header name (given in lower case), in order."""
        return self.by_name.get(name, [])

    def elements(self, name: str) -> list[str]:
        """The comma-separated elements of a header, in order, its lines together (RFC 9110, 5.3)."""
        return [element.strip(BLANKS) for value in self.values(name) for element in value.split(",")]

    def tokens(self, name: str) -> list[str]:
        """The same in lower case."""
        return [element.lower() for element in self.elements(name)]


def origin_form(target: str) -> str:
    """A request target without the scheme and host that a client may send (RFC 9112, 3.2.2)."""
    if target.startswith("/") or "://" not in target:
        return target
    parts = urlsplit(target)
    return (parts.path or "/") + (f"?{parts.query}" if parts.query else "")


def authority_of(head: Head) -> str:
    """Host and port that a request is for; an absolute target goes before the Host header (RFC 9112, 3.2.2)."""
    return head.values("host")[0] if head.target.startswith("/") else urlsplit(head.target).netloc


class HeadReader:
    """Collects bytes until a head is complete, or is refused.

    Attributes:
        received: all bytes, also `rest` behind the head; without an empty line in front (RFC 9112, 2.2).
        is_silent: whether not a byte has come.
    """

    def __init__(self, max_bytes: int, max_headers: int) -> None:
        self._max_bytes = max_bytes
        self._max_headers = max_headers
        self.received = bytearray()
        self._end = 0
        self._searched = 0
        self._has_empty_line = False

    @property
    def rest(self) -> bytes:
        """The bytes behind the head, once it is complete."""
        return bytes(self.received[self._end :])

    @property
    def is_silent(self) -> bool:
        return not self.received and not self._has_empty_line

    def feed(self, data: bytes) -> Head | Refusal | None:
        """None while the head is incomplete. After a result no more may be fed."""
        self.received += data
        while self.received.startswith(LINE_END):
            if self._has_empty_line:
                return NO_REQUEST_LINE
            self._has_empty_line, self._searched = True, 0
            del self.received[: len(LINE_END)]
        return self._read()

    def _read(self) -> Head | Refusal | None:
        start, self._searched = self._searched, len(self.received)
        end = self.received.find(END, max(0, start - len(END) + 1))
        # A possible beginning of the empty line does not count, so that TCP segmentation makes no difference.
        length = len(self.received) - len(END) + 1 if end < 0 else end
        stop = min(length, self._max_bytes) + len(END)
        if (fault := find_fault(self.received, start, min(stop, len(self.received)))) is not None:
            return fault
        if length > self._max_bytes:
            return Refusal(431, f"the request head is larger than {self._max_bytes} bytes")
        if end < 0:
            return None
        self._end = end + len(END)
        return parse_head(bytes(self.received[:end]), self._max_headers)


def find_fault(data: bytearray, start: int, stop: int) -> Refusal | None:
    """The refusal of the first control character or bare line end here; bytes before `start` are searched already."""
    before = max(0, start - 1)
    pairs = data.count(LINE_END, before, stop)
    is_good = (
        pairs == data.count(b"\n", start, stop)
        and pairs == data.count(b"\r", before, max(before, stop - 1))
        and not has_any(data[start:stop], CONTROLS)
    )
    # Counting is many times faster than this regular expression, which is for what is refused.
    found = None if is_good else FAULT.search(data, before, stop)
    return None if found is None else BARE_LINE_END if found["line_end"] else CONTROL_CHARACTER


def has_any(data: bytes | bytearray, forbidden: bytes) -> bool:
    """Whether one of these bytes is in the data; many times faster than a regular expression."""
    return len(data.translate(None, forbidden)) < len(data)


def parse_head(raw: bytes, max_headers: int) -> Head | Refusal:
    """The head in these bytes, which have no fault, and are without the empty line at their end."""
    lines = raw.decode("latin-1").split("\r\n")
    if len(lines) - 1 > max_headers:
        return Refusal(431, f"the request has more than {max_headers} header fields")
    words = REQUEST_LINE.fullmatch(lines[0])
    if words is None:
        return Refusal(400, "the request line is not 'METHOD target HTTP/1.1'")
    method, target, version = words.groups()
    if not version.startswith("HTTP/1."):
        return Refusal(505, "only HTTP/1.1 and HTTP/1.0 are spoken here")
    if not is_target(method, target):
        return Refusal(400, "the request target is not a path or an absolute http URI without a fragment")
    if (headers := parse_headers(lines[1:])) is None:
        return Refusal(400, "a header line is not 'name: value'")
    # A higher minor version is read as our highest (RFC 9110, 6.2).
    head = Head(method, target, version if version == "HTTP/1.0" else "HTTP/1.1", headers, raw)
    return check_host(head) or head


def is_target(method: str, target: str) -> bool:
    """Whether a request target has a form that this method may have (RFC 9112, 3.2).

    A path or an absolute URI without a fragment; besides `*` for OPTIONS, and an authority for CONNECT.
    """
    if target == "*":
        return method == "OPTIONS"
    if method == "CONNECT" and is_authority(target):
        return True
    is_printable = "#" not in target and PRINTABLE.fullmatch(target) is not None
    return is_printable and (target.startswith("/") or is_absolute(target))


def is_absolute(target: str) -> bool:
    """Whether this is `scheme://host` and what may follow; a host is required (RFC 9110, 4.2.1)."""
    try:
        return ABSOLUTE.fullmatch(target) is not None and bool(urlsplit(target).hostname)
    except ValueError:
        return False


def check_host(head: Head) -> Refusal | None:
    """One valid Host for every request (RFC 9112, 3.2); it may be empty, and HTTP/1.0 does not need one."""
    hosts = head.values("host")
    if len(hosts) > 1:
        return Refusal(400, "the header host stands more than once")
    if not hosts and head.version == "HTTP/1.1":
        return Refusal(400, "the header host is missing")
    is_good = all(not host or is_authority(host) for host in hosts)
    return None if is_good else Refusal(400, "the header host is not a host with an optional port")


def parse_headers(lines: list[str]) -> Headers | None:
    """Names and values of the header lines; None when one is invalid, or folded (RFC 9112, 5.2)."""
    parts = [line.partition(":") for line in lines]
    if not all(name and colon for name, colon, _ in parts):
        return None
    # All names in one match: a character that is forbidden in one is forbidden in all.
    if parts and not TOKEN.fullmatch("".join([name for name, _, _ in parts])):
        return None
    return tuple([(name, value.strip(BLANKS)) for name, _, value in parts])
