"""The daemon as a Twisted service: made from settings, opened when it starts, closed when it stops."""

from __future__ import annotations

import os
import socket
from collections.abc import Sequence
from dataclasses import replace
from typing import cast

from twisted.application.service import Service
from twisted.internet.defer import Deferred, FirstError, gatherResults
from twisted.internet.interfaces import IListeningPort
from twisted.logger import Logger
from twisted.python.failure import Failure

from echod.counters import Counters
from echod.daemon.failing import StartFailed, tell
from echod.daemon.listener import EndpointListener, Listener, PortListener, explain
from echod.daemon.log_output import LogOutputs
from echod.daemon.notify import Supervisor
from echod.daemon.process import keep_freed_memory, most_connections, raise_open_files
from echod.daemon.signals import Signals
from echod.errors import BadSetting
from echod.rules.quantities import show_time
from echod.server import standard
from echod.server.server import Server
from echod.settings import Limits, Settings
from echod.site.pages import make_pages
from echod.store.memory import MemoryModeStore
from echod.transport.interfaces import Reactor

log = Logger(namespace="echod")


class EchodService(Service):
    """Listens from start to stop."""

    def __init__(self, server: Server, listeners: Sequence[Listener], supervisor: Supervisor | None = None) -> None:
        self.server = server
        self._supervisor = supervisor or Supervisor({}, server.reactor)
        self._listeners = listeners
        self._listening: list[Deferred[IListeningPort]] = []
        self._log_outputs = LogOutputs()
        count, rotate = server.admission.__len__, self._log_outputs.rotate
        self._signals = Signals(server.reactor, count, server.abort, self.reload, rotate)

    def privilegedStartService(self) -> None:
        """Bind the ports while the process may: twistd calls this before it gives up root."""
        self._signals.remember_terminal()
        raise_open_files()
        keep_freed_memory()
        self._listening = [listen_or_fail(self.server, listener) for listener in self._listeners]

    def startService(self) -> None:
        super().startService()
        if not self._listening:
            self.privilegedStartService()
        self.server.reactor.callWhenRunning(self._log_outputs.take)
        self.server.reactor.callWhenRunning(self._signals.install)
        gatherResults(self._listening, consumeErrors=True).addCallbacks(self._say_ready, self._give_up)

    def stopService(self) -> Deferred[None]:
        super().stopService()
        self._listening = []
        self._supervisor.stopping()
        return Deferred.fromCoroutine(self.server.shutdown()).addCallback(lambda _: self._supervisor.stopped())

    def reload(self) -> None:
        """Read certificates again."""
        was_ready = self._supervisor.is_ready
        if was_ready:
            self._supervisor.reloading()
        for listener in self._listeners:
            listener.reload()
        if was_ready:
            self._supervisor.ready()

    def _say_ready(self, ports: list[IListeningPort]) -> None:
        """The one line that a parent process may wait for."""
        where = ", ".join(listener.describe(port) for listener, port in zip(self._listeners, ports, strict=True))
        self.server.reactor.callWhenRunning(log.info, "echod ready: {where}", where=where)
        self.server.reactor.callWhenRunning(self._supervisor.ready)

    def _give_up(self, failure: Failure) -> None:
        """An endpoint that takes its time could not listen in the end."""
        first = cast(FirstError, failure.value)
        log.critical("echod cannot listen: {why}", why=explain(first.subFailure.value))
        self.server.reactor.stop()


def listen_or_fail(server: Server, listener: Listener) -> Deferred[IListeningPort]:
    """Listen there; if its endpoint cannot, that is a StartFailed where it binds at once, else the Deferred fails."""
    listening = Deferred.fromCoroutine(server.listen(listener.endpoint))
    if listening.called and isinstance(listening.result, Failure):
        line = f"echod: {listener.setting}: cannot listen: {explain(listening.result.value)}"
        listening.addErrback(lambda _: None)
        tell(line)
        raise StartFailed(line)
    return listening


def make_service(settings: Settings, reactor: Reactor | None = None) -> EchodService:
    """The daemon with everything published, not yet listening; on the installed reactor if none is given.

    Raises:
        SystemExit: an endpoint string or the folder of the pages cannot be used; one line says which and why.
    """
    if reactor is None:
        from twisted.internet import reactor as installed

        # All reactors for Linux are of this class.
        reactor = cast(Reactor, installed)
    try:
        server = make_server(settings, reactor)
        endpoints = [
            EndpointListener(settings.listen_source, text, reactor, server.counters) for text in settings.listen
        ]
        listeners: Sequence[Listener] = endpoints or [PortListener(settings, reactor)]
    except BadSetting as error:
        raise SystemExit(f"echod: {error}") from None
    return EchodService(server, listeners, Supervisor(os.environ, reactor))


def make_server(settings: Settings, reactor: Reactor) -> Server:
    """The echoes, the pages, and what clients may ask for."""
    counters, limits = Counters(), fit_limits(settings.limits)
    pages, compression = make_pages(settings.web, reactor, limits, counters), settings.compression
    server = Server(
        reactor, limits=limits, pages=pages, compression=compression, debug=settings.debug, counters=counters
    )
    standard.publish_health(server)
    origins, behaviours = settings.origins, settings.behaviours
    standard.publish_simple_echo(server, MemoryModeStore(), origins=origins, behaviours=behaviours)
    standard.publish_multi_echo(server, origins=origins, behaviours=behaviours)
    standard.publish_plain(server, origins=origins, behaviours=behaviours)
    if behaviours:
        standard.publish_info(server, f"{socket.gethostname()}:{os.getpid()}", origins=origins)
        standard.publish_behaviours(server)
    return server


def fit_limits(limits: Limits) -> Limits:
    """The limits, lowered to what the operating system and other limits allow; what was asked for is told."""
    allowed = most_connections()
    if limits.max_connections > allowed:
        tell_lowered("max-connections", limits.max_connections, allowed, "open files (ulimit -n) allow no more")
    if limits.drain_spread_s not in (limits.effective_drain_spread_s, Limits().drain_spread_s):
        asked, effective = show_time(limits.drain_spread_s), show_time(limits.effective_drain_spread_s)
        tell_lowered("drain-spread", asked, effective, "that is half of --drain-timeout")
    return replace(limits, max_connections=min(limits.max_connections or allowed, allowed))


def tell_lowered(name: str, asked: object, effective: object, why: str) -> None:
    """Say at the start that a limit is not what was asked for."""
    text = "echod lowers --{name} from {asked} to {effective}: {why}"
    log.warn(text, name=name, asked=asked, effective=effective, why=why)
