"""WebSocket URIs: whatever text, it is an address or a BadSetting; an address is the one that others read.

Host and port are compared with python-websockets, path and query with the expression of RFC 3986, appendix B.
The first byte decides whether the others are the text or choose its words.
"""

from __future__ import annotations

import re

from websockets.exceptions import InvalidURI
from websockets.uri import parse_uri as read_as_others

from echod.errors import BadSetting
from echod.rules.http.uri import Address, is_path, parse_uri
from tests.fuzz.choices import Choices

PARTS = re.compile(r"(?:[^:/?#]+:)//[^/?#]*([^?#]*)(\?[^#]*)?")

WORDS = (
    *(b"ws://", b"wss://", b"WS://", b"http://", b"ws:/", b"//", b"/", b"?", b"#", b"@", b":", b"[", b"]", b"[::1]"),
    *(
        b"[fe80::1%25a]",
        b"[::ffff:1.2.3.4]",
        b"localhost",
        b"web_1",
        b"a",
        b".",
        b"-",
        b"_",
        b"xn--bcher-kva",
        b"127.1",
    ),
    *(b"%41", b"%zz", b"%00", b"80", b"0", b"65536", b"9001", b";", b"=", b"&", b"\t", b"\n", b" ", b"\\", b"\xc3\xbc"),
)


def check(data: bytes) -> None:
    choices = Choices(data)
    raw = choices.compose(WORDS) if choices.below(2) else choices.rest()
    text = raw.decode("utf-8", "surrogateescape")
    is_path(text)
    try:
        address = parse_uri(text)
    except BadSetting:
        return
    check_address(text, address)


def check_address(text: str, address: Address) -> None:
    assert address.resource.startswith("/")
    assert address.path.startswith("/")
    try:
        others = read_as_others(text)
    except InvalidURI:
        raise AssertionError(f"{text!r} is taken here and by no other") from None
    assert (address.host, address.port, address.secure) == (others.host, others.port, others.secure)
    parts = PARTS.fullmatch(text)
    assert parts is not None
    # A query without a letter is none.
    assert address.resource == (parts[1] or "/") + (parts[2] or "").removesuffix("?" if parts[2] == "?" else "")
