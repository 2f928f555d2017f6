"""The server: endpoints, pages, connections and listening ports, in one place."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from twisted.internet.defer import Deferred, DeferredList
from twisted.internet.interfaces import IListeningPort, IProtocolFactory, IStreamServerEndpoint

from echod.accept.admission import Admission
from echod.accept.gate import GateFactory
from echod.server.drain import Drain
from echod.settings import Limits
from echod.site.response import Make, ResponseFactory
from echod.site.routing import Routing
from echod.site.table import Behaving, Endpoint, Endpoints
from echod.websocket.context import ServerContext, make_context


class Server:
    """Serves what is published on it, on the ports where it listens. Make one, publish, then listen.

    Attributes:
        endpoints: the table of published paths.
        connections: the open WebSockets.
        arrivals: all accepted connections, whatever they are.
        counters: how many were refused or cut, by kind.
        ports: where it listens; empty until `listen` and after `stop_listening`.
    """

    def __init__(
        self,
        reactor: Any,
        *,
        limits: Limits | None = None,
        pages: IProtocolFactory | None = None,
        compression: bool = True,
        debug: bool = False,
    ) -> None:
        self.reactor = reactor
        self.limits = limits or Limits()
        self.endpoints = Endpoints()
        self.ports: list[IListeningPort] = []
        self.context = make_context(reactor, self.limits, compression=compression, debug=debug)
        self.connections, self.counters = self.context.connections, self.context.counters
        self.admission = Admission(self.limits.max_connections, self.limits.max_per_address, self.counters)
        self._gates = GateFactory(Routing(self.endpoints, pages), self.limits, reactor, self.admission)
        self._drain = Drain(self.admission, self.connections, reactor, self.limits)

    def __repr__(self) -> str:
        where = ", ".join(str(port) for port in self.port_numbers()) or "not listening"
        return f"<echod.Server {where}: {' '.join(self.endpoints.paths()) or 'nothing published'}>"

    @property
    def port(self) -> int | None:
        """The number of the first port, or None when not listening on one."""
        return next(iter(self.port_numbers()), None)

    def port_numbers(self) -> list[int]:
        """The numbers of all ports that have one."""
        numbers = (getattr(port.getHost(), "port", None) for port in self.ports)
        return [number for number in numbers if number is not None]

    def context_for(self, *, debug: bool = False, limits: Limits | None = None) -> ServerContext:
        """What the factory of an endpoint gets: this server's context, with limits of its own or with its log on."""
        return replace(self.context, limits=limits or self.limits, debug=debug or self.context.debug)

    def publish(
        self,
        path: str,
        factory: IProtocolFactory,
        origins: Iterable[str] | None = None,
        behaving: Behaving | None = None,
    ) -> None:
        """Put a factory on an exact path; None as origins allows all. `behaving` takes who asks in its query."""
        self.endpoints.publish(path, Endpoint(factory, origins, behaving))

    def publish_page(self, path: str, make: Make) -> None:
        """Answer plain requests for this path by what `make` makes of them."""
        self.endpoints.publish_page(path, ResponseFactory(make, self.limits, self.reactor, self.counters))

    async def listen(self, endpoint: IStreamServerEndpoint) -> IListeningPort:
        """Accept connections there, besides where it listens already.

        Raises:
            CannotListenError: the port is taken or not ours to take.
        """
        self.admission.reopen()
        port: IListeningPort = await endpoint.listen(self._gates)
        self.ports.append(port)
        return port

    async def stop_listening(self, keep: IListeningPort | None = None) -> None:
        """Accept no more, but on the port to keep; open connections stay. Afterwards the ports are free."""
        ports = [port for port in self.ports if port is not keep]
        self.ports = [port for port in self.ports if port is keep]
        await DeferredList([as_deferred(port.stopListening()) for port in ports])

    async def shutdown(self) -> None:
        """Stop listening and send every client off with 1001, after the replies to what has been read.

        Done when all are gone. A callback whose Deferred or coroutine is not done is not waited for.

        Whoever is left after `limits.drain_timeout_s` is cut.
        """
        await self.stop_listening()
        await self._drain.run()

    def cut(self) -> None:
        """End all connections now."""
        self._drain.cut()


def as_deferred(result: Deferred[None] | None) -> Deferred[None]:
    """What `stopListening` gives, which may be nothing."""
    return result if isinstance(result, Deferred) else Deferred.fromCoroutine(_nothing())


async def _nothing() -> None:
    """Done at once."""
