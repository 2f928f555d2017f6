"""The server: endpoints, pages, connections and listening ports, in one place."""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial
from typing import Any

from twisted.internet.defer import Deferred, DeferredList
from twisted.internet.interfaces import IListeningPort, IProtocolFactory, IStreamServerEndpoint

from echod.accept.admission import Arrivals
from echod.accept.gate import GateFactory
from echod.behaviours.held import take
from echod.behaviours.protocol import BehavingFactory
from echod.counters import Tally
from echod.endpoints.info import InfoFactory
from echod.flow.quotas import Budget
from echod.flow.turn_share import Share
from echod.server.drain import Drain
from echod.settings import Limits
from echod.site.generated import answer_behaviours, answer_info
from echod.site.response import Answering, Make
from echod.site.routing import Routing
from echod.site.table import Behaving, Endpoint, Endpoints
from echod.store import ModeStore
from echod.websocket.connections import Connections
from echod.websocket.factory import EndpointFactory, MultiEchoFactory, SimpleEchoFactory


class Server:
    """Serves what is published on it, on the ports where it listens. Make one, publish, then listen.

    Attributes:
        endpoints: the table of published paths.
        connections: the open WebSockets.
        arrivals: all accepted connections, whatever they are.
        tally: how many were refused or cut, by kind.
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
        self.connections = Connections()
        self.ports: list[IListeningPort] = []
        self._compression = compression
        self._debug = debug
        self.tally = Tally()
        self.arrivals = Arrivals(self.limits.max_connections, self.limits.max_per_address, self.tally)
        self._budget = Budget(self.limits.unfinished_bytes)
        self._share = Share(reactor)
        self._gates = GateFactory(Routing(self.endpoints, pages), self.limits, reactor, self.arrivals)
        self._drain = Drain(self.arrivals, self.connections, reactor, self.limits)

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

    def make_factory(self, kind: Any, *args: Any, debug: bool = False, limits: Limits | None = None) -> Any:
        """An `EndpointFactory` of this kind, with this server's clock, connections and options."""
        limits = limits or self.limits
        debug = debug or self._debug
        shared = {"budget": self._budget, "share": self._share, "tally": self.tally}
        options = {**shared, "compression": self._compression, "debug": debug}
        return kind(*args, self.reactor, self.connections, limits, **options)

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
        self.endpoints.publish_page(path, Answering(make, self.limits, self.reactor, self.tally))

    async def listen(self, endpoint: IStreamServerEndpoint) -> IListeningPort:
        """Accept connections there, besides where it listens already.

        Raises:
            CannotListenError: the port is taken or not ours to take.
        """
        self.arrivals.welcome()
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


def publish_simple_echo(
    server: Server,
    store: ModeStore,
    *,
    origins: Iterable[str] | None = None,
    debug: bool = False,
    behaviours: bool = False,
) -> None:
    """`/simple-echo`: one mode for all clients, in `store`."""
    factory = server.make_factory(SimpleEchoFactory, store, debug=debug)
    server.publish("/simple-echo", factory, origins, behave(server, factory) if behaviours else None)


def publish_multi_echo(
    server: Server, *, origins: Iterable[str] | None = None, debug: bool = False, behaviours: bool = False
) -> None:
    """`/multi-echo`: a mode for each connection."""
    factory = server.make_factory(MultiEchoFactory, debug=debug)
    server.publish("/multi-echo", factory, origins, behave(server, factory) if behaviours else None)


def publish_plain_echo(server: Server, *, origins: Iterable[str] | None = None, behaviours: bool = False) -> None:
    """`/echo`, and `/` for an upgrade: no modes."""
    for path in ("/echo", "/"):
        factory = server.make_factory(EndpointFactory)
        server.publish(path, factory, origins, behave(server, factory) if behaviours else None)


def publish_info(server: Server, instance: str, *, origins: Iterable[str] | None = None) -> None:
    """`/info`: what the server sees, as a WebSocket and as a page."""
    factory = server.make_factory(InfoFactory, instance)
    server.publish("/info", factory, origins, partial(take, factory))
    server.publish_page("/info", answer_info(instance))


def publish_behaviours(server: Server) -> None:
    """`/behaviours`: the list of what a client may ask for."""
    server.publish_page("/behaviours", answer_behaviours)


def behave(server: Server, factory: EndpointFactory) -> Behaving:
    """The taker of an endpoint's clients that ask for a behaviour."""
    return partial(take, server.make_factory(BehavingFactory, factory.make_rule, debug=factory.logFrames))
