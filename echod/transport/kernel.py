"""What the kernel knows of a peer's progress in reading, and how sockets are set so that it does."""

from __future__ import annotations

import fcntl
import select
import socket
import struct
import termios
from collections.abc import Callable
from typing import Protocol, cast

from echod.transport.interfaces import Transport

LOCAL_SEND_BYTES = 3072
"""At one go on a local socket, which tells only of whole pieces that they have been read.

A peer that reads 1 KB/s must finish one before any stall timeout, the shortest of which is the 5 s of a close.
"""

READ_BYTES = 65536
"""At one go, as Twisted has it."""

SIOCOUTQNSD = 0x894B
"""Linux's request for the bytes that are not sent yet (tcp(7)); Python's modules do not name it."""

QUEUED = struct.Struct("i")
BYTES_ACKED = struct.Struct("=120xQ")
"""`tcpi_bytes_acked` in Linux's `struct tcp_info`: bytes that the peer has acknowledged, ever."""

NETLINK_SOCK_DIAG = 4
SOCK_DIAG_BY_FAMILY = 20
ANY_STATE = ANY_COOKIE = 0xFFFFFFFF
NETLINK_HEAD = struct.Struct("=IHHII")
DIAG_REQUEST = struct.Struct("=BBxxI")
DIAG_END = struct.Struct("=III")
"""Interface and cookie, at the end of a socket's identity."""
DIAG_QUEUE = struct.Struct("=72xI")
"""`idiag_rqueue` in the answer, of a `struct inet_diag_msg` behind a head of netlink (sock_diag(7))."""

Taken = tuple[int, ...]


class SocketTransport(Transport, Protocol):
    """What is used here of Twisted's transports on sockets beyond their interfaces; a canary looks for each name."""

    bufferSize: int
    SEND_LIMIT: int
    dataBuffer: bytes
    offset: int
    _tempDataLen: int
    _isSendBufferFull: Callable[[], bool]


def limit_buffer(transport: Transport, size: int) -> None:
    """Let the transport pause its producer when more than `size` bytes wait in its write buffer.

    Twisted has one number for this and for the bytes that it reads at one go, which must not grow: the replies to all
    of them would wait on top.
    """
    lowest = socket_transport(transport)
    lowest.bufferSize = min(size, READ_BYTES)
    if size > READ_BYTES:
        lowest._isSendBufferFull = lambda: unsent_of(lowest) > size
    handle = socket_of(lowest)
    if handle is not None and handle.family == socket.AF_UNIX:
        lowest.SEND_LIMIT = LOCAL_SEND_BYTES


def socket_transport(transport: object) -> SocketTransport:
    """The lowest transport, which has the socket: below TLS and PROXY wrappers."""
    while (below := getattr(transport, "transport", None)) is not None:
        transport = below
    return cast("SocketTransport", transport)


def socket_of(lowest: object) -> socket.socket | None:
    """The socket of the lowest transport; None in memory."""
    handle = lowest.getHandle() if hasattr(lowest, "getHandle") else None
    return handle if isinstance(handle, socket.socket) else None


def taken_from(transport: object) -> Taken:
    """Numbers of which at least one grows when the peer makes progress; none for a transport without a socket.

    Over TCP it is what the peer has acknowledged, and for a peer on this host what it has read: its kernel opens the
    window only when half of its buffer is free, for which a reader of 1 KB/s needs minutes. On a local socket a piece
    that was read makes room for the next: then as much waits in the kernel as before, but less in Twisted's buffer.
    """
    lowest = socket_transport(transport)
    handle = socket_of(lowest)
    if handle is None:
        return ()
    if handle.family == socket.AF_UNIX:
        return -unread_of(handle), -unsent_of(lowest)
    return acked_by(handle), -unread_at_peer(handle)


def has_progress(before: Taken, after: Taken) -> bool:
    """Whether the peer has made progress in between."""
    return any(new > old for old, new in zip(before, after, strict=True))


def acked_by(handle: socket.socket) -> int:
    """Bytes that the peer's kernel has acknowledged, ever."""
    acked: int = BYTES_ACKED.unpack_from(handle.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, BYTES_ACKED.size))[0]
    return acked


def unread_at_peer(handle: socket.socket) -> int:
    """Bytes in the receive buffer of the peer of a TCP connection; 0 when it is not on this host."""
    try:
        with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, NETLINK_SOCK_DIAG) as kernel:
            kernel.send(diag_request(handle))
            answer = kernel.recv(1024, socket.MSG_DONTWAIT)
    except OSError:
        return 0
    is_found = NETLINK_HEAD.unpack_from(answer)[1] == SOCK_DIAG_BY_FAMILY
    return int(DIAG_QUEUE.unpack_from(answer)[0]) if is_found else 0


def diag_request(handle: socket.socket) -> bytes:
    """The netlink request for the socket at the other end of a TCP connection (sock_diag(7))."""
    (there, there_port), (here, here_port) = handle.getpeername()[:2], handle.getsockname()[:2]
    hosts = (socket.inet_pton(handle.family, host.partition("%")[0]).ljust(16, b"\0") for host in (there, here))
    identity = struct.pack("!HH", there_port, here_port) + b"".join(hosts) + DIAG_END.pack(0, ANY_COOKIE, ANY_COOKIE)
    body = DIAG_REQUEST.pack(handle.family, socket.IPPROTO_TCP, ANY_STATE) + identity
    return NETLINK_HEAD.pack(NETLINK_HEAD.size + len(body), SOCK_DIAG_BY_FAMILY, 1, 0, 0) + body


def unread_of(handle: socket.socket) -> int:
    """The memory of the pieces that the peer of a local socket has not read."""
    answer = fcntl.ioctl(handle, termios.TIOCOUTQ, QUEUED.pack(0))
    return int(QUEUED.unpack(answer)[0])


def unsent_of(lowest: SocketTransport) -> int:
    """Bytes in Twisted's write buffer."""
    return len(lowest.dataBuffer) - lowest.offset + lowest._tempDataLen


def waiting_bytes(transport: Transport) -> int:
    """Bytes that wait in the write buffer of this process; what TLS gathers in a turn of the loop counts from the next.

    None wait in a transport without a buffer of Twisted's.
    """
    lowest = socket_transport(transport)
    return unsent_of(lowest) if hasattr(lowest, "dataBuffer") else 0


def is_broken(transport: Transport) -> bool:
    """Whether the connection has ended in both directions, which goes unnoticed while nothing is read or written."""
    handle = socket_of(socket_transport(transport))
    if handle is None:
        return False
    watch = select.poll()
    watch.register(handle, 0)
    return bool(watch.poll(0))


def bytes_unsent(transport: Transport) -> int:
    """Bytes in the kernel's send buffer of a TCP socket that are not sent yet; what is written now joins them."""
    handle = socket_of(socket_transport(transport))
    if handle is None or handle.family == socket.AF_UNIX:
        return 0
    return int(QUEUED.unpack(fcntl.ioctl(handle, SIOCOUTQNSD, QUEUED.pack(0)))[0])
