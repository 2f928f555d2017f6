"""Bytes to the socket at once, where nothing waits before them.

Twisted's own way is to keep what is written until the loop says that the socket takes it: two `epoll_ctl` and a turn
of the loop for each reply, 5 µs. Here what the kernel takes is sent in the call; the rest goes Twisted's way.

The one place that looks into Twisted's transports; names used: `dataBuffer`, `_tempDataBuffer`, `socket`, `TLS`.
`tests/wire/test_sending.py` fails when a new Twisted changes one of them.
"""

from __future__ import annotations

import socket
from collections.abc import Sequence
from typing import Any

from twisted.internet.tcp import Connection

from echod.settings import KIB

LARGE = 16 * KIB
"""A payload of this size is sent beside its head instead of being copied behind it."""

FAMILIES = (socket.AF_INET, socket.AF_INET6)


def is_direct(transport: Any) -> bool:
    """Whether this is plain TCP: no TLS, no wrapper, no local socket, whose pieces are counted."""
    return isinstance(transport, Connection) and not transport.TLS and transport.socket.family in FAMILIES


def is_idle(transport: Any) -> bool:
    """Whether nothing waits to be sent before what is sent now."""
    return not transport.dataBuffer and not transport._tempDataBuffer


def send(transport: Any, pieces: Sequence[bytes]) -> None:
    """Send a chunk on plain TCP, as far as the kernel takes it at once; hand the rest to the transport."""
    if len(pieces) > 2 or len(pieces[-1]) < LARGE:
        pieces = (b"".join(pieces),)
    sent = send_now(transport, pieces) if is_idle(transport) else 0
    for piece in pieces:
        if sent < len(piece):
            transport.write(piece[sent:])
        sent = max(0, sent - len(piece))


def send_now(transport: Any, pieces: Sequence[bytes]) -> int:
    """How much the kernel takes; nothing of a connection that is lost, which the transport finds out for itself."""
    try:
        sent: int = transport.socket.sendmsg(pieces) if len(pieces) > 1 else transport.socket.send(pieces[0])
    except OSError:
        return 0
    return sent
