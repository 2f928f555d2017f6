"""Where a daemon listens: a port or an endpoint string, whose certificates can be read again meanwhile."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar, cast

from twisted.internet.address import IPv4Address, IPv6Address, UNIXAddress
from twisted.internet.defer import Deferred
from twisted.internet.error import CannotListenError
from twisted.internet.interfaces import (
    IListeningPort,
    IOpenSSLServerConnectionCreator,
    IProtocolFactory,
    IStreamServerEndpoint,
)
from twisted.logger import Logger
from zope.interface import implementer

from echod.counters import Counters
from echod.daemon.endpoints import parse_place
from echod.errors import BadSetting, printable
from echod.server.listening import make_endpoint
from echod.settings import Settings
from echod.transport.addresses import peer_name
from echod.transport.interfaces import Reactor
from echod.transport.proxied import ProxyHeaderFactory

if TYPE_CHECKING:
    # pyOpenSSL is an extra: echod[tls].
    from OpenSSL.SSL import Connection
    from twisted.protocols.tls import TLSMemoryBIOProtocol

    from echod.daemon.contexts import Contexts

Made = TypeVar("Made")

log = Logger(namespace="echod")


@implementer(IOpenSSLServerConnectionCreator)
@dataclass(eq=False, slots=True)
class ReloadableTLS:
    """Makes the TLS of each new connection from what was loaded last."""

    loaded: Contexts

    def serverConnectionForTLS(self, protocol: TLSMemoryBIOProtocol) -> Connection:
        return self.loaded.serverConnectionForTLS(protocol)


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
    """An endpoint string; a BadSetting says why it, or a certificate that it names, cannot be used."""

    def __init__(self, source: str, text: str, reactor: Reactor, counters: Counters | None = None) -> None:
        self.setting = f"{source} {text}"
        self._source, self._text = source, text
        place = self._try(lambda: parse_place(reactor, text))
        self._load = place.load
        self._tls = None if place.load is None else ReloadableTLS(self._try(place.load))
        self.endpoint = Layered(place.endpoint, self._tls, (counters or Counters()) if place.is_proxied else None)

    def describe(self, port: IListeningPort) -> str:
        host = port.getHost()
        name = host.name if isinstance(host, UNIXAddress) else None
        return f"{show_path(name) if name else peer_name(host)} ({self._text})"

    def reload(self) -> None:
        """Load the certificates of new connections from their files; bad ones are logged, and the old ones stay."""
        if self._tls is None or self._load is None:
            return
        try:
            self._tls.loaded = self._try(self._load)
        except BadSetting as error:
            log.error("echod keeps its old certificates: {error}", error=error)
        else:
            log.info("echod has reloaded its certificates: {text}", text=self._text)

    def _try(self, make: Callable[[], Made]) -> Made:
        try:
            return make()
        except Exception as error:
            # Endpoint parsers are plugins, and read files: they may raise anything.
            wanted = "a Twisted endpoint such as tcp:9001, unix:/run/echod.sock or ssl:443:privateKey=KEY"
            raise BadSetting(self._source, self._text, f"{wanted} ({printable(explain(error))})") from None


@implementer(IStreamServerEndpoint)
@dataclass(frozen=True, slots=True)
class Layered:
    """Listens there with what lies between socket and gate: the PROXY header in the clear, then TLS."""

    below: IStreamServerEndpoint
    tls: ReloadableTLS | None
    proxied: Counters | None
    """Where refused PROXY headers are counted; None where there is none to come."""

    def listen(self, factory: IProtocolFactory) -> Deferred[IListeningPort]:
        if self.tls is not None:
            # pyOpenSSL is an extra: echod[tls].
            from echod.transport.tls import HalfClosedTLSFactory

            factory = HalfClosedTLSFactory(self.tls, False, factory)
        if self.proxied is not None:
            factory = ProxyHeaderFactory(factory, self.proxied)
        listening: Deferred[IListeningPort] = self.below.listen(factory)
        return listening


def show_path(name: bytes) -> str:
    """The path of a local socket; one that is no file has an @ before it, as in other programs."""
    return name.replace(b"\0", b"@").decode("utf-8", "backslashreplace")


Listener = PortListener | EndpointListener


def explain(error: object) -> str:
    """The system's own words if it refused to listen, else those of the error, or if it has none, its name."""
    return str(error.socketError if isinstance(error, CannotListenError) else error) or type(error).__name__
