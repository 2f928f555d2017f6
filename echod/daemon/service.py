"""The daemon as a Twisted service: made from settings, opened when it starts, closed when it stops."""

from __future__ import annotations

import os
import socket
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from twisted.application.service import Service
from twisted.internet.defer import Deferred, gatherResults
from twisted.internet.error import CannotListenError
from twisted.internet.interfaces import IListeningPort
from twisted.logger import Logger
from twisted.python.failure import Failure

from echod.daemon.allocation import keep_freed_memory
from echod.daemon.configuration import read_settings
from echod.daemon.failing import StartFailed, tell
from echod.daemon.listener import EndpointListener, EveryInterfaceListener, Listener
from echod.daemon.notify import Supervisor
from echod.daemon.openfiles import most_connections, raise_open_files
from echod.daemon.reactor import install_by_default
from echod.daemon.signals import Signals
from echod.errors import BadSetting
from echod.server.server import Server
from echod.server.standard import (
    publish_behaviours,
    publish_info,
    publish_multi_echo,
    publish_plain_echo,
    publish_simple_echo,
)
from echod.settings import Limits, Settings
from echod.site.health import Health
from echod.site.pages import make_pages
from echod.store.memory import MemoryModeStore

log = Logger(namespace="echod")


class EchodService(Service):
    """Listens from start to stop."""

    def __init__(self, server: Server, listeners: Sequence[Listener], supervisor: Supervisor | None = None) -> None:
        self.server = server
        self._supervisor = supervisor or Supervisor({}, server.reactor)
        self._listeners = listeners
        self._listening: list[Deferred[IListeningPort]] = []
        self._signals = Signals(server.reactor, server.cut, self.reload)

    def privilegedStartService(self) -> None:
        """Bind the ports while the process may: twistd calls this before it gives up root."""
        raise_open_files()
        keep_freed_memory()
        self._listening = [listen_or_fail(self.server, listener) for listener in self._listeners]

    def startService(self) -> None:
        super().startService()
        if not self._listening:
            self.privilegedStartService()
        self.server.reactor.callWhenRunning(self._signals.install)
        gatherResults(self._listening, consumeErrors=True).addCallbacks(self._say_ready, self._give_up)

    def stopService(self) -> Deferred[None]:
        super().stopService()
        self._listening = []
        return Deferred.fromCoroutine(self._stop())

    async def _stop(self) -> None:
        self._supervisor.stopping()
        await self.server.shutdown()
        self._supervisor.stopped()

    def reload(self) -> None:
        """Read certificates again."""
        if not self._supervisor.is_ready:
            self._reload_all()
            return
        self._supervisor.reloading()
        self._reload_all()
        self._supervisor.ready()

    def _reload_all(self) -> None:
        for listener in self._listeners:
            listener.reload()

    def _say_ready(self, ports: list[IListeningPort]) -> None:
        """The one line that a parent process may wait for."""
        where = ", ".join(listener.describe(port) for listener, port in zip(self._listeners, ports, strict=True))
        self.server.reactor.callWhenRunning(log.info, "echod ready: {where}", where=where)
        self.server.reactor.callWhenRunning(self._supervisor.ready)

    def _give_up(self, failure: Failure) -> None:
        """An endpoint that takes its time could not listen in the end."""
        first: Any = failure.value
        log.critical("echod cannot listen: {why}", why=explain(first.subFailure.value))
        self.server.reactor.stop()


def listen_or_fail(server: Server, listener: Listener) -> Deferred[IListeningPort]:
    """Listen there.

    Raises:
        StartFailed: that cannot be; for every endpoint that binds at once. Of others the Deferred fails.
    """
    listening = Deferred.fromCoroutine(server.listen(listener.endpoint))
    if listening.called and isinstance(listening.result, Failure):
        why = explain(listening.result.value)
        listening.addErrback(lambda _: None)
        line = f"echod: {listener.setting}: cannot listen: {why}"
        tell(line)
        raise StartFailed(line)
    return listening


def explain(error: object) -> str:
    """The system's own words, when it was the system that refused."""
    return str(error.socketError if isinstance(error, CannotListenError) else error)


def make_service(settings: Settings, reactor: Any = None) -> EchodService:
    """The daemon with everything published, not yet listening.

    Raises:
        SystemExit: an endpoint string or the folder of the pages cannot be used; one line says which and why.
    """
    if reactor is None:
        from twisted.internet import reactor
    try:
        server, listeners = make_server(settings, reactor), make_listeners(settings, reactor)
    except BadSetting as error:
        raise SystemExit(f"echod: {error}") from None
    return EchodService(server, listeners, Supervisor(os.environ, reactor))


def make_server(settings: Settings, reactor: Any) -> Server:
    """The echoes, the pages, and what clients may ask for."""
    pages = make_pages(settings.web, reactor, settings.limits)
    server = Server(
        reactor,
        limits=allow_connections(settings.limits),
        pages=pages,
        compression=settings.compression,
        debug=settings.debug,
    )
    pages.counters = server.counters
    pages.resource = Health(pages.resource, lambda: not server.admission.is_leaving)
    allowed: dict[str, Any] = {"origins": settings.origins, "behaviours": settings.behaviours}
    publish_simple_echo(server, MemoryModeStore(), **allowed)
    publish_multi_echo(server, **allowed)
    publish_plain_echo(server, **allowed)
    if settings.behaviours:
        publish_info(server, f"{socket.gethostname()}:{os.getpid()}", origins=settings.origins)
        publish_behaviours(server)
    return server


def make_listeners(settings: Settings, reactor: Any) -> list[Listener]:
    """Where to listen."""
    if settings.listen:
        return [EndpointListener(settings.listen_source, text, reactor) for text in settings.listen]
    return [EveryInterfaceListener(settings.port, settings.backlog, reactor)]


def allow_connections(limits: Limits) -> Limits:
    """The limits, with no more connections than the operating system allows."""
    allowed = most_connections()
    return replace(limits, max_connections=min(limits.max_connections or allowed, allowed))


def service_from_environment() -> EchodService:
    """The daemon of `echod.tac`, from `ECHOD_*` variables alone.

    Raises:
        SystemExit: one of them cannot be, or does not exist; one line says which and why.
    """
    try:
        settings = read_settings({}, os.environ)
    except BadSetting as error:
        raise SystemExit(f"echod: {error}") from None
    install_by_default()
    return make_service(settings)
