"""The request line and headers of an HTTP request: bytes in, a `Head` or a `Refusal` out (RFC 9112, 2 to 5).

Pure, and stricter than the parsers behind it, so that they and any proxy in front agree on what was sent:
lines end with CRLF alone, no line is folded, and no control character but a tab stands in one.
NEL (0x85) counts as a control character, because `str.splitlines` would end a line there.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from echod.counters import Kind
from echod.rules.http.uri import AUTHORITY, PRINTABLE, is_authority

END = b"\r\n\r\n"
TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
REQUEST_LINE = re.compile(rf"({TOKEN.pattern}) ([^ ]+) (HTTP/\d\.\d)")
FORBIDDEN = bytes({*range(0x20), 0x7F, 0x85} - {0x09})
"""In a line; all line ends, which are CRLF, are of these too."""
NEVER = bytes({*FORBIDDEN} - {0x0A, 0x0D, 0x85})
"""Not even part of a line end: such a byte, of a TLS ClientHello for instance, is refused at once."""
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
        return [element.strip(" \t") for value in self.values(name) for element in value.split(",")]

    def tokens(self, name: str) -> list[str]:
        """The same in lower case."""
        return [element.lower() for element in self.elements(name)]


def origin_form(target: str) -> str:
    """A request target without the scheme and host that a client may send (RFC 9112, 3.2.2)."""
    if target.startswith("/"):
        return target
    parts = urlsplit(target)
    return (parts.path or "/") + (f"?{parts.query}" if parts.query else "") if parts.scheme else target


class HeadReader:
    """Collects bytes until a head is complete, or is refused; `received` is all of them, also `rest` behind it."""

    def __init__(self, max_bytes: int, max_headers: int) -> None:
        self._max_bytes = max_bytes
        self._max_headers = max_headers
        self.received = bytearray()
        self._end = 0

    @property
    def rest(self) -> bytes:
        """The bytes behind the head, once it is complete."""
        return bytes(self.received[self._end :])

    def feed(self, data: bytes) -> Head | Refusal | None:
        """None while the head is incomplete. After a result no more may be fed."""
        start = max(0, len(self.received) - len(END) + 1)
        self.received += data
        end = self.received.find(END, start)
        # A possible beginning of the empty line does not count, so that TCP segmentation makes no difference.
        length = len(self.received) - len(END) + 1 if end < 0 else end
        if has_any(self.received[start : min(length, self._max_bytes) + len(END)], NEVER):
            return CONTROL_CHARACTER
        if length > self._max_bytes:
            return Refusal(431, f"the request head is larger than {self._max_bytes} bytes")
        if end < 0:
            return None
        self._end = end + len(END)
        return parse_head(bytes(self.received[:end]), self._max_headers)


def has_any(data: bytes | bytearray, forbidden: bytes) -> bool:
    """Whether one of these bytes is in the data; many times faster than a regular expression."""
    return len(data.translate(None, forbidden)) < len(data)


def parse_head(raw: bytes, max_headers: int) -> Head | Refusal:
    """The head in these bytes, which are without the empty line at its end."""
    lines = raw.decode("latin-1").split("\r\n")
    if len(lines) - 1 > max_headers:
        return Refusal(431, f"the request has more than {max_headers} header fields")
    if has_any(raw.replace(b"\r\n", b""), FORBIDDEN):
        return CONTROL_CHARACTER
    words = REQUEST_LINE.fullmatch(lines[0])
    if words is None:
        return Refusal(400, "the request line is not 'METHOD target HTTP/1.1'")
    method, target, version = words.groups()
    if not is_target(method, target):
        return Refusal(400, "the request target is not a path or an absolute http URI without a fragment")
    if (headers := parse_headers(lines[1:])) is None:
        return Refusal(400, "a header line is not 'name: value'")
    if version not in ("HTTP/1.0", "HTTP/1.1"):
        return Refusal(505, "only HTTP/1.1 and HTTP/1.0 are spoken here")
    head = Head(method, target, version, headers, raw)
    return check_host(head) or head


def is_target(method: str, target: str) -> bool:
    """Whether a request target is a path or an absolute URI without a fragment, or `*` for OPTIONS (RFC 9112, 3.2)."""
    if target == "*":
        return method == "OPTIONS"
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
    return tuple([(name, value.strip(" \t")) for name, _, value in parts])
