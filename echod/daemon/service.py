"""The daemon as a Twisted service: made from settings, opened when it starts, closed when it stops."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

from twisted.application.service import Service
from twisted.internet.defer import Deferred
from twisted.internet.endpoints import serverFromString
from twisted.internet.interfaces import IListeningPort, IStreamServerEndpoint
from twisted.logger import Logger

from echod.daemon.configuration import check_unknown, read_settings
from echod.daemon.server import Server, publish_multi_echo, publish_plain_echo, publish_simple_echo
from echod.daemon.sockets import make_endpoint
from echod.errors import BadSetting
from echod.settings import Settings
from echod.site.pages import make_pages
from echod.state.memory import MemoryModeStore
from echod.wire.peers import peer_name

log = Logger(namespace="echod")

EVERYWHERE = "on every interface"


class StartFailed(SystemExit, Exception):
    """The daemon cannot start; the text is the one line to print, the exit code is 1.

    An Exception, so that twistd removes its pidfile and tells the parent of a daemon;
    a SystemExit, so that the interpreter prints the line without a traceback.
    """


class EchodService(Service):
    """Listens from start to stop."""

    def __init__(self, server: Server, endpoints: Mapping[str, IStreamServerEndpoint]) -> None:
        self.server = server
        self._endpoints = endpoints
        self._listening: list[Deferred[IListeningPort]] = []

    def privilegedStartService(self) -> None:
        """Bind the ports while the process may: twistd calls this before it gives up root."""
        for text, endpoint in self._endpoints.items():
            self._listening.append(listen_or_fail(self.server, text, endpoint))

    def startService(self) -> None:
        super().startService()
        if not self._listening:
            self.privilegedStartService()
        self.server.reactor.callWhenRunning(self._say_ready)

    def stopService(self) -> Deferred[None]:
        super().stopService()
        return Deferred.fromCoroutine(self.server.shutdown())

    def _say_ready(self) -> None:
        """The one line that a parent process may wait for."""
        where = ", ".join(describe(port, text) for text, port in zip(self._endpoints, self.server.ports, strict=True))
        log.info("echod ready: {where}", where=where)


def listen_or_fail(server: Server, text: str, endpoint: IStreamServerEndpoint) -> Deferred[IListeningPort]:
    """Listen there; `StartFailed` when that cannot be, raised at once for every endpoint that binds at once."""
    listening = Deferred.fromCoroutine(server.listen(endpoint))
    failures: list[Any] = []
    listening.addErrback(failures.append)
    if failures:
        raise StartFailed(f"echod: cannot listen {text}: {failures[0].getErrorMessage()}")
    return listening


def describe(port: IListeningPort, text: str) -> str:
    """Where a port listens, to be read by people and by parent processes: the first `:NUMBER` is the port."""
    host: Any = port.getHost()
    if text == EVERYWHERE:
        return f"http://localhost:{host.port}/ on every interface"
    return f"{host.name.decode() if hasattr(host, 'name') else peer_name(host)} ({text})"


def make_service(settings: Settings, reactor: Any = None) -> EchodService:
    """The daemon with everything published, not yet listening.

    Raises:
        StartFailed: an endpoint string or the folder of the pages cannot be used.
    """
    if reactor is None:
        from twisted.internet import reactor
    try:
        return EchodService(make_server(settings, reactor), make_endpoints(settings, reactor))
    except BadSetting as error:
        raise StartFailed(f"echod: {error}") from None


def make_server(settings: Settings, reactor: Any) -> Server:
    """The three echoes and the pages."""
    server = Server(
        reactor,
        limits=settings.limits,
        pages=make_pages(settings.web, reactor),
        compression=settings.compression,
        debug=settings.debug,
    )
    publish_simple_echo(server, MemoryModeStore(), origins=settings.origins)
    publish_multi_echo(server, origins=settings.origins)
    publish_plain_echo(server, origins=settings.origins)
    return server


def make_endpoints(settings: Settings, reactor: Any) -> dict[str, IStreamServerEndpoint]:
    """Where to listen, by what the user calls it."""
    if not settings.listen:
        return {EVERYWHERE: make_endpoint(reactor, settings.port, None)}
    return {text: parse_endpoint(text, reactor) for text in settings.listen}


def parse_endpoint(text: str, reactor: Any) -> IStreamServerEndpoint:
    """The endpoint of a Twisted endpoint string.

    Raises:
        BadSetting: it is none; with what Twisted, or the file system, says of it.
    """
    try:
        endpoint: IStreamServerEndpoint = serverFromString(reactor, text)
    except (ValueError, TypeError, KeyError, OSError, ImportError) as error:
        wanted = f"a Twisted endpoint such as tcp:9001, unix:/run/echod.sock or ssl:443:privateKey=KEY ({error})"
        raise BadSetting("--listen", text, wanted) from None
    return endpoint


def service_from_environment() -> EchodService:
    """The daemon of `echod.tac`, from `ECHOD_*` variables alone.

    Raises:
        StartFailed: one of them cannot be, or does not exist.
    """
    try:
        check_unknown(os.environ)
        settings = read_settings({}, os.environ)
    except BadSetting as error:
        raise StartFailed(f"echod: {error}") from None
    return make_service(settings)
