"""A local socket to listen on: `unix:PATH`, also where a daemon before it has crashed."""

from __future__ import annotations

import fcntl
import os
import socket
import stat
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass

from twisted.internet.defer import Deferred, execute
from twisted.internet.error import CannotListenError
from twisted.internet.interfaces import IListeningPort, IProtocolFactory, IStreamServerEndpoint
from zope.interface import implementer

from echod.transport.interfaces import Reactor
from echod.transport.local_port import adopt_local

LOCK_TRIES, LOCK_WAIT_S = 100, 0.01
"""How long another daemon that starts in the same folder is waited for."""


@implementer(IStreamServerEndpoint)
@dataclass(frozen=True, slots=True)
class LocalSocket:
    """Listens there; a socket file without a listener is taken over, one with a listener and any other file is not.

    It stands in for Twisted's endpoint, which asks a lock file with a process number: after a crash it takes the number
    for alive where another process has it by now, as in every container, and it takes over nothing that has no lock.
    """

    reactor: Reactor
    path: str
    mode: int
    backlog: int

    def listen(self, factory: IProtocolFactory) -> Deferred[IListeningPort]:
        return execute(self._listen, factory)

    def _listen(self, factory: IProtocolFactory) -> IListeningPort:
        try:
            with make_socket(self.path, self.mode, self.backlog) as made:
                return adopt_local(self.reactor, made.fileno(), factory, is_ours=True)
        except OSError as error:
            raise CannotListenError(None, self.path, error) from error


def make_socket(path: str, mode: int, backlog: int) -> socket.socket:
    """A socket that listens there, whose file has this mode.

    Raises:
        OSError: another process listens there, a file that is no socket is there, or the system refuses.
    """
    made = socket.socket(socket.AF_UNIX)
    try:
        with locked(os.path.dirname(path) or os.curdir):
            remove_stale(path)
            made.bind(path)
            os.chmod(path, mode)
            made.listen(backlog)
    except BaseException:
        made.close()
        raise
    return made


def remove_stale(path: str) -> None:
    """Remove a socket file that no process listens to; any other is an OSError, and stays."""
    with suppress(FileNotFoundError):
        if not stat.S_ISSOCK(os.lstat(path).st_mode):
            raise FileExistsError("the file that is there is no socket, and stays")
        if is_live(path):
            raise OSError("another process listens there")
        os.unlink(path)


def is_live(path: str) -> bool:
    """Whether a process listens there; also where its backlog is full, or where it cannot be asked."""
    with socket.socket(socket.AF_UNIX) as probe:
        probe.setblocking(False)
        try:
            probe.connect(path)
        except (ConnectionRefusedError, FileNotFoundError):
            return False
        except OSError:
            return True
    return True


@contextmanager
def locked(folder: str) -> Iterator[None]:
    """No two daemons at a time take over a socket in this folder; a crash leaves no lock behind.

    Where the folder cannot be locked, for a second or at all, this is only not ensured.
    """
    try:
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    except OSError:
        yield
        return
    try:
        wait_for_lock(descriptor)
        yield
    finally:
        os.close(descriptor)


def wait_for_lock(descriptor: int) -> None:
    """Lock it, or give up after a second."""
    for _ in range(LOCK_TRIES):
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            time.sleep(LOCK_WAIT_S)
        else:
            return
