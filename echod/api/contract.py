"""The contract: the handle of one connection, the same object for all of its callbacks; and the pongs it awaits."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from typing import ParamSpec, Protocol, TypeVar

from twisted.internet.defer import Deferred, fail
from twisted.internet.interfaces import IReactorTime

from echod.api.backlog import Backlog
from echod.api.ending import Ending
from echod.errors import CLOSE_CODES, MOST_REASON_BYTES, BadArgument, BadSetting, CloseCode, ConnectionClosed, printable
from echod.websocket.autobahn.closing import known_close, start_close
from echod.websocket.autobahn.port import Connection
from echod.websocket.autobahn.state import State, state_of

Data = str | bytes | bytearray | memoryview
P = ParamSpec("P")
T = TypeVar("T")

MOST_PINGS = 1000
"""That may wait for their pongs, on a connection whose peer answers none."""


class Door(Protocol):
    """How a call reaches the reactor: directly, or from another thread, which then waits for the result."""

    def __call__(self, function: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T: ...

    def is_outside(self) -> bool:
        """Whether the caller is in another thread than the reactor, and may wait."""


class WalkIn:
    """The door for callers in the reactor's thread."""

    def __call__(self, function: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T:
        return function(*args, **kwargs)

    def is_outside(self) -> bool:
        return False


WALK_IN = WalkIn()


class AwaitedPongs:
    """Of one connection, in the order of their pings; a pong answers its ping and all before (RFC 6455, 5.5.3)."""

    __slots__ = ("_clock", "_pings")

    def __init__(self, clock: IReactorTime) -> None:
        self._clock = clock
        self._pings: dict[bytes, tuple[float, Deferred[float]]] = {}

    def expect(self, payload: bytes) -> Deferred[float]:
        """A ping goes out: fires with the seconds until its pong. With MOST_PINGS waiting, the oldest is cancelled."""
        while len(self._pings) >= MOST_PINGS:
            _, oldest = self._pop_oldest()
            oldest.cancel()
        pong: Deferred[float] = Deferred(lambda _: self._forget(payload))
        self._pings[payload] = (self._clock.seconds(), pong)
        return pong

    def note(self, payload: bytes) -> None:
        """A ping goes out, perhaps one that `expect` does not know: its pong will answer those before it as well."""
        if self._pings and payload not in self._pings:
            self.expect(payload).addErrback(lambda _: None)

    def receive(self, payload: bytes) -> None:
        """A pong came; an unsolicited one is ignored (RFC 6455, 5.5.3)."""
        while payload in self._pings:
            sent_at, pong = self._pop_oldest()
            pong.callback(self._clock.seconds() - sent_at)

    def fail(self, error: ConnectionClosed) -> None:
        """The connection is lost: no ping will be answered."""
        while self._pings:
            _, pong = self._pop_oldest()
            pong.errback(error)

    def _forget(self, payload: bytes) -> None:
        self._pings.pop(payload, None)

    def _pop_oldest(self) -> tuple[float, Deferred[float]]:
        return self._pings.pop(next(iter(self._pings)))


class Contract:
    """One connection, from its handshake to its end. Hashable, compared by identity.

    Attributes:
        uri: the URI that the client asked for, with the query (RFC 6455, 3).
        path: the same without scheme, host and query.
        peer: the other end, `host:port` with an IPv6 host in brackets, or `unix`.
        subprotocol: the selected one, or None.
        request_headers: of the opening handshake, names in lower case, equal names joined by a comma.
        response_headers: of the server's answer, in the same form; a client's contract only.
        close_code: None until `closed`; then 1005 when the peer gave no code, 1006 when it did not close properly or
            its handshake was refused (RFC 6455, 7.1.5).
        close_reason: `""` until `closed`, and when there is none.
    """

    def __init__(
        self, connection: Connection, ending: Ending, pongs: AwaitedPongs, backlog: Backlog, door: Door
    ) -> None:
        self._connection = connection
        self._ending = ending
        self._pongs = pongs
        self._backlog = backlog
        self._door = door
        self.uri = ""
        self.path = ""
        self.peer = ""
        self.subprotocol: str | None = None
        self.request_headers: Mapping[str, str] = {}
        self.response_headers: Mapping[str, str] = {}
        self.close_code: int | None = None
        self.close_reason = ""

    def __repr__(self) -> str:
        return printable(f"<echod.Contract {self.state.name.lower()} {self.uri} peer {self.peer}>")

    @property
    def state(self) -> State:
        """Where the connection is in its life."""
        return State.CLOSED if self.closed else state_of(self._connection)

    @property
    def closed(self) -> bool:
        """Whether the connection has ended; `on_close` has been called, or will be once earlier callbacks are done."""
        return self.close_code is not None

    def send(self, data: Data) -> str:
        """Send one message: `str` as text, bytes-like as binary.

        In the thread of the reactor it never waits, and a peer that reads less than is sent costs memory: see
        `drained`. With `echod.blocking`, in any other thread, it waits while more than 64 KiB are unsent.

        Returns:
            `"text"` or `"binary"`.

        Raises:
            BadArgument: data is neither.
            ConnectionClosed: the connection is not open, or is lost while this waits.
        """
        payload, is_binary = encode(data)
        self._door(self._send, payload, is_binary)
        if self._door.is_outside() and self._backlog.is_full:
            self._door(self._wait, self._backlog.mark)
        return "binary" if is_binary else "text"

    @property
    def unsent_bytes(self) -> int:
        """How many bytes of what was sent the operating system has not taken yet, frames and replies included."""
        return 0 if self.closed else self._backlog.count()

    def drained(self) -> Deferred[None]:
        """Wait until everything that was sent is with the operating system.

        To send in step with a slow peer, wait for it behind each message. That the peer has received everything only
        the closing handshake tells: `close`, then `when_closed`.

        Returns:
            A Deferred that fires when nothing is unsent. It fails with ConnectionClosed when the connection is closed,
            or is lost with something unsent.
        """
        return self._door(self._wait)

    def ping(self) -> Deferred[float]:
        """Send a ping (RFC 6455, 5.5.2).

        Returns:
            A Deferred that fires with the seconds until its pong, or that of a later ping: a peer may answer the latest
            alone (RFC 6455, 5.5.3). It fails with ConnectionClosed when the connection is not open, or is lost first.
            Of more than a thousand pings without a pong the oldest is cancelled.
        """
        return self._door(self._ping)

    def close(self, code: int = CloseCode.NORMAL, reason: str = "") -> None:
        """Start the closing handshake (RFC 6455, 7.1.2); nothing when it has begun already.

        Raises:
            BadSetting: a code that must not be sent, or a reason of more than 123 bytes.
        """
        if type(code) not in (int, CloseCode) or code not in CLOSE_CODES:
            raise BadSetting("code", code, "a close code that may be sent: 1000-1003, 1007-1014 or 3000-4999")
        if not isinstance(reason, str) or len(reason.encode(errors="replace")) > MOST_REASON_BYTES:
            raise BadSetting("reason", reason, f"a text of at most {MOST_REASON_BYTES} bytes in UTF-8")
        encode_text(reason)
        self._door(start_close, self._connection, code, reason)

    def when_closed(self) -> Deferred[int]:
        """Wait for the end.

        Returns:
            A Deferred that fires with the close code once `on_close` has run; it has fired when called in `on_close`.
            When another callback of this connection calls it, `on_close` does not wait for that callback. Where the
            opening handshake was refused there is no `on_close`: it fires when the connection is lost.
        """
        return self._door(self._ending.wait)

    def _send(self, payload: bytes, is_binary: bool) -> None:
        if self.state is not State.OPEN:
            raise self._closed_error()
        self._connection.sendMessage(payload, is_binary)

    def _wait(self, most: int = 0) -> Deferred[None]:
        return fail(self._closed_error()) if self.closed else self._backlog.wait(most)

    def _ping(self) -> Deferred[float]:
        if self.state is not State.OPEN:
            return fail(self._closed_error())
        payload = os.urandom(8)
        pong = self._pongs.expect(payload)
        self._connection.sendPing(payload)
        return pong

    def _closed_error(self) -> ConnectionClosed:
        if self.close_code is not None:
            return ConnectionClosed(self.close_code, self.close_reason)
        return ConnectionClosed(*known_close(self._connection))


def encode_text(text: str) -> bytes:
    """A text in UTF-8; BadArgument for one that has none, as from a file name or JSON that was cut."""
    try:
        return text.encode()
    except UnicodeEncodeError as error:
        raise BadArgument(f"a text is without lone surrogates, such as {text[error.start]!r}") from None


def encode(data: Data) -> tuple[bytes, bool]:
    """The payload of a message, and whether it is binary."""
    if isinstance(data, str):
        return encode_text(data), False
    if isinstance(data, (bytes, bytearray, memoryview)):
        return bytes(data), True
    raise BadArgument(f"a message is str or bytes, not {type(data).__name__}")
