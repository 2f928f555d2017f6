"""The names that Twisted keeps to itself and the daemon uses, each with its type: none of them stands elsewhere here.

`tests/daemon` runs each of them; a release of Twisted that renames one fails there and is mended here.
"""

from __future__ import annotations

from select import epoll

from twisted.internet.endpoints import _parse
from twisted.internet.epollreactor import EPollReactor
from twisted.internet.interfaces import IListeningPort, IProtocolFactory, IReadDescriptor
from twisted.internet.tcp import Port
from twisted.logger import globalLogPublisher


class DeclaredReactor(EPollReactor):
    """Twisted's reactor for epoll, with the types of what `LeanReactor` uses of its inside."""

    _poller: epoll
    _selectables: dict[int, IReadDescriptor]


def adopt_port(
    kind: type[Port], reactor: EPollReactor, descriptor: int, family: int, factory: IProtocolFactory
) -> IListeningPort:
    """A port of this kind on a socket that listens already."""
    port: IListeningPort = kind._fromListeningDescriptor(reactor, descriptor, family, factory)
    return port


def parse_endpoint(text: str) -> tuple[list[str], dict[str, str]]:
    """The words of an endpoint string, and those with a name."""
    words, named = _parse(text)
    return words, named


def log_files() -> list[object]:
    """What the log is written to."""
    return [getattr(observer, "_outFile", None) for observer in globalLogPublisher._observers]
