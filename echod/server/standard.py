"""What a daemon publishes: the echoes, `/info`, `/behaviours`."""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial

from echod.behaviours.held import take
from echod.behaviours.protocol import BehavingFactory
from echod.endpoints.echo import MultiEchoFactory, SimpleEchoFactory
from echod.endpoints.info import InfoFactory
from echod.server.server import Server
from echod.site.generated import answer_behaviours, answer_info
from echod.site.table import Behaving
from echod.store import ModeStore
from echod.websocket.factory import EndpointFactory


def publish_simple_echo(
    server: Server,
    store: ModeStore,
    *,
    origins: Iterable[str] | None = None,
    debug: bool = False,
    behaviours: bool = False,
) -> None:
    """`/simple-echo`: one mode for all clients, in `store`."""
    factory = SimpleEchoFactory(server.context_for(debug=debug), store)
    server.publish("/simple-echo", factory, origins, behave(factory) if behaviours else None)


def publish_multi_echo(
    server: Server, *, origins: Iterable[str] | None = None, debug: bool = False, behaviours: bool = False
) -> None:
    """`/multi-echo`: a mode for each connection."""
    factory = MultiEchoFactory(server.context_for(debug=debug))
    server.publish("/multi-echo", factory, origins, behave(factory) if behaviours else None)


def publish_plain_echo(server: Server, *, origins: Iterable[str] | None = None, behaviours: bool = False) -> None:
    """`/echo`, and `/` for an upgrade: no modes."""
    for path in ("/echo", "/"):
        factory = EndpointFactory(server.context)
        server.publish(path, factory, origins, behave(factory) if behaviours else None)


def publish_info(server: Server, instance: str, *, origins: Iterable[str] | None = None) -> None:
    """`/info`: what the server sees, as a WebSocket and as a page."""
    factory = InfoFactory(server.context, instance)
    server.publish("/info", factory, origins, partial(take, factory))
    server.publish_page("/info", answer_info(instance))


def publish_behaviours(server: Server) -> None:
    """`/behaviours`: the list of what a client may ask for."""
    server.publish_page("/behaviours", answer_behaviours)


def behave(factory: EndpointFactory) -> Behaving:
    """The taker of an endpoint's clients that ask for a behaviour."""
    return partial(take, BehavingFactory(factory.context, factory.make_rule))
