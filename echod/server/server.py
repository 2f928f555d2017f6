"""The server: endpoints, pages, connections and listening ports, in one place."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

from twisted.internet.defer import DeferredList, maybeDeferred
from twisted.internet.interfaces import IListeningPort, IProtocolFactory, IStreamServerEndpoint
from twisted.internet.protocol import Factory

from echod.accept.admission import Admission
from echod.accept.gate import GateFactory
from echod.counters import Counters
from echod.server.drain import Drain
from echod.settings import Limits
from echod.site.response import Make, Response
from echod.site.routing import Routing
from echod.site.table import Behaving, Endpoint, Endpoints, Origins
from echod.transport.interfaces import Reactor
from echod.websocket.context import ServerContext, make_context


class Server:
    """Serves what is published on it, on the ports where it listens. Make one, publish, then listen.

    Attributes:
        limits: of each connection and of all together; bytes and seconds, as their names say.
        endpoints: the table of published paths.
        connections: the open WebSockets.
        admission: all accepted connections, in whatever state.
        counters: how many were refused, failed or aborted, by kind.
        ports: the listening ports; empty until `listen` and after `stop_listening`.
    """

    def __init__(
        self,
        reactor: Reactor,
        *,
        limits: Limits | None = None,
        pages: IProtocolFactory | None = None,
        compression: bool = True,
        debug: bool = False,
        counters: Counters | None = None,
    ) -> None:
        self.reactor = reactor
        self.limits = limits or Limits()
        self.endpoints = Endpoints()
        self.ports: list[IListeningPort] = []
        self.context = make_context(reactor, self.limits, compression=compression, debug=debug, counters=counters)
        self.connections, self.counters = self.context.connections, self.context.counters
        self.admission = Admission(self.limits.max_connections, self.limits.max_per_address, self.counters)
        self._gates = GateFactory(Routing(self.endpoints, pages), self.limits, reactor, self.admission)
        self._drain = Drain(self.admission, self.connections, reactor, self.limits)

    def __repr__(self) -> str:
        where = ", ".join(str(port) for port in self.port_numbers()) or "not listening"
        return f"<echod.Server {where}: {' '.join(self.endpoints.paths()) or 'nothing published'}>"

    @property
    def port(self) -> int | None:
        """The number of the first TCP port, or None when not listening on one."""
        return next(iter(self.port_numbers()), None)

    def port_numbers(self) -> list[int]:
        """The numbers of all TCP ports; a local socket has none."""
        numbers = (getattr(port.getHost(), "port", None) for port in self.ports)
        return [number for number in numbers if number is not None]

    def context_for(self, *, debug: bool = False, limits: Limits | None = None) -> ServerContext:
        """The context for the factory of an endpoint: this server's, with own limits or with its frames logged."""
        return replace(self.context, limits=limits or self.limits, debug=debug or self.context.debug)

    def publish(
        self, path: str, factory: IProtocolFactory, origins: Origins = None, behaving: Behaving | None = None
    ) -> None:
        """Publish an `Endpoint` of these arguments on an exact path, in place of what was there.

        Raises:
            BadSetting: the path or an origin is invalid.
        """
        self.endpoints.publish(path, Endpoint(factory, origins, behaving))

    def publish_page(self, path: str, make: Make, *, is_routine: bool = False) -> None:
        """Answer GET and HEAD of this path with what `make` makes of each request; a routine is logged by `debug`."""
        self.endpoints.pages[path] = Factory.forProtocol(partial(Response, make, self.context, is_routine=is_routine))

    async def listen(self, endpoint: IStreamServerEndpoint) -> IListeningPort:
        """Accept connections there, in addition to where it listens already.

        Raises:
            CannotListenError: the port is in use, or may not be used by this process.
        """
        self.admission.reopen()
        port: IListeningPort = await endpoint.listen(self._gates)
        self.ports.append(port)
        return port

    async def stop_listening(self, keep: IListeningPort | None = None) -> None:
        """Close all listening ports but `keep`; open connections stay. Afterwards the ports are free."""
        ports = [port for port in self.ports if port is not keep]
        self.ports = [port for port in self.ports if port is keep]
        await DeferredList([maybeDeferred(port.stopListening) for port in ports])

    async def shutdown(self) -> None:
        """Graceful shutdown: stop listening, then close every WebSocket with 1001 after the replies to what was read.

        Done when no connection is left; those that remain after `limits.drain_timeout_s` are aborted. A callback whose
        Deferred or coroutine is not done is not waited for.
        """
        await self.stop_listening()
        await self._drain.run()

    def abort(self) -> None:
        """Abort all connections now."""
        self._drain.abort()
