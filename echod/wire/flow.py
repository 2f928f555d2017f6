"""Back-pressure and deadlines: when reading pauses, when a peer counts as stuck, and how a connection ends."""

from __future__ import annotations

import fcntl
import socket
import struct
import termios
from typing import Any

from twisted.internet.interfaces import IDelayedCall, IPushProducer, IReactorTime, ISSLTransport, ITCPTransport
from zope.interface import implementer

WRITING = "writing"
"""The reason of the transport: its write buffer is above its mark."""

CHECK_INTERVAL_S = 1.0
"""How often the progress of a stuck peer is looked at; must be smaller than every timeout that is watched."""

LOCAL_SEND_BYTES = 8192
"""At one go on a local socket, which tells only of whole pieces that they have been read."""

SIOCOUTQNSD = 0x894B
"""Linux's request for the bytes that are not sent yet (tcp(7)); Python's modules do not name it."""

TCP_INFO_SIZE = 128
QUEUED = struct.Struct("i")
BYTES_ACKED = struct.Struct("=120xQ")
"""`tcpi_bytes_acked` in Linux's `struct tcp_info`: what the peer has taken, ever."""


@implementer(IPushProducer)
class Flow:
    """The one owner of a transport's reading, and its producer: unread replies stop reading.

    A peer that takes nothing for `stall_timeout_s` while its replies wait is cut. Progress counts, not age.
    """

    __slots__ = ("_reasons", "_stall", "_transport")

    def __init__(self, transport: Any, clock: IReactorTime, stall_timeout_s: float) -> None:
        self._transport = transport
        self._reasons: frozenset[str] = frozenset()
        self._stall = Watch(transport, clock, stall_timeout_s)

    @property
    def is_held(self) -> bool:
        """Whether there is a reason not to read."""
        return bool(self._reasons)

    def hold(self, reason: str) -> None:
        """Stop reading for this reason; again for the same reason changes nothing."""
        if not self._reasons:
            self._transport.pauseProducing()
        self._reasons |= {reason}

    def release(self, reason: str) -> None:
        """The reason is gone; reading goes on when it was the last."""
        if reason in self._reasons:
            self._reasons -= {reason}
            if not self._reasons:
                self._transport.resumeProducing()

    def pauseProducing(self) -> None:
        self.hold(WRITING)
        self._stall.start()

    def resumeProducing(self) -> None:
        self._stall.stop()
        self.release(WRITING)

    def stopProducing(self) -> None:
        """The transport is lost, or left to its last phase: there is no one to wait for."""
        self._stall.stop()


class Watch:
    """Cuts a connection whose peer has taken nothing for `timeout_s`, while it is started."""

    __slots__ = ("_clock", "_since", "_taken", "_timeout_s", "_timer", "_transport")

    def __init__(self, transport: Any, clock: IReactorTime, timeout_s: float) -> None:
        self._transport = transport
        self._clock = clock
        self._timeout_s = timeout_s
        self._timer: IDelayedCall | None = None
        self._taken = 0
        self._since = 0.0

    def start(self) -> None:
        """From now on; again changes nothing."""
        if self._timer is None and self._timeout_s:
            self._taken, self._since = bytes_taken(self._transport), self._clock.seconds()
            self._wait(self._timeout_s)

    def stop(self) -> None:
        """No longer; again changes nothing."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _wait(self, left_s: float) -> None:
        self._timer = self._clock.callLater(min(CHECK_INTERVAL_S, left_s), self._check)

    def _check(self) -> None:
        taken, now = bytes_taken(self._transport), self._clock.seconds()
        if taken != self._taken:
            self._taken, self._since = taken, now
        self._timer = None
        left_s = self._timeout_s - (now - self._since)
        if left_s <= 0:
            self._transport.abortConnection()
        else:
            self._wait(left_s)


class Ending:
    """The last phase of a connection: the peer gets what is written, and is cut when it takes nothing any more.

    To be made when a connection is, begun when it is to end, and stopped when it is lost; each may happen again.
    """

    __slots__ = ("_transport", "_watch")

    def __init__(self, transport: Any, clock: IReactorTime, timeout_s: float) -> None:
        self._transport = transport
        self._watch = Watch(transport, clock, timeout_s)

    def await_close(self) -> None:
        """Our Close is on its way, and the peer's is awaited."""
        self._watch.start()

    def begin(self) -> None:
        """Flush, then close our side; what still comes is for the caller to drop, until the peer closes too.

        To close at once, with bytes unread, would reset the connection and take away what the peer has not read yet.
        """
        self._watch.start()
        # Reading may be held, but the end of the stream has to be seen.
        self._transport.resumeProducing()
        if is_tls(self._transport) or not ITCPTransport.providedBy(self._transport):
            self._transport.loseConnection()
        else:
            self._transport.loseWriteConnection()

    def finish(self) -> None:
        """The peer has closed its side: flush, then close; there is nothing more to wait for."""
        self._watch.start()
        self._transport.loseConnection()

    def stop(self) -> None:
        """The connection is lost."""
        self._watch.stop()


def is_tls(transport: Any) -> bool:
    """Whether there is TLS between us and the socket."""
    return bool(ISSLTransport.providedBy(transport))


def socket_transport(transport: Any) -> Any:
    """The lowest transport, which has the socket: below TLS and PROXY wrappers."""
    while (below := getattr(transport, "transport", None)) is not None:
        transport = below
    return transport


def limit_buffer(transport: Any, size: int) -> None:
    """Call for a pause when more than `size` bytes wait to be sent."""
    lowest = socket_transport(transport)
    lowest.bufferSize = size
    handle = socket_of(lowest)
    if handle is not None and handle.family == socket.AF_UNIX:
        lowest.SEND_LIMIT = LOCAL_SEND_BYTES


def socket_of(lowest: Any) -> socket.socket | None:
    """The socket of the lowest transport; None in memory."""
    handle = lowest.getHandle() if hasattr(lowest, "getHandle") else None
    return handle if isinstance(handle, socket.socket) else None


def unread_of(handle: socket.socket) -> int:
    """Bytes that the peer of a local socket has not read."""
    answer = fcntl.ioctl(handle, termios.TIOCOUTQ, QUEUED.pack(0))
    return int(QUEUED.unpack(answer)[0])


def bytes_unsent(transport: Any) -> int:
    """What the system has taken and not sent yet, on a TCP socket; what is written meanwhile is sent along with it."""
    handle = socket_of(socket_transport(transport))
    if handle is None or handle.family == socket.AF_UNIX:
        return 0
    return int(QUEUED.unpack(fcntl.ioctl(handle, SIOCOUTQNSD, QUEUED.pack(0)))[0])


def bytes_taken(transport: Any) -> int:
    """What the peer has acknowledged so far, or on a local socket how little waits; 0 where none can tell."""
    handle = socket_of(socket_transport(transport))
    if handle is None:
        return 0
    if handle.family == socket.AF_UNIX:
        return -unread_of(handle)
    acked: int = BYTES_ACKED.unpack_from(handle.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, TCP_INFO_SIZE))[0]
    return acked
