"""The functions of the note, for one process: its default server, and the contract that the prompt remembers."""

from __future__ import annotations

from collections.abc import Iterable
from typing import cast

from twisted.internet.defer import Deferred, DeferredLock

from echod.api.arguments import Headers, adjust, check_headers, check_sent_origin, check_subprotocols
from echod.api.callbacks import Authorize, Callbacks, OnClose, OnError, OnMessage, OnOpen, check_arity
from echod.api.client import Plan
from echod.api.connecting import Trust, open_plan
from echod.api.contract import Contract, Data, Door, walk_in
from echod.api.published import Publication, PublishedFactory
from echod.client.prompt import Display
from echod.errors import BadSetting, CloseCode, NoClient
from echod.rules.echo import Mode
from echod.rules.http.uri import parse_uri
from echod.server.listening import make_endpoint
from echod.server.server import Server
from echod.server.standard import publish_multi_echo, publish_simple_echo
from echod.settings import DEFAULT_PORT, Limits
from echod.store.memory import MemoryModeStore
from echod.transport.interfaces import Reactor

ECHO_PATHS = {"simple": "/simple-echo", "multi": "/multi-echo"}


class Note:
    """The functions of the note as methods; `echod` and `echod.blocking` export those of one instance.

    The reactor is looked up at the first use, so that a program may install its own before.
    """

    def __init__(self, door: Door = walk_in) -> None:
        self._door = door
        self._server: Server | None = None
        self._contract: Contract | None = None
        self._store = MemoryModeStore()
        self._starting = DeferredLock()
        self._display = Display()

    def default_server(self) -> Server:
        """The server that `start` starts and on which `publish_websocket` publishes; the same object every time."""
        if self._server is None:
            self._server = Server(get_reactor())
        return self._server

    def start(self, port: int = DEFAULT_PORT, host: str | None = None) -> Deferred[Server]:
        """Start the default server, or move it to another port; published paths and open connections stay.

        The same port is closed first and listened on again. Another one is closed once the new one accepts
        connections, so that the server stays where it is when the new one is taken.

        Args:
            port: a TCP port; 0 is any free one, which `server.port` tells.
            host: the address to listen on; None is every interface, IPv4 and IPv6.

        Returns:
            A Deferred that fires with the server when it accepts connections. It fails with CannotListenError when
            another process has the port.

        Raises:
            BadSetting: port is not a port number.
        """
        if type(port) is not int or not 0 <= port <= 65535:
            raise BadSetting("port", port, "a port number from 0 to 65535")
        return self._starting.run(lambda: Deferred.fromCoroutine(self._restart(port, host)))

    async def _restart(self, port: int, host: str | None) -> Server:
        server = self.default_server()
        if port and port in server.port_numbers():
            await server.stop_listening()
        port_listened_on = await server.listen(make_endpoint(server.reactor, port, host))
        await server.stop_listening(keep=port_listened_on)
        return server

    def shutdown(self) -> Deferred[None]:
        """Stop the default server: it accepts no more connections, and closes those that are open with 1001.

        Returns a Deferred that fires when all are closed; after 25 seconds those that are left are aborted.
        """
        return self._starting.run(lambda: Deferred.fromCoroutine(self.default_server().shutdown()))

    def echo_server(self, port: int = DEFAULT_PORT, debug: bool = False) -> Deferred[Server]:
        """Start the default server with `/simple-echo`: one mode for all clients, off at first. Returns as `start`."""
        self._store.mode = Mode.OFF
        publish_simple_echo(self.default_server(), self._store, debug=debug)
        return self.start(port)

    def multi_server(self, port: int = DEFAULT_PORT, debug: bool = False) -> Deferred[Server]:
        """Start the default server with `/multi-echo`: a mode per connection, off at first. Returns as `start`."""
        publish_multi_echo(self.default_server(), debug=debug)
        return self.start(port)

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
        server: Server | None = None,
        remove: bool = False,
    ) -> None:
        """Publish a WebSocket endpoint on an exact path, before or after `start`; it replaces what is on that path.

        Each callback may be None, and may return a Deferred or a coroutine: the next callback of that connection
        waits for it, and reading pauses when more than 16 wait. When one raises, it is logged, told to
        on_error, and its connection is closed with 1011; other connections go on.

        Args:
            path: begins with a slash, without query.
            on_open: `on_open(contract)`, called once, after the opening handshake and before the first message.
            on_message: `on_message(contract, data, ext)`, called for each whole message, with `str` for text and
                `bytes` for binary; `ext` is None.
            on_close: `on_close(contract, code, data)`, called once for each connection that was opened. The code is
                1005 when the peer gave none and 1006 when it did not close properly (RFC 6455, 7.1.5); data is the
                reason, `""` when there is none.
            on_error: `on_error(contract, failure)`, called when another callback raised.
            subprotocols: those spoken here, the preferred first; the first that the client also offers is selected
                (RFC 6455, 1.9).
            origins: values of Origin that may connect, compared exactly; None allows all. Requests without an Origin
                are always allowed.
            authorize: `authorize(contract)`, called before the handshake is answered: True accepts; False refuses
                with status 403, an int from 300 to 599 with that status. May return a Deferred or a coroutine; the
                handshake timeout (5 seconds) goes on meanwhile.
            headers: added to the 101 response.
            max_message_size: bytes of one received message, beyond which the connection is closed with 1009; None is
                the server's limit (16 MiB).
            ping_interval: seconds without received bytes until a ping is sent; 0 sends none; None is the server's
                interval (20).
            debug: log handshakes, frames and closes of this endpoint.
            server: the server to publish on; None is the default server.
            remove: remove the path instead; the other arguments but server are then ignored.

        Raises:
            TypeError: a callback does not take its arguments.
            BadSetting: a path, a subprotocol, an origin, a header or a limit is invalid.
        """
        server = server or self.default_server()
        if remove:
            server.endpoints.remove(path)
            return
        check_arity(authorize, "authorize(contract)")
        callbacks = Callbacks(on_open, on_message, on_close, on_error)
        publication = Publication(
            callbacks, check_subprotocols(subprotocols), authorize, check_headers(headers), self._door
        )
        limits = adjust(server.limits, max_message_size=max_message_size, ping_interval=ping_interval)
        server.publish(path, PublishedFactory(server.context_for(debug=debug, limits=limits), publication), origins)

    def open_websocket(
        self,
        uri: str,
        *,
        on_open: OnOpen | None = None,
        on_message: OnMessage | None = None,
        on_close: OnClose | None = None,
        on_error: OnError | None = None,
        subprotocols: Iterable[str] = (),
        origin: str | None = None,
        headers: Headers | None = None,
        tls: Trust = None,
        open_timeout: float | None = None,
        close_timeout: float | None = None,
        max_message_size: int | None = None,
        ping_interval: float | None = None,
        compression: bool | None = None,
        debug: bool = False,
    ) -> Deferred[Contract]:
        """Open a WebSocket; the callbacks are those of `publish_websocket`.

        Args:
            uri: a `ws:` or `wss:` URI (RFC 6455, 3), without fragment, user and password.
            subprotocols: to offer, the preferred first.
            origin: sent as Origin, for servers that require one.
            headers: added to the request.
            tls: for `wss:`: None trusts the certificates that the system trusts; a path names a PEM file with the
                certificates to trust instead; or an `IOpenSSLClientConnectionCreator`.
            open_timeout: seconds from this call to the end of the opening handshake; None is 10.
            close_timeout: seconds from our Close to the peer's, after which the connection is aborted; None is 5.
            max_message_size: bytes of one received message, beyond which the connection is closed with 1009; None is
                16 MiB.
            ping_interval: seconds without received bytes until a ping is sent; 0 sends none; None is 20.
            compression: whether to offer permessage-deflate (RFC 7692); None is yes.
            debug: log the handshake, frames and the close.

        Returns:
            A Deferred that fires with the connection's contract when the opening handshake is complete. It fails with
            a subclass of OpenFailed that says why the connection was not opened; to cancel it aborts the attempt.

        Raises:
            TypeError: a callback does not take its arguments.
            BadSetting: the URI, a subprotocol, the origin, a header or a limit is invalid.
        """
        limits = adjust(
            Limits(),
            open_timeout=open_timeout,
            close_timeout=close_timeout,
            max_message_size=max_message_size,
            ping_interval=ping_interval,
        )
        plan = Plan(
            parse_uri(uri),
            Callbacks(on_open, on_message, on_close, on_error),
            check_subprotocols(subprotocols),
            check_sent_origin(origin),
            check_headers(headers),
            compression is not False,
            debug,
            limits,
            self._door,
        )
        return open_plan(get_reactor(), plan, tls)

    def websocket_send(self, contract: Contract, data: Data) -> str:
        """Send one message, `str` as text and bytes-like as binary; returns `"text"` or `"binary"`.

        Raises:
            TypeError: data is neither.
            ConnectionClosed: the connection is not open.
        """
        return contract.send(data)

    def close_websocket(
        self, contract: Contract, *, code: int = CloseCode.NORMAL, reason: str = "", wait: bool = False
    ) -> Deferred[int] | None:
        """Start the closing handshake (RFC 6455, 7.1.2); a connection that is closing or closed is left as it is.

        Args:
            code: 1000-1003, 1007-1014 or 3000-4999.
            reason: at most 123 bytes in UTF-8.
            wait: whether to return a Deferred, which fires with the close code once `on_close` has run. A connection
                whose peer does not answer within close_timeout is aborted.

        Raises:
            BadSetting: a code that must not be sent, or a longer reason.
        """
        contract.close(code, reason)
        return contract.when_closed() if wait else None

    def echo_client(
        self, url: str = "simple", port: int = DEFAULT_PORT, debug: bool = False, host: str = "localhost"
    ) -> Deferred[Contract]:
        """Connect to an echo server, print what it sends, and remember the contract for `echo_send` and `echo_close`.

        Args:
            url: `"simple"` or `"multi"` on that host and port, or any WebSocket URI, which takes precedence over both.

        Returns a Deferred that fires with the contract, or fails, as that of `open_websocket`.
        """
        opening = self.open_websocket(
            echo_uri(url, host, port), on_message=self._display.received, on_close=self._display.closed, debug=debug
        )
        return opening.addCallback(self._remember)

    def _remember(self, contract: Contract) -> Contract:
        self._contract = contract
        return contract

    def echo_send(self, text: Data) -> str:
        """Send one message on the remembered contract; returns `"text"` or `"binary"` before the echo is printed.

        Raises:
            NoClient: `echo_client()` has not connected yet.
            ConnectionClosed: the connection is not open.
        """
        contract = self._remembered()
        self._display.hold()
        return self.websocket_send(contract, text)

    def echo_close(self) -> Deferred[int]:
        """Close the remembered contract; the Deferred fires with the close code after the CLOSED line is printed.

        Raises:
            NoClient: `echo_client()` has not connected yet.
        """
        contract = self._remembered()
        self._display.release()
        contract.close()
        return contract.when_closed()

    def _remembered(self) -> Contract:
        if self._contract is None:
            raise NoClient
        return self._contract


def get_reactor() -> Reactor:
    """The reactor of this process, installed at the first call."""
    from twisted.internet import reactor

    return cast("Reactor", reactor)


def echo_uri(url: str, host: str, port: int) -> str:
    """The URI of `"simple"` or `"multi"` on that host; any other is taken as it is."""
    if url not in ECHO_PATHS:
        return url
    return f"ws://{f'[{host}]' if ':' in host else host}:{port}{ECHO_PATHS[url]}"
