"""permessage-deflate from the other side: messages as a client compresses them (RFC 7692, 7.2.1)."""

from __future__ import annotations

import zlib


def deflated(payload: bytes, level: int = 6) -> bytes:
    """A message with a context of its own."""
    compressor = zlib.compressobj(level, wbits=-15)
    return (compressor.compress(payload) + compressor.flush(zlib.Z_SYNC_FLUSH))[:-4]
