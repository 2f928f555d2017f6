"""Protocol violations: frames that no server may send, each with one fault, byte by byte (RFC 6455, 5). Pure."""

from __future__ import annotations

VIOLATIONS = {
    "utf8": b"\x81\x02\xc3\x28",  # Text whose second byte cannot follow its first (8.1).
    "mask": b"\x81\x85\x11\x22\x33\x44\x79\x47\x5f\x28\x7e",  # A server masks nothing (5.1).
    "rsv": b"\x91\x05hello",  # RSV3, which no extension has been given (5.2).
    "opcode": b"\x83\x05hello",  # Reserved for data frames to come (5.2).
    "length": b"\x81\x7e\x00\x05hello",  # Five bytes need no extended length (5.2).
    "huge-length": b"\x82\x7f\x7f\xff\xff\xff\xff\xff\xff\xffhello",  # Eight exbibytes, of which five bytes come.
    "control-length": b"\x89\x7e\x00\x7e" + b"p" * 126,  # A control frame has at most 125 bytes (5.5).
    "control-fragment": b"\x09\x05hello",  # Control frames are whole (5.5).
    "continuation": b"\x80\x05hello",  # There is nothing to continue (5.4).
    "close-code": b"\x88\x02\x03\xed",  # 1005 is never sent (7.4.1).
    "close-utf8": b"\x88\x04\x03\xe8\xc3\x28",  # A reason is UTF-8, as text is (5.5.1).
}


def is_close(frame: bytes) -> bool:
    """Whether nothing may follow this frame."""
    return frame[0] == 0x88
