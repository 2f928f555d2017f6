"""The functions of the note, for one process: its default server, and the contract that the prompt remembers."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any
from weakref import WeakSet

from twisted.internet.defer import Deferred, DeferredList

from echod.api import arguments
from echod.api.arguments import Callbacks, Headers, OnClose, OnError, OnMessage, OnOpen
from echod.api.client import Plan, open_plan
from echod.api.contract import WALK_IN, Contract, Data, Door
from echod.api.trust import Trust
from echod.client.calls import public
from echod.client.default_server import DefaultServer, get_reactor
from echod.client.terminal import Display
from echod.errors import BadArgument, BadSetting, CloseCode, NoClient
from echod.settings import DEFAULT_PORT, Limits

ECHO_PATHS = {"simple": "/simple-echo", "multi": "/multi-echo"}


class Note(DefaultServer):
    """The functions of the note as methods; `echod` and `echod.blocking` export those of one instance."""

    def __init__(self, door: Door = WALK_IN) -> None:
        super().__init__(door)
        self._contract: Contract | None = None
        self._opened: WeakSet[Contract] = WeakSet()
        self._display = Display()

    @public
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
            uri: a `ws:` or `wss:` URI (RFC 6455, 3), without fragment, user and password; its host may be an
                internationalized name.
            subprotocols: to offer, the preferred first.
            origin: sent as Origin, for servers that require one.
            headers: added to the request, or in the place of those that it has anyway, such as Host and User-Agent.
            tls: what `wss:` trusts: None is what the system trusts, a path a PEM file with the certificates to trust
                instead; or an `IOpenSSLClientConnectionCreator`: that of `optionsForClientTLS` checks the name too, any
                other is used as it is.
            open_timeout: seconds from this call to the end of the opening handshake; None is 10.
            close_timeout: seconds from our Close to the peer's, after which the connection is aborted; None is 5.
            max_message_size: most bytes of one message, a longer one closes with 1009; None is 16 MiB.
            ping_interval: seconds without received bytes until a ping is sent; 0 sends none; None is 20.
            compression: whether to offer permessage-deflate (RFC 7692); None is yes.
            debug: log the handshake, frames and the close.

        Returns:
            A Deferred that fires with the connection's contract when the opening handshake is complete. It fails with
            a subclass of OpenFailed that says why the connection was not opened; to cancel it aborts the attempt.

        Raises:
            BadArgument: a callback does not take its arguments, or a keyword is unknown.
            BadSetting: the URI, a subprotocol, the origin, a header or a limit is invalid.
        """
        limits = arguments.adjust(
            Limits(),
            open_timeout=open_timeout,
            close_timeout=close_timeout,
            max_message_size=max_message_size,
            ping_interval=ping_interval,
        )
        callbacks = Callbacks(on_open, on_message, on_close, on_error, self._door)
        offered, more_headers = arguments.check_subprotocols(subprotocols), arguments.check_headers(headers)
        arguments.check_sent_origin(origin)
        if not isinstance(compression, (bool, type(None))):
            raise BadSetting("compression", compression, "True or False")
        plan = Plan(
            arguments.read_uri(uri), callbacks, offered, origin, more_headers, compression is not False, debug, limits
        )
        return open_plan(get_reactor(), plan, tls).addCallback(self._note)

    def _note(self, contract: Contract) -> Contract:
        self._opened.add(contract)
        return contract

    def leave(self) -> Deferred[None]:
        """Close all that is open, of the default server too, with 1001 and behind what was sent; fires when all is."""
        opened = list(self._opened)
        for contract in opened:
            contract.close(CloseCode.GOING_AWAY)
        closed: list[Deferred[Any]] = [contract.when_closed() for contract in opened]
        return DeferredList([*closed, self.leave_server()]).addCallback(lambda _: None)

    @public
    def websocket_send(self, contract: Contract, data: Data) -> str:
        """Send one message, `str` as text and bytes-like as binary; returns `"text"` or `"binary"`.

        Raises:
            BadArgument: data is neither, or contract is none.
            ConnectionClosed: the connection is not open.
        """
        return check_contract(contract).send(data)

    @public
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
        check_contract(contract).close(code, reason)
        return contract.when_closed() if wait else None

    @public
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

    @public
    def echo_send(self, text: Data) -> str:
        """Send one message on the remembered contract; returns `"text"` or `"binary"` before the echo is printed.

        Raises:
            NoClient: `echo_client()` has not connected yet.
            ConnectionClosed: the connection is not open.
        """
        contract = self._remembered()
        self._display.hold()
        return self.websocket_send(contract, text)

    @public
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


def check_contract(contract: Contract) -> Contract:
    """The contract; a BadArgument for what is none."""
    if not isinstance(contract, Contract):
        raise BadArgument(f"a contract is expected, not {contract!r}")
    return contract


def echo_uri(url: str, host: str, port: int) -> str:
    """The URI of `"simple"` or `"multi"` on that host; any other is taken as it is."""
    if not isinstance(url, str) or url not in ECHO_PATHS:
        return url
    if not isinstance(host, str):
        raise BadSetting("host", host, "an address or a name")
    return f"ws://{f'[{host}]' if ':' in host else host}:{port}{ECHO_PATHS[url]}"
