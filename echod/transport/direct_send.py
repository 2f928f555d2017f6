"""Bytes to the socket at once, where nothing waits before them.

Twisted itself keeps what is written until the event loop says that the socket is writable: two `epoll_ctl` and a turn
of the loop for each reply, 5 µs. Here what the kernel takes is sent in the call; the rest is left to Twisted.
"""

from __future__ import annotations

import socket
from collections.abc import Sequence
from contextlib import suppress
from typing import Protocol

from twisted.internet.tcp import Connection

from echod.settings import KIB
from echod.transport.interfaces import Transport

LARGE = 16 * KIB
"""A payload of this size is sent beside its head instead of being copied behind it."""


class PlainTransport(Transport, Protocol):
    """What is used here of Twisted's TCP transport beyond its interfaces; a canary test looks for each name."""

    dataBuffer: bytes
    _tempDataBuffer: list[bytes]
    _aborting: bool
    socket: socket.socket
    TLS: bool


def is_direct(transport: object) -> bool:
    """Whether this is plain TCP: no TLS, no wrapper, no local socket, whose pieces are counted."""
    return isinstance(transport, Connection) and not transport.TLS and transport.socket.family != socket.AF_UNIX


def send(transport: Transport, pieces: Sequence[bytes]) -> None:
    """Send a chunk on a transport that `is_direct`, as far as the kernel takes it at once; Twisted sends the rest.

    Nothing is sent on a connection that is lost, or to be aborted.
    """
    plain: PlainTransport = transport  # type: ignore[assignment]
    if len(pieces) == 2 and len(pieces[1]) >= LARGE:
        send_large(plain, *pieces)
        return
    data = b"".join(pieces)
    if not plain.dataBuffer and not plain._tempDataBuffer:
        if plain._aborting:
            return
        try:
            sent = plain.socket.send(data)
        except (OSError, AttributeError):
            # A transport that has lost its connection has no socket, and ignores what is written.
            sent = 0
        if sent == len(data):
            return
        data = data[sent:]
    transport.write(data)


def send_large(transport: PlainTransport, head: bytes, payload: bytes) -> None:
    """The same for a large frame: of its payload only what the kernel does not take is copied."""
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


def want_bytes(transport: Transport, count: int) -> None:
    """Tell a transport that can read much at one go how many bytes are to come; any other ignores it."""
    if hasattr(transport, "wanted_bytes"):
        transport.wanted_bytes = count
