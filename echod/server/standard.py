"""What a daemon publishes: the echoes, `/info`, `/behaviours`, and its health."""

from __future__ import annotations

from functools import partial

from echod.behaviours.endpoint import BehavingEndpoint
from echod.endpoints.echo import MultiEchoFactory, SimpleEchoFactory
from echod.endpoints.info import InfoFactory
from echod.rules.behaviours.names import list_ignored, list_names
from echod.server.server import Server
from echod.site.generated import answer_behaviours, answer_info, answer_live, answer_ready
from echod.site.table import Origins
from echod.store import ModeStore
from echod.websocket.factory import EndpointFactory

PLAIN = {"/echo": EndpointFactory, "/": EndpointFactory}
"""Endpoints whose factories need the context of their server alone; a page stands on `/` too, for a plain request."""


def publish_simple_echo(
    server: Server, store: ModeStore, *, origins: Origins = None, debug: bool = False, behaviours: bool = False
) -> None:
    """`/simple-echo`: one mode for all clients, in `store`."""
    publish(server, "/simple-echo", SimpleEchoFactory(server.context_for(debug=debug), store), origins, behaviours)


def publish_multi_echo(
    server: Server, *, origins: Origins = None, debug: bool = False, behaviours: bool = False
) -> None:
    """`/multi-echo`: a mode for each connection."""
    publish(server, "/multi-echo", MultiEchoFactory(server.context_for(debug=debug)), origins, behaviours)


def publish_plain(server: Server, *, origins: Origins = None, behaviours: bool = False) -> None:
    """The endpoints of `PLAIN`."""
    for path, factory in PLAIN.items():
        publish(server, path, factory(server.context), origins, behaviours)


def publish_info(server: Server, instance: str, *, origins: Origins = None) -> None:
    """`/info`: what the server sees of a connection, as a WebSocket and as a page."""
    publish(server, "/info", InfoFactory(server.context, instance), origins, behaviours=True)
    server.publish_page("/info", partial(answer_info, instance))


def publish_behaviours(server: Server) -> None:
    """`/behaviours`: the list of what a client may ask for."""
    server.publish_page("/behaviours", answer_behaviours)


def publish_health(server: Server) -> None:
    """`/health/live` and `/health/ready`. During a drain the gate answers 503 to whatever a new connection asks.

    Supervisors ask every few seconds, of which the log tells under `debug` alone.
    """
    is_ready = partial(answer_ready, lambda: not server.admission.is_leaving)
    server.publish_page("/health/live", answer_live, is_routine=True)
    server.publish_page("/health/ready", is_ready, is_routine=True)


def publish(server: Server, path: str, factory: EndpointFactory, origins: Origins, behaviours: bool) -> None:
    """Put an endpoint that reads no query on a path; with `behaviours` its clients may ask for them there."""
    factory.list_ignored = list_ignored if behaviours else list_names
    behaving = BehavingEndpoint(factory).accept if behaviours else None
    server.publish(path, factory, origins, behaving)
