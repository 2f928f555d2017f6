"""The names that Twisted keeps to itself and the daemon uses, each with its type: none of them stands elsewhere here.

`tests/daemon` runs each of them; a release of Twisted that renames one fails there and is mended here.
"""

from __future__ import annotations

from collections.abc import Iterable
from select import epoll
from typing import TYPE_CHECKING

from twisted.internet.endpoints import _parse
from twisted.internet.epollreactor import EPollReactor
from twisted.internet.interfaces import (
    IListeningPort,
    IOpenSSLContextFactory,
    IOpenSSLServerConnectionCreator,
    IProtocolFactory,
    IReadDescriptor,
    IStreamServerEndpoint,
)
from twisted.internet.tcp import Port
from twisted.logger import globalLogPublisher
from twisted.python.filepath import FilePath

if TYPE_CHECKING:
    from twisted.protocols._sni import PEMObjects

TLS = IOpenSSLServerConnectionCreator | IOpenSSLContextFactory
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


def exchange_tls(endpoint: IStreamServerEndpoint, tls: TLS | None) -> TLS | None:
    """Give this to an endpoint, also behind `haproxy:`, for what makes its TLS; what it had, or None: it has no TLS."""
    while (wrapped := getattr(endpoint, "_wrappedEndpoint", None)) is not None:
        endpoint = wrapped
    for name in TLS_ATTRIBUTES:
        if hasattr(endpoint, name):
            before: TLS = getattr(endpoint, name)
            setattr(endpoint, name, tls)
            return before
    return None


def read_pems(files: Iterable[FilePath[str]]) -> PEMObjects:
    """The keys and certificates of all these files; a ValueError names one that has none, or does not load."""
    # pyOpenSSL is an extra: echod[tls].
    from twisted.protocols._sni import PEMObjects

    found = PEMObjects([], [])
    for file in files:
        try:
            part = PEMObjects.fromFile(file)
        except Exception as error:
            # OpenSSL, cryptography and the system each have their own, and some say nothing.
            raise ValueError(f"{file.path}: {error or type(error).__name__}") from error
        if not part._certificates and not part._keyPairs:
            raise ValueError(f"{file.path}: neither a key nor a certificate")
        found._certificates += part._certificates
        found._keyPairs += part._keyPairs
    return found


def log_files() -> list[object]:
    """What the log is written to."""
    return [getattr(observer, "_outFile", None) for observer in globalLogPublisher._observers]
