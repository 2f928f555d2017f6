"""What the kernel can tell of a peer's reading, and how sockets are set so that it can.

Names used of Twisted's transports, here and in sending.py alone: `bufferSize`, `_isSendBufferFull`, `SEND_LIMIT`,
`dataBuffer`, `offset`, `_tempDataLen`.
`tests/transport/test_kernel.py` fails when a new Twisted changes one of them.
"""

from __future__ import annotations

import fcntl
import select
import socket
import struct
import termios
from typing import Any

LOCAL_SEND_BYTES = 3072
"""At one go on a local socket, which tells only of whole pieces that they have been read.

Whoever reads 1 KB/s must be through with one before any timeout for progress is over, the 5 s of a close among them.
"""

READ_BYTES = 65536
"""At one go, as Twisted has it."""

SIOCOUTQNSD = 0x894B
"""Linux's request for the bytes that are not sent yet (tcp(7)); Python's modules do not name it."""

TCP_INFO_SIZE = 128
QUEUED = struct.Struct("i")
BYTES_ACKED = struct.Struct("=120xQ")
"""`tcpi_bytes_acked` in Linux's `struct tcp_info`: what the peer has taken, ever."""

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


def limit_buffer(transport: Any, size: int) -> None:
    """Call for a pause when more than `size` bytes wait to be sent.

    Twisted has one number for this and for what it reads at one go, which must not grow: replies to all of that would
    wait on top of what waits already.
    """
    lowest = socket_transport(transport)
    lowest.bufferSize = min(size, READ_BYTES)
    if size > READ_BYTES:
        lowest._isSendBufferFull = lambda: unsent_of(lowest) > size
    handle = socket_of(lowest)
    if handle is not None and handle.family == socket.AF_UNIX:
        lowest.SEND_LIMIT = LOCAL_SEND_BYTES


def socket_transport(transport: Any) -> Any:
    """The lowest transport, which has the socket: below TLS and PROXY wrappers."""
    while (below := getattr(transport, "transport", None)) is not None:
        transport = below
    return transport


def socket_of(lowest: Any) -> socket.socket | None:
    """The socket of the lowest transport; None in memory."""
    handle = lowest.getHandle() if hasattr(lowest, "getHandle") else None
    return handle if isinstance(handle, socket.socket) else None


def taken_from(transport: Any) -> Taken:
    """Numbers of which one at least grows when the peer takes something; none where nothing can tell.

    Over TCP it is what the peer has acknowledged, and for a peer on this host what it has read: its kernel asks for
    more only when half of its buffer is free, for which a reader of 1 KB/s takes minutes. On a local socket a piece
    that was read makes room for the next: then as much waits in the kernel as before, but less in front of it.
    """
    lowest = socket_transport(transport)
    handle = socket_of(lowest)
    if handle is None:
        return ()
    if handle.family == socket.AF_UNIX:
        return -unread_of(handle), -unsent_of(lowest)
    return acked_by(handle), -unread_at_peer(handle)


def has_progress(before: Taken, after: Taken) -> bool:
    """Whether something was taken in between."""
    return any(new > old for old, new in zip(before, after, strict=True))


def acked_by(handle: socket.socket) -> int:
    """Bytes that the peer's kernel has acknowledged, ever."""
    acked: int = BYTES_ACKED.unpack_from(handle.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, TCP_INFO_SIZE))[0]
    return acked


def unread_at_peer(handle: socket.socket) -> int:
    """Bytes that have come to the peer of a TCP connection and are not read; 0 when it is not on this host."""
    try:
        with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, NETLINK_SOCK_DIAG) as kernel:
            kernel.send(diag_request(handle))
            answer = kernel.recv(1024, socket.MSG_DONTWAIT)
    except OSError:
        return 0
    is_found = NETLINK_HEAD.unpack_from(answer)[1] == SOCK_DIAG_BY_FAMILY
    return int(DIAG_QUEUE.unpack_from(answer)[0]) if is_found else 0


def diag_request(handle: socket.socket) -> bytes:
    """The question for the socket at the other end of a TCP connection."""
    (there, there_port), (here, here_port) = handle.getpeername()[:2], handle.getsockname()[:2]
    hosts = (socket.inet_pton(handle.family, host.partition("%")[0]).ljust(16, b"\0") for host in (there, here))
    identity = struct.pack("!HH", there_port, here_port) + b"".join(hosts) + DIAG_END.pack(0, ANY_COOKIE, ANY_COOKIE)
    body = DIAG_REQUEST.pack(handle.family, socket.IPPROTO_TCP, ANY_STATE) + identity
    return NETLINK_HEAD.pack(NETLINK_HEAD.size + len(body), SOCK_DIAG_BY_FAMILY, 1, 0, 0) + body


def unread_of(handle: socket.socket) -> int:
    """What the pieces take up that the peer of a local socket has not read."""
    answer = fcntl.ioctl(handle, termios.TIOCOUTQ, QUEUED.pack(0))
    return int(QUEUED.unpack(answer)[0])


def unsent_of(lowest: Any) -> int:
    """Bytes that Twisted has not handed to the kernel yet."""
    return int(len(lowest.dataBuffer) - lowest.offset + lowest._tempDataLen)


def is_broken(transport: Any) -> bool:
    """Whether the connection has ended in both directions, which nobody notices while nothing is read or written."""
    handle = socket_of(socket_transport(transport))
    if handle is None:
        return False
    watch = select.poll()
    watch.register(handle, 0)
    return bool(watch.poll(0))


def bytes_unsent(transport: Any) -> int:
    """What the system has taken and not sent yet, on a TCP socket; what is written meanwhile is sent along with it."""
    handle = socket_of(socket_transport(transport))
    if handle is None or handle.family == socket.AF_UNIX:
        return 0
    return int(QUEUED.unpack(fcntl.ioctl(handle, SIOCOUTQNSD, QUEUED.pack(0)))[0])
