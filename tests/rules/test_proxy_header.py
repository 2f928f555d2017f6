"""The PROXY header: what HAProxy's document allows and refuses, whatever pieces it comes in."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from echod.rules.proxy_header import BadHeader, Proxied, ProxyHeaderReader

SIGNATURE = b"\r\n\r\n\x00\r\nQUIT\n"
FOUR = b"\xc0\x00\x02\x07\xc0\x00\x02\x01\xdc\x04\x01\xbb"
"""From 192.0.2.7:56324 to 192.0.2.1:443."""
SIX = b"\x20\x01\x0d\xb8" + bytes(11) + b"\x07" + b"\x20\x01\x0d\xb8" + bytes(11) + b"\x01" + b"\xdc\x04\x01\xbb"
MAPPED = (bytes(10) + b"\xff\xff\xc0\x00\x02\x07") * 2 + b"\xdc\x04\x01\xbb"
PATHS = b"/run/a.sock".ljust(108, b"\0") + b"\0abstract".ljust(108, b"\0")
ENDS_4 = Proxied(("192.0.2.7", 56324), ("192.0.2.1", 443))
ENDS_6 = Proxied(("2001:db8::7", 56324), ("2001:db8::1", 443))


def block(command: int, family: int, rest: bytes, length: int | None = None) -> bytes:
    """A header of version 2."""
    return SIGNATURE + bytes([command, family]) + (len(rest) if length is None else length).to_bytes(2) + rest


GOOD = {
    "4": (b"PROXY TCP4 192.0.2.7 192.0.2.1 56324 443\r\n", ENDS_4),
    "6": (b"PROXY TCP6 2001:db8::7 2001:DB8:0:0:0:0:0:1 56324 443\r\n", ENDS_6),
    "6, in full": (
        b"PROXY TCP6 ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff ffff:ffff:ffff:ffff:ffff:ffff:ffff:fffe 65535 0\r\n",
        Proxied(("ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", 65535), ("ffff:ffff:ffff:ffff:ffff:ffff:ffff:fffe", 0)),
    ),
    "4 within 6": (
        b"PROXY TCP6 ::ffff:192.0.2.7 ::ffff:192.0.2.1 56324 443\r\n",
        Proxied(("192.0.2.7", 56324), ("192.0.2.1", 443)),
    ),
    "unknown": (b"PROXY UNKNOWN\r\n", Proxied()),
    "unknown, with addresses": (b"PROXY UNKNOWN ffff::1 ffff::2 65535 65535\r\n", Proxied()),
    "unknown, with anything": (b"PROXY UNKNOWN \x00\xff" + b"x" * 89 + b"\r\n", Proxied()),
    "2, 4": (block(0x21, 0x11, FOUR), ENDS_4),
    "2, 4, datagrams": (block(0x21, 0x12, FOUR), ENDS_4),
    "2, 4, TLVs": (block(0x21, 0x11, FOUR + b"\x02\x00\x05a.com\x04\x00\x03abc"), ENDS_4),
    "2, 4, the most": (block(0x21, 0x11, FOUR + bytes(65535 - len(FOUR))), ENDS_4),
    "2, 6": (block(0x21, 0x21, SIX), ENDS_6),
    "2, 4 within 6": (block(0x21, 0x21, MAPPED), Proxied(("192.0.2.7", 56324), ("192.0.2.7", 443))),
    "2, paths": (block(0x21, 0x31, PATHS), Proxied(b"/run/a.sock", b"\0abstract")),
    "2, no paths": (block(0x21, 0x31, bytes(216)), Proxied(b"", b"")),
    "2, a path with garbage": (block(0x21, 0x31, b"/a\0b".ljust(216, b"\0")), Proxied(b"/a", b"")),
    "2, local": (block(0x20, 0x00, b""), Proxied()),
    "2, local, with a family": (block(0x20, 0x11, FOUR), Proxied()),
    "2, local, with no family at all": (block(0x20, 0xFF, b"abc"), Proxied()),
    "2, unspecified": (block(0x21, 0x00, b""), Proxied()),
    "2, unspecified, with TLVs": (block(0x21, 0x00, b"\x04\x00\x03abc"), Proxied()),
    "2, unspecified transport": (block(0x21, 0x10, b""), Proxied()),
    "2, unspecified family": (block(0x21, 0x01, b""), Proxied()),
}

BAD = {
    "a request": (b"GET / HTTP/1.1\r\n\r\n", "no PROXY header"),
    "TLS": (b"\x16\x03\x01\x02\x00\x01", "no PROXY header"),
    "lower case": (b"proxy TCP4 192.0.2.7 192.0.2.1 56324 443\r\n", "no PROXY header"),
    "almost a signature": (b"\r\n\r\n\x00\r\nQUIZ\n", "no PROXY header"),
    "an empty line": (b"\r\n\r\nGET", "no PROXY header"),
    "nothing": (b"PROXY \r\n", "its line is not"),
    "unknown and more": (b"PROXY UNKNOWNS\r\n", "its line is not"),
    "another family": (b"PROXY UDP4 192.0.2.7 192.0.2.1 56324 443\r\n", "its line is not"),
    "no ports": (b"PROXY TCP4 192.0.2.7 192.0.2.1\r\n", "its line is not"),
    "one port": (b"PROXY TCP4 192.0.2.7 192.0.2.1 56324\r\n", "its line is not"),
    "three ports": (b"PROXY TCP4 192.0.2.7 192.0.2.1 56324 443 80\r\n", "its line is not"),
    "two spaces": (b"PROXY TCP4  192.0.2.7 192.0.2.1 56324 443\r\n", "its line is not"),
    "a space at the end": (b"PROXY TCP4 192.0.2.7 192.0.2.1 56324 443 \r\n", "its line is not"),
    "a tab": (b"PROXY TCP4\t192.0.2.7 192.0.2.1 56324 443\r\n", "its line is not"),
    "a name": (b"PROXY TCP4 example.com 192.0.2.1 56324 443\r\n", "its line is not"),
    "an escape": (b"PROXY TCP4 \x1b[31m 192.0.2.1 56324 443\r\n", "its line is not"),
    "a port with a zero before it": (b"PROXY TCP4 192.0.2.7 192.0.2.1 056 443\r\n", "its line is not"),
    "a port with a sign": (b"PROXY TCP4 192.0.2.7 192.0.2.1 +56 443\r\n", "its line is not"),
    "a port too large": (b"PROXY TCP4 192.0.2.7 192.0.2.1 56324 65536\r\n", "a port is above 65535"),
    "an address too large": (b"PROXY TCP4 192.0.2.256 192.0.2.1 56324 443\r\n", "192.0.2.256"),
    "an address with a zero before it": (b"PROXY TCP4 192.0.02.7 192.0.2.1 56324 443\r\n", "192.0.02.7"),
    "half an address": (b"PROXY TCP6 2001:db8: 2001:db8::1 56324 443\r\n", "2001:db8:"),
    "6 as 4": (b"PROXY TCP4 2001:db8::7 2001:db8::1 56324 443\r\n", "not of TCP4"),
    "4 as 6": (b"PROXY TCP6 192.0.2.7 192.0.2.1 56324 443\r\n", "not of TCP6"),
    "a bare LF": (b"PROXY TCP4 192.0.2.7 192.0.2.1 56324 443\n", "does not end with CRLF"),
    "108 bytes": (b"PROXY UNKNOWN " + b"x" * 92 + b"\r\n", "longer than 107 bytes"),
    "no end": (b"PROXY UNKNOWN " + b"x" * 500, "longer than 107 bytes"),
    "2, version 1": (block(0x11, 0x11, FOUR), "version and command are 0x11"),
    "2, another command": (block(0x22, 0x11, FOUR), "version and command are 0x22"),
    "2, another family": (block(0x21, 0x41, FOUR), "family and transport are 0x41"),
    "2, another transport": (block(0x21, 0x13, FOUR), "family and transport are 0x13"),
    "2, too short for 4": (block(0x21, 0x11, FOUR, 11), "11 bytes are too few"),
    "2, too short for 6": (block(0x21, 0x21, SIX, 35), "35 bytes are too few"),
    "2, too short for paths": (block(0x21, 0x31, PATHS, 215), "215 bytes are too few"),
}


def feed(*pieces: bytes) -> tuple[Proxied | BadHeader | None, bytes]:
    """The first result of these pieces, and what is left behind the header."""
    reader = ProxyHeaderReader()
    result = next((result for piece in pieces if (result := reader.feed(piece)) is not None), None)
    return result, reader.rest


@pytest.mark.parametrize(("header", "proxied"), GOOD.values(), ids=GOOD)
def test_a_good_header_is_taken_and_nothing_of_what_follows(header: bytes, proxied: Proxied) -> None:
    assert feed(header + b"GET / HTTP/1.1\r\n") == (proxied, b"GET / HTTP/1.1\r\n")
    assert feed(header) == (proxied, b"")


@pytest.mark.parametrize(("header", "proxied"), GOOD.values(), ids=GOOD)
def test_without_its_last_byte_a_header_is_waited_for(header: bytes, proxied: Proxied) -> None:
    assert feed(header[:-1])[0] is None
    assert feed(header[:-1], header[-1:] + b"x") == (proxied, b"x")


@pytest.mark.parametrize(("header", "why"), BAD.values(), ids=BAD)
def test_a_bad_header_is_refused_with_a_reason(header: bytes, why: str) -> None:
    result, _ = feed(header)
    assert isinstance(result, BadHeader)
    assert why in result.why
    assert result.why.isprintable()


SHORT = {name: sent for name, (sent, _) in {**GOOD, **BAD}.items() if len(sent) < 1000}


@pytest.mark.parametrize("header", SHORT.values(), ids=SHORT)
def test_byte_by_byte_the_result_is_the_same(header: bytes) -> None:
    assert feed(*(bytes([byte]) for byte in header))[0] == feed(header)[0]


@given(st.sampled_from([*SHORT.values()]), st.lists(st.integers(0, 250), max_size=5), st.binary(max_size=20))
def test_pieces_make_no_difference(header: bytes, cuts: list[int], rest: bytes) -> None:
    whole, places = header + rest, [0, *sorted(cuts), 500]
    pieces = [whole[start:end] for start, end in pairwise(places)]
    reader = ProxyHeaderReader()
    for number, piece in enumerate(pieces):
        if (result := reader.feed(piece)) is not None:
            assert result == feed(whole)[0]
            if isinstance(result, Proxied):
                assert reader.rest + b"".join(pieces[number + 1 :]) == rest
            return
    raise AssertionError("no result")


@given(st.binary(max_size=300))
def test_no_bytes_make_it_fail(data: bytes) -> None:
    for start in (b"", b"PROXY ", b"PROXY TCP6 ", SIGNATURE, SIGNATURE + b"\x21"):
        feed(start + data)
