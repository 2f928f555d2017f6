"""A port on a local socket that listens already: made by `unix:`, or by systemd."""

from __future__ import annotations

import os
from contextlib import suppress

from twisted.internet import tcp, unix
from twisted.internet.interfaces import IProtocolFactory, IReactorCore
from twisted.python.failure import Failure

Identity = tuple[int, int]
"""Device and number of a file."""


class LocalPort(unix.Port):
    """Accepts connections on a socket as it is, and at the end removes its path only if that is ours.

    Twisted's own port sets mode and backlog of what it adopts, and at the end it removes the path and shuts the socket
    down, which goes on to listen in systemd. It also fails there when the path is gone already.
    """

    _owned: Identity | None = None
    _shouldShutdown = False

    def own(self) -> None:
        """The path is ours, as long as it is this file."""
        self._owned = identity_of(self._bindPath)

    def startListening(self) -> None:
        tcp._reservedFD.reserve()
        assert self._preexistingSocket is not None
        self.socket, self._preexistingSocket = self._preexistingSocket, None
        self.fileno = self.socket.fileno  # type: ignore[method-assign]
        self.numberAccepts = 100
        self.connected = True
        self.factory.doStart()  # type: ignore[union-attr]
        self.startReading()

    def connectionLost(self, reason: Failure) -> None:
        # Before the socket is closed: as long as it is open, no other file can have its number.
        if self._owned is not None and identity_of(self._bindPath) == self._owned:
            with suppress(OSError):
                os.unlink(self._bindPath)
        tcp.Port.connectionLost(self, reason)


def identity_of(path: bytes) -> Identity | None:
    """Which file this is; None where there is none."""
    try:
        status = os.lstat(path)
    except OSError:
        return None
    return status.st_dev, status.st_ino


def adopt_local(
    reactor: IReactorCore, descriptor: int, factory: IProtocolFactory, *, is_ours: bool = False
) -> LocalPort:
    """Accept connections on a copy of this descriptor, with any reactor."""
    os.set_blocking(descriptor, False)
    port: LocalPort = LocalPort._fromListeningDescriptor(reactor, descriptor, factory)
    if is_ours:
        port.own()
    port.startListening()
    return port
