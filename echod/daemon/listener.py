"""Endpoint strings, and certificates that can be read again while they are listened on."""

from __future__ import annotations

from typing import Any, Protocol

from twisted.internet.endpoints import serverFromString
from twisted.internet.interfaces import IListeningPort, IOpenSSLServerConnectionCreator, IStreamServerEndpoint
from twisted.logger import Logger
from zope.interface import implementer

from echod.daemon.certificates import folder_of, read_folder
from echod.errors import BadSetting
from echod.server.listening import EveryInterface
from echod.transport.addresses import peer_name

log = Logger(namespace="echod")

TLS_ATTRIBUTES = ("_sslContextFactory", "connectionCreator")
"""Where Twisted's endpoints for `ssl:` and `tls:` keep what makes their connections."""


@implementer(IOpenSSLServerConnectionCreator)
class ReloadableTLS:
    """Makes the TLS of each new connection from what was loaded last."""

    def __init__(self, loaded: Any) -> None:
        self.loaded = loaded

    def serverConnectionForTLS(self, protocol: Any) -> Any:
        if IOpenSSLServerConnectionCreator.providedBy(self.loaded):
            return self.loaded.serverConnectionForTLS(protocol)
        # pyOpenSSL is an extra: echod[tls].
        from OpenSSL.SSL import Connection

        return Connection(self.loaded.getContext(), None)


class Listener(Protocol):
    """One place to listen: `setting` is what the user calls it."""

    setting: str
    endpoint: IStreamServerEndpoint

    def describe(self, port: IListeningPort) -> str:
        """Where it listens, for people and for parent processes: the first `:NUMBER` is the port."""

    def reload(self) -> None:
        """Read certificates again, if it has any."""


class EveryInterfaceListener:
    """A port on every interface."""

    def __init__(self, port: int, backlog: int, reactor: Any) -> None:
        self.setting = f"--port {port}"
        self.endpoint: IStreamServerEndpoint = EveryInterface(reactor, port, backlog)

    def describe(self, port: Any) -> str:
        return f"http://localhost:{port.getHost().port}/ on every interface"

    def reload(self) -> None:
        """There are no certificates."""


class EndpointListener:
    """A Twisted endpoint string.

    Raises:
        BadSetting: the string, or a certificate that it names, cannot be used; with what Twisted says of it.
    """

    def __init__(self, source: str, text: str, reactor: Any) -> None:
        self.setting = f"{source} {text}"
        self._source = source
        self._text = text
        self._reactor = reactor
        self.endpoint: IStreamServerEndpoint = self._parse()
        self._tls: ReloadableTLS | None = None
        inner = innermost(self.endpoint)
        for name in TLS_ATTRIBUTES:
            if hasattr(inner, name):
                self._tls = ReloadableTLS(getattr(inner, name))
                setattr(inner, name, self._tls)

    def describe(self, port: Any) -> str:
        host = port.getHost()
        return f"{host.name.decode() if hasattr(host, 'name') else peer_name(host)} ({self._text})"

    def reload(self) -> None:
        """Take the certificates for new connections from their files; bad ones are logged, and the old ones stay."""
        if self._tls is None:
            return
        try:
            inner = innermost(self._parse())
        except BadSetting as error:
            log.error("echod keeps its old certificates: {error}", error=error)
            return
        self._tls.loaded = next(getattr(inner, name) for name in TLS_ATTRIBUTES if hasattr(inner, name))
        log.info("echod has reloaded its certificates: {text}", text=self._text)

    def _parse(self) -> Any:
        try:
            return self._parse_checked()
        except Exception as error:
            # Endpoint parsers are plugins, and read files: they may raise anything.
            wanted = "a Twisted endpoint such as tcp:9001, unix:/run/echod.sock or ssl:443:privateKey=KEY"
            raise BadSetting(self._source, self._text, f"{wanted} ({explain(error)})") from None

    def _parse_checked(self) -> Any:
        """A folder is read first, so that the complaint names the file."""
        folder = folder_of(self._text)
        if folder is None:
            return serverFromString(self._reactor, self._text)
        certificates = read_folder(folder)
        endpoint: Any = serverFromString(self._reactor, self._text)
        innermost(endpoint).connectionCreator = certificates
        return endpoint


def innermost(endpoint: Any) -> Any:
    """The endpoint below wrappers such as `haproxy:`."""
    while hasattr(endpoint, "_wrappedEndpoint"):
        endpoint = endpoint._wrappedEndpoint
    return endpoint


def explain(error: Exception) -> str:
    """What it says, or if that is nothing, what it is."""
    return str(error) or type(error).__name__
