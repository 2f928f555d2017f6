"""The head of a server's answer: bytes in, an `Answer` out (RFC 9112, 4 and 5). Pure.

As forgiving as RFC 9110 and RFC 9112 let a client be, so that no server that browsers and curl can talk to is refused:
a line may end in a bare LF, a value may be folded and hold any byte but CR, LF and NUL, names may be in any case, and a
line that is no header is passed over.
Interim answers (1xx) before the one that counts are passed over too, within bounds.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from http import HTTPStatus

END = re.compile(rb"\r?\n\r?\n")
LINE_END = re.compile(r"\r?\n")
STATUS_LINE = re.compile(r"(HTTP/1\.[0-9]) +([0-9]{3})(?: (.*))?")
BEGINNING = b"HTTP/1."
NEITHER = str.maketrans("\r\0", "  ")
"""Within a line each is read as a space (RFC 9110, 5.5; RFC 9112, 2.2)."""

BLANKS = " \t"
MOST_INTERIM = 16
"""Interim answers before the one that counts; servers send one or two."""

NO_HTTP = "the answer is not HTTP/1.1"
TLS_RECORDS = (b"\x15\x03", b"\x16\x03")
"""An alert, and a handshake (RFC 8446, 5.1)."""


class BadAnswer(ValueError):
    """What came is not the answer of a WebSocket server; its text is why, and may hold what the server said."""


@dataclass(frozen=True, slots=True)
class Answer:
    """A status line and header fields."""

    version: str
    status: int
    phrase: str
    fields: dict[str, list[str]]
    """The values of all lines of one name, which is in lower case; latin-1, as any byte may stand in one."""

    def joined(self) -> dict[str, str]:
        """The fields with the lines of one name together (RFC 9110, 5.3)."""
        return {name: ", ".join(values) for name, values in self.fields.items()}

    def values(self, name: str) -> list[str]:
        """The values of all lines of this name (given in lower case), in order; not of empty ones."""
        return [value for value in self.fields.get(name, ()) if value]

    def elements(self, name: str) -> list[str]:
        """The comma-separated elements of a field, its lines together; empty ones do not count (RFC 9110, 5.6.1)."""
        elements = (element.strip(BLANKS) for value in self.values(name) for element in value.split(","))
        return [element for element in elements if element]


class AnswerReader:
    """Collects bytes until an answer's head is complete that is not an interim one.

    What is no HTTP is told with its first line; a head has `max_bytes` at most.
    """

    def __init__(self, max_bytes: int) -> None:
        self._max_bytes = max_bytes
        self._received = bytearray()
        self._searched = 0
        self._interim = 0

    @property
    def rest(self) -> bytes:
        """The bytes behind the head, once it is complete."""
        return bytes(self._received)

    def feed(self, data: bytes) -> Answer | None:
        """None while the head is incomplete. After an answer no more may be fed.

        Raises:
            BadAnswer: it is no HTTP/1.1, too long, or preceded by too many interim answers.
        """
        self._received += data
        while (answer := self._take()) is not None:
            if not is_interim(answer):
                return answer
            self._interim += 1
            if self._interim > MOST_INTERIM:
                raise BadAnswer(f"more than {MOST_INTERIM} interim answers come before the one that counts")
        return None

    def _take(self) -> Answer | None:
        check_beginning(self._received)
        end = END.search(self._received, self._searched)
        if (len(self._received) if end is None else end.start()) > self._max_bytes:
            raise BadAnswer("the head of the answer has no end")
        if end is None:
            self._searched = max(0, len(self._received) - len(b"\r\n\r"))
            return None
        head = bytes(self._received[: end.start()])
        del self._received[: end.end()]
        self._searched = 0
        return parse_answer(head)


def is_interim(answer: Answer) -> bool:
    """Whether another answer follows (RFC 9110, 15.2); 101 is the last of its kind."""
    return HTTPStatus.CONTINUE <= answer.status < HTTPStatus.OK and answer.status != HTTPStatus.SWITCHING_PROTOCOLS


def check_beginning(received: bytes | bytearray) -> None:
    """Raise BadAnswer as soon as what has come cannot become an answer: a server that is not HTTP may wait for us."""
    if received.startswith(TLS_RECORDS):
        raise BadAnswer(f"{NO_HTTP}, but TLS, for which the URI is wss:")
    if not received.startswith(BEGINNING[: len(received)]):
        raise BadAnswer(NO_HTTP)
    if (end := received.find(b"\n")) >= 0:
        parse_status_line(received[:end].decode("latin-1").removesuffix("\r"))


def parse_answer(head: bytes) -> Answer:
    """The head in these bytes, which are without the empty line at its end."""
    first, *lines = [line.translate(NEITHER) for line in LINE_END.split(head.decode("latin-1"))]
    return Answer(*parse_status_line(first), parse_fields(lines))


def parse_status_line(line: str) -> tuple[str, int, str]:
    """Version, status and phrase; BadAnswer when this is no status line."""
    found = STATUS_LINE.fullmatch(line)
    if found is None:
        raise BadAnswer(NO_HTTP)
    version, status, phrase = found.groups()
    return version, int(status), phrase or ""


def parse_fields(lines: Iterable[str]) -> dict[str, list[str]]:
    """The values of each name; a line that begins with a blank goes on with the one before (RFC 9112, 5.2)."""
    fields: dict[str, list[str]] = {}
    last: list[str] = [""]
    for line in lines:
        name, colon, value = line.partition(":")
        if line.startswith(tuple(BLANKS)):
            last[-1] = f"{last[-1]} {line.strip(BLANKS)}".strip(BLANKS)
        else:
            last = fields.setdefault(name.rstrip(BLANKS).lower(), []) if colon and name else []
            last.append(value.strip(BLANKS))
    return fields
