"""Request heads: the same result however they are cut; what is accepted is read by h11 in the same way.

The first bytes decide the cuts, the others are the head, or choose its words.
"""

from __future__ import annotations

import h11

from echod.rules.http.head import Head, HeadReader, Refusal
from echod.rules.http.upgrade import check_length, check_upgrade, has_body, is_upgrade
from tests.fuzz.choices import Choices
from tests.pair import request

OPENING = request("/echo")
WORDS = (
    *(
        OPENING,
        *OPENING.splitlines(keepends=True),
        b"\r\n",
        b"\n",
        b"\r",
        b"\r\n\r\n",
        b" ",
        b"\t",
        b":",
        b",",
        b"\x85",
        b"\0",
    ),
    *(
        b"GET / HTTP/1.1\r\n",
        b"GET",
        b"OPTIONS *",
        b" HTTP/1.0\r\n",
        b" HTTP/2.0",
        b"http://a",
        b"//",
        b"/x?y",
        b"/%zz",
        b";b",
    ),
    *(
        b"Host",
        b"Host: a:\r\n",
        b"Host: [::1]",
        b"Origin: null\r\n",
        b"Origin: http://a",
        b"Connection: keep-alive, Upgrade",
    ),
    *(b"Sec-WebSocket-Protocol: a, b", b"Sec-WebSocket-Extensions: permessage-deflate; server_max_window_bits=10\r\n"),
    *(b"Content-Length: 0\r\n", b"Content-Length: +1", b"Transfer-Encoding: chunked\r\n", b"X: \xc3\x85\r\n", b"X-Y"),
)
MOST_BYTES, MOST_HEADERS = 2048, 30


def check(data: bytes) -> None:
    choices = Choices(data)
    cuts = choices.take(8)
    raw = choices.compose(WORDS) if choices.below(2) else choices.rest()
    whole = read([raw])
    assert kind_of(read(Choices(cuts).split(raw))) == kind_of(whole)
    if isinstance(whole, Head):
        check_head(whole)
    elif whole is not None:
        check_refusal(whole)


def read(pieces: list[bytes]) -> Head | Refusal | None:
    """The result of the piece that gives one."""
    reader = HeadReader(MOST_BYTES, MOST_HEADERS)
    return next(filter(None, map(reader.feed, pieces)), None)


def kind_of(result: Head | Refusal | None) -> object:
    """What must not depend on the cuts: all of a head, whether it is refused, whether more is awaited."""
    return result if isinstance(result, Head) else type(result)


def check_head(head: Head) -> None:
    assert head.path
    refusal = check_upgrade(head)
    if is_upgrade(head) and refusal is not None:
        check_refusal(refusal)
    # h11 also looks at what frames a body, which is looked at elsewhere here.
    if check_length(head) is None and not (has_body(head) and head.values("transfer-encoding")):
        check_beside_h11(head)


def check_beside_h11(head: Head) -> None:
    connection = h11.Connection(h11.SERVER)
    connection.receive_data(head.raw.lstrip(b"\r\n") + b"\r\n\r\n")
    request = connection.next_event()
    assert isinstance(request, h11.Request)
    assert (request.method, request.target) == (head.method.encode(), head.target.encode("latin-1"))
    ours = [(name.lower().encode(), value.encode("latin-1")) for name, value in head.headers]
    assert list(request.headers) == ours


def check_refusal(refusal: Refusal) -> None:
    """It is an answer that can be sent."""
    assert 400 <= refusal.status < 600
    assert refusal.why.isprintable()
    assert all(name.isprintable() and value.isprintable() for name, value in refusal.headers)
