"""The default server of a process: where it listens, and what is published on it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import cast

from twisted.internet.defer import Deferred, DeferredLock, succeed
from twisted.internet.error import CannotListenError
from twisted.logger import Logger

from echod.api import arguments
from echod.api.arguments import Authorize, Callbacks, Headers, OnClose, OnError, OnMessage, OnOpen
from echod.api.contract import WALK_IN, Door
from echod.api.published import Publication, PublishedFactory
from echod.behaviours.endpoint import BehavingEndpoint
from echod.client.calls import public
from echod.errors import BadSetting, CannotListen
from echod.rules.echo import Mode
from echod.server.drain import close_all
from echod.server.listening import make_endpoint
from echod.server.server import Server
from echod.server.standard import publish_multi_echo, publish_simple_echo
from echod.settings import DEFAULT_PORT
from echod.site.table import Endpoint
from echod.store.memory import MemoryModeStore
from echod.transport.interfaces import Reactor

log = Logger(namespace="echod")


class DefaultServer:
    """The note's functions for a server; the reactor is looked up at the first use, so that a program may choose it."""

    def __init__(self, door: Door = WALK_IN) -> None:
        self._door = door
        self._server: Server | None = None
        self._store = MemoryModeStore()
        self._starting = DeferredLock()

    @public
    def default_server(self) -> Server:
        """The server that `start` starts and on which `publish_websocket` publishes; the same object every time."""
        if self._server is None:
            self._server = Server(get_reactor())
        return self._server

    @public
    def start(self, port: int = DEFAULT_PORT, host: str | None = None) -> Deferred[Server]:
        """Start the default server, or move it to another port; published paths and open connections stay.

        The same port is closed first and listened on again. Another one is closed once the new one accepts
        connections, so that the server stays where it is when the new one is taken.

        Args:
            port: a TCP port; 0 is any free one, which `server.port` tells.
            host: the address to listen on; None is every interface, IPv4 and IPv6.

        Returns:
            A Deferred that fires with the server when it accepts connections. It fails with CannotListen when another
            process has the port, or this one may not have it.

        Raises:
            BadSetting: port is not a port number, or host no text.
        """
        if type(port) is not int or not 0 <= port <= 65535:
            raise BadSetting("port", port, "a port number from 0 to 65535")
        if host is not None and not (isinstance(host, str) and host.isprintable()):
            raise BadSetting("host", host, "an address or a name")
        return self._starting.run(lambda: Deferred.fromCoroutine(self._restart(port, host)))

    async def _restart(self, port: int, host: str | None) -> Server:
        server = self.default_server()
        if port and port in server.port_numbers():
            await server.stop_listening()
        try:
            port_listened_on = await server.listen(make_endpoint(server.reactor, port, host))
        except CannotListenError as error:
            raise CannotListen(port, host, describe(error)) from error
        await server.stop_listening(keep=port_listened_on)
        return server

    @public
    def shutdown(self) -> Deferred[None]:
        """Stop the default server: it accepts no more connections, and closes those that are open with 1001.

        Returns a Deferred that fires when all are closed; after 25 seconds those that are left are aborted.
        """
        return self._starting.run(lambda: Deferred.fromCoroutine(self.default_server().shutdown()))

    def leave_server(self) -> Deferred[None]:
        """Close every WebSocket of the default server with 1001, behind what was sent, without the grace of a drain."""
        if self._server is None:
            return succeed(None)
        close_all(self._server.connections.all())
        return self._server.connections.when_empty()

    @public
    def echo_server(self, port: int = DEFAULT_PORT, debug: bool = False) -> Deferred[Server]:
        """Start the default server with `/simple-echo`: one mode for all clients, off at first.

        A client may ask for behaviours in its query, as with the daemon. Returns as `start`.
        """
        self._store.mode = Mode.OFF
        publish_simple_echo(self.default_server(), self._store, debug=debug, behaviours=True)
        return self.start(port)

    @public
    def multi_server(self, port: int = DEFAULT_PORT, debug: bool = False) -> Deferred[Server]:
        """Start the default server with `/multi-echo`: a mode per connection, off at first.

        A client may ask for behaviours in its query, as with the daemon. Returns as `start`.
        """
        publish_multi_echo(self.default_server(), debug=debug, behaviours=True)
        return self.start(port)

    @public
    def publish_websocket(
        self,
        path: str,
        *,
        on_open: OnOpen | None = None,
        on_message: OnMessage | None = None,
        on_close: OnClose | None = None,
        on_error: OnError | None = None,
        subprotocols: Iterable[str] = (),
        origins: Iterable[str] | None = None,
        authorize: Authorize | None = None,
        headers: Headers | None = None,
        max_message_size: int | None = None,
        ping_interval: float | None = None,
        debug: bool = False,
        behaviours: bool = False,
        server: Server | None = None,
        remove: bool = False,
    ) -> None:
        """Publish a WebSocket endpoint on an exact path, before or after `start`.

        It replaces what is on that path, and says so in the log; connections that are open keep what they have.

        Each callback may be None, and may return a Deferred or a coroutine: the next callback of that connection
        waits for it, and reading pauses when more than 16 wait. When one raises, it is logged, told to
        on_error, and its connection is closed with 1011; other connections go on.

        Args:
            path: begins with a slash, without query.
            on_open: `on_open(contract)`, called once, after the opening handshake and before the first message.
            on_message: `on_message(contract, data, ext)`, called for each whole message: `str` is text, `bytes` binary,
                `ext` None.
            on_close: `on_close(contract, code, data)`, called once for each opened connection. The code is 1005 when
                the peer gave none, 1006 when it did not close properly (RFC 6455, 7.1.5); data is the reason or `""`.
            on_error: `on_error(contract, failure)`, called when another callback raised.
            subprotocols: the preferred first; the first that the client also offers is selected (RFC 6455, 1.9).
            origins: values of Origin that may connect, compared exactly, beside requests without one; None allows all.
            authorize: `authorize(contract)`, called before the handshake is answered: True accepts; False refuses
                with status 403, an int from 300 to 599 with that status. May return a Deferred or a coroutine; the
                handshake timeout (5 seconds) goes on meanwhile.
            headers: added to the 101 response.
            max_message_size: most bytes of one message, a longer one closes with 1009; None is the server's (16 MiB).
            ping_interval: seconds without received bytes until a ping is sent; 0 sends none; None is the server's (20).
            debug: log handshakes, frames and closes of this endpoint.
            behaviours: whether a client may ask for behaviours in its query, as with the daemon; if not, the query is
                your own business. What `on_message` sends before it returns is the reply that they act on.
            server: the server to publish on; None is the default server.
            remove: remove the path instead; the other arguments but server are then ignored.

        Raises:
            BadArgument: a callback does not take its arguments, or a keyword is unknown.
            BadSetting: a path, a subprotocol, an origin, a header or a limit is invalid.
        """
        server = server or self.default_server()
        if remove:
            server.endpoints.remove(path)
            return
        arguments.check_arity(authorize, "authorize(contract)")
        callbacks = Callbacks(on_open, on_message, on_close, on_error, self._door)
        selectable, more_headers = arguments.check_subprotocols(subprotocols), arguments.check_headers(headers)
        publication = Publication(callbacks, selectable, authorize, more_headers)
        limits = arguments.adjust(server.limits, max_message_size=max_message_size, ping_interval=ping_interval)
        factory = PublishedFactory(server.context_for(debug=debug, limits=limits), publication)
        endpoint = Endpoint(factory, origins, BehavingEndpoint(factory).accept if behaviours else None)
        if server.endpoints.publish(path, endpoint) is not None:
            log.warn("{path} is published again, in place of what was there", path=path)


def describe(error: CannotListenError) -> str:
    """What the system says, without its number."""
    reason = error.socketError
    return getattr(reason, "strerror", None) or str(reason)


def get_reactor() -> Reactor:
    """The reactor of this process, installed at the first call."""
    from twisted.internet import reactor

    return cast("Reactor", reactor)
