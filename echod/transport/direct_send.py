"""Bytes to the socket at once, where nothing waits before them.

Twisted's own way is to keep what is written until the loop says that the socket takes it: two `epoll_ctl` and a turn
of the loop for each reply, 5 µs. Here what the kernel takes is sent in the call; the rest goes Twisted's way.

Names used of Twisted's transports, here and in progress.py alone: `dataBuffer`, `_tempDataBuffer`, `_aborting`,
`socket`, `TLS`.
`tests/transport/test_direct_send.py` fails when a new Twisted changes one of them.
"""

from __future__ import annotations

import socket
from collections.abc import Sequence
from contextlib import suppress
from typing import Any

from twisted.internet.tcp import Connection

from echod.settings import KIB

LARGE = 16 * KIB
"""A payload of this size is sent beside its head instead of being copied behind it."""

FAMILIES = (socket.AF_INET, socket.AF_INET6)


def is_direct(transport: Any) -> bool:
    """Whether this is plain TCP: no TLS, no wrapper, no local socket, whose pieces are counted."""
    return isinstance(transport, Connection) and not transport.TLS and transport.socket.family in FAMILIES


def send(transport: Any, pieces: Sequence[bytes]) -> None:
    """Send a chunk on plain TCP, as far as the kernel takes it at once; hand the rest to the transport.

    Of a connection that is lost, or to be aborted, nothing is sent any more.
    """
    if len(pieces) == 2 and len(pieces[1]) >= LARGE:
        send_large(transport, *pieces)
        return
    data = b"".join(pieces)
    if not transport.dataBuffer and not transport._tempDataBuffer:
        if transport._aborting:
            return
        try:
            sent = transport.socket.send(data)
        except (OSError, AttributeError):
            # A transport that has lost its connection has no socket, and takes no notice of what is written.
            sent = 0
        if sent == len(data):
            return
        data = data[sent:]
    transport.write(data)


def send_large(transport: Any, head: bytes, payload: bytes) -> None:
    """The same for a large frame, whose payload is copied only where the kernel does not take it."""
    sent = 0
    if not transport.dataBuffer and not transport._tempDataBuffer:
        if transport._aborting:
            return
        with suppress(OSError, AttributeError):
            sent = transport.socket.sendmsg((head, payload))
    for piece in (head, payload):
        if sent < len(piece):
            transport.write(piece[sent:])
        sent = max(0, sent - len(piece))


def want_bytes(transport: Any, count: int) -> None:
    """Tell a transport that can read much at one go how much is to come; any other takes no notice."""
    if hasattr(transport, "wanted_bytes"):
        transport.wanted_bytes = count
