"""Canaries: what Autobahn does with a connection at its beginning and its end, which echod does itself.

When a test here fails after an update of Autobahn, echod/websocket/autobahn/starting.py and handshake.py are to be read
again, beside `connectionMade`, `processHandshake`, `succeedHandshake` and `connectionLost` of Autobahn.
"""

from __future__ import annotations

from typing import Any

import pytest
from autobahn.twisted.websocket import WebSocketServerFactory
from autobahn.websocket.protocol import WebSocketProtocol
from OpenSSL import SSL
from twisted.python.failure import Failure

from echod.websocket.autobahn.closing import Quiet
from echod.websocket.autobahn.starting import ON_DEMAND, carry, lose, starting_state
from tests.stock import Server, connect, new_server, open_server, stock_factory

PLAIN = (bool, int, str, bytes, type(None))
OF_THE_STOCK = {"calls", "factory", "transport", "connected"}
"""On the stock protocol of these tests, and no state of Autobahn's."""

SET_AT_OPENING = {
    *("_wskey", "http_headers", "http_request_data", "http_response_data", "http_status_line"),
    *("http_request_host", "http_request_params", "http_request_path", "http_request_uri"),
    *("websocket_extensions", "websocket_extensions_in_use", "websocket_origin", "websocket_protocols"),
}
"""What `onConnect` gets in its request, and no frame behind the handshake needs."""
FOR_THE_NEXT = {"current_frame", "inside_message", "websocket_protocol_in_use", "websocket_version"}
"""What the handshake sets and the frames behind it need."""


def started(kind: Any = Server) -> Any:
    """A stock server protocol whose class carries its beginning; nothing was made for it alone."""
    factory = stock_factory(WebSocketServerFactory)
    protocol: Any = object.__new__(carry(factory, kind))
    protocol.factory = factory
    return protocol


def test_what_is_an_object_of_each_connection_is_made_on_demand() -> None:
    """A new one must not be shared by all connections."""
    objects = {name for name, value in vars(new_server()).items() if not isinstance(value, PLAIN)}
    own = objects - set(Server.CONFIG_ATTRS) - OF_THE_STOCK - {"openHandshakeTimeoutCall"}

    assert own == ON_DEMAND.keys() - {"peer"} | {"is_open", "_valid_events"}


def test_the_beginning_is_autobahns() -> None:
    stock, ours = new_server(), started()
    names = {name for name, value in vars(stock).items() if isinstance(value, PLAIN)}
    names -= OF_THE_STOCK | set(Server.CONFIG_ATTRS) | {"peer"}

    assert {name: getattr(ours, name) for name in names} == {name: getattr(stock, name) for name in names}


def test_to_look_at_the_beginning_starts_no_timer() -> None:
    factory = stock_factory(WebSocketServerFactory)

    starting_state(factory)

    assert factory._batched_timer.asked == []


def test_nothing_is_made_for_a_connection_that_nobody_asks() -> None:
    assert vars(started()).keys() == {"factory"}


@pytest.mark.parametrize("name", sorted(ON_DEMAND.keys() - {"peer", "_transport_details"}))
def test_what_is_asked_for_is_made_once_and_is_of_autobahns_kind(name: str) -> None:
    protocol = started()

    assert getattr(protocol, name) is getattr(protocol, name)
    assert type(getattr(protocol, name)) is type(getattr(open_server(), name))


def test_a_handshake_sets_these_names_and_no_more() -> None:
    """A new one has to be set by `open_connection` or `carry`, too."""
    new = vars(open_server()).keys() - vars(new_server()).keys()

    assert new == SET_AT_OPENING | FOR_THE_NEXT


def test_connections_are_counted_from_the_beginning_to_the_end() -> None:
    server = new_server()
    assert server.factory.countConnections == 1

    server.connectionLost(Failure(ConnectionError()))

    assert server.factory.countConnections == 0


def test_a_loss_is_told_without_autobahns_adapter() -> None:
    """If this fails, `lose` skips more than logs."""
    server = open_server()

    WebSocketProtocol._connectionLost(server, "gone")

    assert server.calls == [("open", False), ("close", False, 1006)]
    assert server.is_closed.called
    assert server.state == WebSocketProtocol.STATE_CLOSED


@pytest.mark.parametrize(
    ("error", "logged"),
    [(SSL.Error([("lib", "function", "why")]), ["SSL error: why (in function)"]), (ConnectionError(), [])],
)
def test_an_error_of_tls_is_logged_and_nothing_else(error: Exception, logged: list[str]) -> None:
    errors: list[str] = []
    server = open_server()
    server.log = Quiet()
    server.log.error = errors.append

    lose(server, Failure(error))

    assert errors == logged


def test_nagle_is_switched_off_when_the_connection_is_made() -> None:
    asked: list[bool] = []

    class Outspoken(Server):
        tcpNoDelay = True  # noqa: N815 - a name of Autobahn's

        def makeConnection(self, transport: Any) -> None:  # noqa: N802 - a hook of Twisted
            transport.setTcpNoDelay = asked.append
            super().makeConnection(transport)

    connect(Outspoken(), stock_factory(WebSocketServerFactory))

    assert asked == [True]
