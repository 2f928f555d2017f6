"""The names that Twisted keeps to itself and the daemon uses, each with its type: none of them stands elsewhere here.

`tests/daemon` runs each of them; a release of Twisted that renames one fails there and is mended here.
"""

from __future__ import annotations

from select import epoll
from typing import TYPE_CHECKING

from twisted.internet.endpoints import _parse
from twisted.internet.epollreactor import EPollReactor
from twisted.internet.interfaces import IListeningPort, IProtocolFactory, IReadDescriptor, IStreamServerEndpoint
from twisted.internet.tcp import Port
from twisted.logger import globalLogPublisher
from twisted.python.filepath import FilePath

if TYPE_CHECKING:
    from twisted.protocols._sni import PEMObjects

TLS_ATTRIBUTES = ("_sslContextFactory", "connectionCreator")
"""Where Twisted's endpoints for `ssl:` and `tls:` keep what makes their connections."""


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


def innermost(endpoint: IStreamServerEndpoint) -> IStreamServerEndpoint:
    """The endpoint below wrappers such as `haproxy:`."""
    while (wrapped := getattr(endpoint, "_wrappedEndpoint", None)) is not None:
        endpoint = wrapped
    return endpoint


def tls_attribute(endpoint: IStreamServerEndpoint) -> str | None:
    """The name of the attribute of an endpoint that holds what makes its TLS; None: it has no TLS."""
    return next((name for name in TLS_ATTRIBUTES if hasattr(endpoint, name)), None)


def read_pems(file: FilePath[str]) -> PEMObjects:
    """The keys and certificates of a file."""
    # pyOpenSSL is an extra: echod[tls].
    from twisted.protocols._sni import PEMObjects

    return PEMObjects.fromFile(file)


def is_empty(pems: PEMObjects) -> bool:
    return not pems._certificates and not pems._keyPairs


def join_pems(parts: list[PEMObjects]) -> PEMObjects:
    """The keys and certificates of all of them."""
    from twisted.protocols._sni import PEMObjects

    found = PEMObjects([], [])
    for part in parts:
        found._certificates += part._certificates
        found._keyPairs += part._keyPairs
    return found


def log_files() -> list[object]:
    """What the log is written to."""
    return [getattr(observer, "_outFile", None) for observer in globalLogPublisher._observers]
