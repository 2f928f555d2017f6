"""Sockets that systemd, or another supervisor, has opened and handed over (sd_listen_fds(3))."""

from __future__ import annotations

import os
import socket
import stat
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from twisted.internet.defer import Deferred, execute
from twisted.internet.interfaces import IListeningPort, IProtocolFactory, IStreamServerEndpoint
from zope.interface import implementer

from echod.transport.interfaces import Reactor
from echod.transport.local_port import adopt_local

FIRST = 3
"""The descriptor of the first."""
INTERNET = (socket.AF_INET, socket.AF_INET6)


@dataclass(frozen=True, slots=True)
class Inherited:
    """A descriptor that was handed over, and its name, which without `FileDescriptorName=` is that of the unit."""

    descriptor: int
    name: str


@implementer(IStreamServerEndpoint)
@dataclass(frozen=True, slots=True)
class InheritedSocket:
    """Listens on a socket that listens already; its path, mode and backlog stay what they are, and it stays open."""

    reactor: Reactor
    descriptor: int
    family: socket.AddressFamily

    def listen(self, factory: IProtocolFactory) -> Deferred[IListeningPort]:
        return execute(self._listen, factory)

    def _listen(self, factory: IProtocolFactory) -> IListeningPort:
        os.set_blocking(self.descriptor, False)
        os.set_inheritable(self.descriptor, False)
        if self.family == socket.AF_UNIX:
            return adopt_local(self.reactor, self.descriptor, factory)
        # The reactor duplicates the descriptor.
        return self.reactor.adoptStreamPort(self.descriptor, self.family, factory)  # type: ignore[arg-type]


def first_environment() -> dict[str, str]:
    """The environment with which the process has begun.

    Twisted takes LISTEN_FDS out of `os.environ` when it is imported, and then forgets sockets that have no names.
    """
    entries = Path("/proc/self/environ").read_bytes().split(b"\0")
    return {name: value for name, _, value in (os.fsdecode(entry).partition("=") for entry in entries)}


def inherited_sockets(environment: Mapping[str, str]) -> list[Inherited]:
    """What was handed over.

    Raises:
        ValueError: nothing was, or it was another process that got it.
    """
    count, process_id = environment.get("LISTEN_FDS", ""), environment.get("LISTEN_PID", "")
    if not count.isdecimal() or int(count) == 0:
        raise ValueError("no socket was handed over: LISTEN_FDS is not set; is there a .socket unit?")
    if process_id != str(os.getpid()):
        raise ValueError(f"the sockets were handed over to process {process_id}, not to this one, {os.getpid()}")
    names = environment.get("LISTEN_FDNAMES", "").split(":")
    names += [""] * (int(count) - len(names))
    return [Inherited(FIRST + index, names[index]) for index in range(int(count))]


def choose(sockets: list[Inherited], index: str | None, name: str | None) -> Inherited:
    """The one with this place or name; without both, the only one.

    Raises:
        ValueError: there is no such socket, or there are several.
    """
    if index is not None and name is not None:
        raise ValueError("index= and name= at once")
    if index is not None:
        if not index.isdecimal() or int(index) >= len(sockets):
            raise ValueError(f"index={index}: {tell(sockets)}")
        return sockets[int(index)]
    found = [one for one in sockets if name in (None, one.name)]
    if len(found) != 1:
        asked = "neither index= nor name=" if name is None else f"name={name}"
        raise ValueError(f"{asked}: {tell(sockets)}")
    return found[0]


def tell(sockets: list[Inherited]) -> str:
    """What there is, for a complaint."""
    names = ", ".join(f"{index} ({one.name or 'without a name'})" for index, one in enumerate(sockets))
    return f"the sockets that were handed over are {names}"


def inherit(reactor: Reactor, domain: str, index: str | None = None, name: str | None = None) -> InheritedSocket:
    """The endpoint for `systemd:domain=INET:index=0`, or with `name=`, or with neither if there is one socket.

    Raises:
        ValueError: there is no such socket, or it is not of this domain.
    """
    descriptor = choose(inherited_sockets(first_environment()), index, name).descriptor
    return InheritedSocket(reactor, descriptor, family_of(descriptor, domain))


def family_of(descriptor: int, domain: str) -> socket.AddressFamily:
    """The address family of a listening stream socket, which is of the domain: INET, INET6 or UNIX.

    A port number in a socket unit is an IPv6 socket for both families, so that INET names it too.
    """
    if not is_socket(descriptor):
        raise ValueError(f"descriptor {descriptor} is no socket")
    with socket.socket(fileno=os.dup(descriptor)) as duplicate:
        family = socket.AddressFamily(duplicate.family)
        is_listening = duplicate.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN)
    if not is_listening:
        raise ValueError(f"descriptor {descriptor} is no listening stream socket (ListenStream=, Accept=no)")
    wanted = getattr(socket, f"AF_{domain}", None)
    if family != wanted and not (family in INTERNET and wanted in INTERNET):
        raise ValueError(f"domain={domain}: the socket is of domain={family.name.removeprefix('AF_')}")
    return family


def is_socket(descriptor: int) -> bool:
    """Whether this is the descriptor of an open socket."""
    try:
        return stat.S_ISSOCK(os.fstat(descriptor).st_mode)
    except OSError:
        return False
