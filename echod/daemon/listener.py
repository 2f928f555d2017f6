"""Where a daemon listens: a port or a Twisted endpoint, whose certificates can be read again meanwhile."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

from twisted.internet.address import IPv4Address, IPv6Address, UNIXAddress
from twisted.internet.endpoints import serverFromString
from twisted.internet.error import CannotListenError
from twisted.internet.interfaces import IListeningPort, IOpenSSLServerConnectionCreator, IStreamServerEndpoint
from twisted.logger import Logger
from zope.interface import implementer

from echod.daemon.certificates import folder_of, read_folder
from echod.daemon.private import TLS, exchange_tls
from echod.errors import TLS_MISSING, TLS_PACKAGE, BadSetting
from echod.server.listening import make_endpoint
from echod.settings import Settings
from echod.transport.addresses import peer_name
from echod.transport.interfaces import Reactor

if TYPE_CHECKING:
    # pyOpenSSL is an extra: echod[tls].
    from OpenSSL.SSL import Connection
    from twisted.protocols.tls import TLSMemoryBIOProtocol

log = Logger(namespace="echod")


@implementer(IOpenSSLServerConnectionCreator)
@dataclass(eq=False, slots=True)
class ReloadableTLS:
    """Makes the TLS of each new connection from what was loaded last."""

    loaded: TLS

    def serverConnectionForTLS(self, protocol: TLSMemoryBIOProtocol) -> Connection:
        if IOpenSSLServerConnectionCreator.providedBy(self.loaded):
            return self.loaded.serverConnectionForTLS(protocol)
        from OpenSSL.SSL import Connection

        return Connection(self.loaded.getContext(), None)


class PortListener:
    """A port of every interface, or of one address; `setting` is what the user calls it."""

    def __init__(self, settings: Settings, reactor: Reactor) -> None:
        host = settings.host
        self.setting = f"--port {settings.port}" if host is None else f"--host {host} --port {settings.port}"
        self.endpoint = make_endpoint(reactor, settings.port, host, settings.backlog)
        self._host = host

    def describe(self, port: IListeningPort) -> str:
        """Where it listens, for people and for parent processes: the first `:NUMBER` is the port."""
        number = cast(IPv4Address | IPv6Address, port.getHost()).port
        if self._host is None:
            return f"http://localhost:{number}/ on every interface"
        # An IPv6 address has colons and digits of its own.
        return (
            f":{number} at http://[{self._host}]:{number}/" if ":" in self._host else f"http://{self._host}:{number}/"
        )

    def reload(self) -> None:
        """There are no certificates."""


class EndpointListener:
    """A Twisted endpoint string; a BadSetting says why it, or a certificate that it names, cannot be used."""

    def __init__(self, source: str, text: str, reactor: Reactor) -> None:
        self.setting = f"{source} {text}"
        self._source, self._text, self._reactor = source, text, reactor
        self.endpoint = self._parse()
        loaded = exchange_tls(self.endpoint, None)
        self._tls = None if loaded is None else ReloadableTLS(loaded)
        exchange_tls(self.endpoint, self._tls)

    def describe(self, port: IListeningPort) -> str:
        host = port.getHost()
        name = host.name if isinstance(host, UNIXAddress) else None
        return f"{name.decode() if name else peer_name(host)} ({self._text})"

    def reload(self) -> None:
        """Load the certificates of new connections from their files; bad ones are logged, and the old ones stay."""
        if self._tls is None:
            return
        try:
            self._tls.loaded = exchange_tls(self._parse(), None) or self._tls.loaded
        except BadSetting as error:
            log.error("echod keeps its old certificates: {error}", error=error)
        else:
            log.info("echod has reloaded its certificates: {text}", text=self._text)

    def _parse(self) -> IStreamServerEndpoint:
        try:
            # A folder is read first, so that the complaint names the file.
            folder = folder_of(self._text)
            certificates = None if folder is None else read_folder(folder)
            endpoint: IStreamServerEndpoint = serverFromString(self._reactor, self._text)
        except Exception as error:
            # Endpoint parsers are plugins, and read files: they may raise anything.
            wanted = "a Twisted endpoint such as tcp:9001, unix:/run/echod.sock or ssl:443:privateKey=KEY"
            raise BadSetting(self._source, self._text, f"{wanted} ({explain(error)})") from None
        if certificates is not None:
            exchange_tls(endpoint, certificates)
        return endpoint


Listener = PortListener | EndpointListener


def explain(error: object) -> str:
    """The system's own words if it refused to listen, else those of the error, or if it has none, its name.

    Where TLS is not installed, what would install it.
    """
    if isinstance(error, ImportError) and (error.name or "").partition(".")[0] == TLS_PACKAGE:
        return TLS_MISSING
    return str(error.socketError if isinstance(error, CannotListenError) else error) or type(error).__name__
