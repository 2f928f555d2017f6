"""The functions of the note, for one process: its default server, and the contract that the prompt remembers."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from twisted.internet.defer import Deferred, DeferredLock

from echod.api.arguments import adjust, check_headers, check_sent_origin, check_subprotocols
from echod.api.callbacks import Callbacks, check_arity
from echod.api.client import Plan
from echod.api.connecting import open_plan
from echod.api.contract import Contract, Data, Door, walk_in
from echod.api.published import Authorize, Headers, Publication, PublishedFactory
from echod.client.prompt import Display
from echod.errors import BadSetting, CloseCode, NoClient
from echod.rules.echo import Mode
from echod.rules.http.uri import parse_uri
from echod.server.listening import make_endpoint
from echod.server.server import Server
from echod.server.standard import publish_multi_echo, publish_simple_echo
from echod.settings import DEFAULT_PORT, Limits
from echod.store.memory import MemoryModeStore

AUTHORIZE = "authorize(contract)"
ECHO_PATHS = {"simple": "/simple-echo", "multi": "/multi-echo"}


class Note:
    """Everything that the note does, as methods; `echod` and `echod.blocking` give them to programs and prompts.

    The reactor is asked for at the first use, so that a program may install its own before.
    """

    def __init__(self, door: Door = walk_in) -> None:
        self._door = door
        self._server: Server | None = None
        self._contract: Contract | None = None
        self._store = MemoryModeStore()
        self._starting = DeferredLock()
        self._display = Display()

    def default_server(self) -> Server:
        """The server that `start` starts and `publish_websocket` publishes on."""
        if self._server is None:
            self._server = Server(get_reactor())
        return self._server

    def start(self, port: int = DEFAULT_PORT, host: str | None = None) -> Deferred[Server]:
        """(Re)start the default server: what is published stays, and the port is never in its own way.

        Args:
            port: 0 is any free one; `server.port` tells which.
            host: an address to listen on; None is every interface, IPv4 and IPv6.

        Raises:
            BadSetting: port is no port number.
            CannotListenError: another process has the port (from the Deferred).
        """
        if type(port) is not int or not 0 <= port <= 65535:
            raise BadSetting("port", port, "a port number from 0 to 65535")
        return self._starting.run(lambda: Deferred.fromCoroutine(self._restart(port, host)))

    async def _restart(self, port: int, host: str | None) -> Server:
        server = self.default_server()
        if port and port in server.port_numbers():
            await server.stop_listening()
        # A port that cannot be had leaves the server where it is.
        port_listened_on = await server.listen(make_endpoint(server.reactor, port, host))
        await server.stop_listening(keep=port_listened_on)
        return server

    def shutdown(self) -> Deferred[None]:
        """Stop the default server: no more connections, 1001 to those that are open; fires when all are gone."""
        return self._starting.run(lambda: Deferred.fromCoroutine(self.default_server().shutdown()))

    def echo_server(self, port: int = DEFAULT_PORT, debug: bool = False) -> Deferred[Server]:
        """Start the default server with `/simple-echo`: one mode for all clients, off at first."""
        self._store.mode = Mode.OFF
        publish_simple_echo(self.default_server(), self._store, debug=debug)
        return self.start(port)

    def multi_server(self, port: int = DEFAULT_PORT, debug: bool = False) -> Deferred[Server]:
        """Start the default server with `/multi-echo`: a mode for each connection, off at first."""
        publish_multi_echo(self.default_server(), debug=debug)
        return self.start(port)

    def publish_websocket(
        self,
        path: str,
        *,
        on_open: Any = None,
        on_message: Any = None,
        on_close: Any = None,
        on_error: Any = None,
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
        """Publish a WebSocket on an exact path, in place of what is there; before or after `start`.

        Each callback may be None, and may return a Deferred or a coroutine: the next message of that connection
        waits for it. One that raises ends its connection with 1011; the others go on.

        Args:
            on_open: `on_open(contract)`, once, after the handshake and before the first message.
            on_message: `on_message(contract, data, ext)`, for each whole message; `str` for text, `bytes` for
                binary; `ext` is None.
            on_close: `on_close(contract, code, data)`, once, if on_open was due; 1005 when the peer gave no code,
                1006 when it did not close properly; data is the reason, `""` when none.
            on_error: `on_error(contract, failure)`, when another callback raised.
            subprotocols: those spoken here; the first that the client offers too is selected.
            origins: those that may connect, compared exactly; None is all. Clients without one may always.
            authorize: `authorize(contract)`, before the handshake is answered: True accepts, False refuses with
                403, an int with that status. May return a Deferred or a coroutine; five seconds are given.
            headers: added to the 101 answer.
            max_message_size: bytes of one message; None is the server's (16 MiB).
            ping_interval: seconds; 0 is no pings; None is the server's (20).
            debug: log handshakes, frames and closes of this endpoint.
            server: where to publish; None is the default server.
            remove: take the path off instead.

        Raises:
            TypeError: a callback cannot take its arguments.
            BadSetting: a path, an origin, a header or a limit that cannot be.
        """
        server = server or self.default_server()
        if remove:
            server.endpoints.remove(path)
            return
        check_arity(authorize, AUTHORIZE)
        callbacks = Callbacks(on_open, on_message, on_close, on_error)
        publication = Publication(
            callbacks, check_subprotocols(subprotocols), authorize, check_headers(headers), self._door
        )
        limits = adjust(
            server.limits,
            max_message_bytes=("max_message_size", max_message_size),
            ping_interval_s=("ping_interval", ping_interval),
        )
        server.publish(path, PublishedFactory(server.context_for(debug=debug, limits=limits), publication), origins)

    def open_websocket(
        self,
        uri: str,
        *,
        on_open: Any = None,
        on_message: Any = None,
        on_close: Any = None,
        on_error: Any = None,
        subprotocols: Iterable[str] = (),
        origin: str | None = None,
        headers: Headers | None = None,
        tls: Any = None,
        open_timeout: float | None = None,
        close_timeout: float | None = None,
        max_message_size: int | None = None,
        ping_interval: float | None = None,
        compression: bool | None = None,
        debug: bool = False,
    ) -> Deferred[Contract]:
        """Open a WebSocket; fires with its contract when it is usable. Callbacks as in `publish_websocket`.

        Args:
            uri: `ws:` or `wss:`.
            subprotocols: to offer, the preferred first.
            origin: sent as Origin, for servers that ask for one.
            headers: added to the request.
            tls: for `wss:`: None trusts what the system trusts; a path names a PEM file with the certificates
                to trust instead; or an `IOpenSSLClientConnectionCreator`.
            open_timeout: seconds until usable; None is 10.
            close_timeout: seconds from our Close to the peer's; None is 5.
            max_message_size: bytes of one received message; None is 16 MiB.
            ping_interval: seconds; 0 is no pings; None is 20.
            compression: whether to offer permessage-deflate; None is yes.
            debug: log the handshake, frames and the close.

        Raises:
            TypeError: a callback cannot take its arguments.
            BadSetting: the URI, a header or a limit cannot be.
            OpenFailed: from the Deferred; its subclasses say why.
        """
        limits = adjust(
            Limits(),
            open_timeout_s=("open_timeout", open_timeout),
            close_timeout_s=("close_timeout", close_timeout),
            max_message_bytes=("max_message_size", max_message_size),
            ping_interval_s=("ping_interval", ping_interval),
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
        """Send one message, `str` as text and bytes as binary; returns `"text"` or `"binary"`.

        Raises:
            TypeError: data is neither.
            ConnectionClosed: the connection is not open.
        """
        return contract.send(data)

    def close_websocket(
        self, contract: Contract, *, code: int = CloseCode.NORMAL, reason: str = "", wait: bool = False
    ) -> Deferred[int] | None:
        """Start the closing handshake; again, or when it is closed, changes nothing.

        Returns:
            With `wait` what fires with the close code once `on_close` has run, at the latest after close_timeout.

        Raises:
            BadSetting: a code that must not be sent, or a reason over 123 bytes.
        """
        contract.close(code, reason)
        return contract.when_closed() if wait else None

    def echo_client(
        self, url: str = "simple", port: int = DEFAULT_PORT, debug: bool = False, host: str = "localhost"
    ) -> Deferred[Contract]:
        """Connect to an echo server, print what it sends, and remember the contract.

        Args:
            url: `"simple"`, `"multi"`, or any WebSocket URI, which then wins over host and port.
        """
        opening = self.open_websocket(
            echo_uri(url, host, port), on_message=self._display.received, on_close=self._display.closed, debug=debug
        )
        return opening.addCallback(self._remember)

    def _remember(self, contract: Contract) -> Contract:
        self._contract = contract
        return contract

    def echo_send(self, text: Data) -> str:
        """Send on the remembered contract; returns `"text"` before the echo is printed.

        Raises:
            NoClient: there was no `echo_client()`.
            ConnectionClosed: it is closed.
        """
        contract = self._remembered()
        self._display.hold()
        return self.websocket_send(contract, text)

    def echo_close(self) -> Deferred[int]:
        """Close the remembered contract; fires with the close code after the CLOSED line is printed."""
        contract = self._remembered()
        self._display.release()
        contract.close()
        return contract.when_closed()

    def _remembered(self) -> Contract:
        if self._contract is None:
            raise NoClient
        return self._contract


def get_reactor() -> Any:
    """The reactor of this process, installed at the first call."""
    from twisted.internet import reactor

    return reactor


def echo_uri(url: str, host: str, port: int) -> str:
    """The URI of `"simple"` or `"multi"` on that host; any other is taken as it is."""
    if url not in ECHO_PATHS:
        return url
    return f"ws://{f'[{host}]' if ':' in host else host}:{port}{ECHO_PATHS[url]}"
