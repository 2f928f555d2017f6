"""The contract: the handle of one connection, the same object for all of its callbacks."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from typing import Any, Protocol, TypeVar

from twisted.internet.defer import Deferred, fail, succeed
from twisted.internet.interfaces import IReactorTime

from echod.api.serial import OWNER
from echod.errors import BadSetting, CloseCode, ConnectionClosed
from echod.rules.behaviours.grammar import CLOSE_CODES, MOST_REASON_BYTES
from echod.websocket.autobahn.closing import known_close, start_close
from echod.websocket.autobahn.state import State, state_of

Data = str | bytes | bytearray | memoryview
Result = TypeVar("Result")
MOST_PINGS = 1000
"""That may wait for their pongs, on a connection whose peer answers none."""


class Door(Protocol):
    """How a call reaches the reactor: directly, or from another thread, which then waits for what it gives."""

    def __call__(self, function: Callable[..., Any], /, *args: Any) -> Any: ...


def walk_in(function: Callable[..., Any], /, *args: Any) -> Any:
    """The door for those who are in the reactor's thread already."""
    return function(*args)


class Contract:
    """One connection, from its handshake to its end. Hashable, compared by identity.

    Attributes:
        uri: what the client asked for, with the query.
        path: the same without scheme, host and query.
        peer: the other end, `host:port` with an IPv6 host in brackets, or `unix`.
        subprotocol: the selected one, or None.
        request_headers: of the opening handshake, names in lower case, equal names joined by a comma.
        response_headers: of the server's answer, in the same form; a client's contract only.
        close_code: None until closed; then 1005 when the peer gave no code, 1006 when it did not close properly or
            was never let in.
        close_reason: `""` until closed, and when there is none.
    """

    def __init__(self, connection: Any, clock: IReactorTime, door: Door = walk_in) -> None:
        self._connection = connection
        self._clock = clock
        self._door = door
        self._ended: Deferred[int] = Deferred()
        # The owner of the turn of `on_close`, who knows of the end.
        self.ending = object()
        self.hurry: Callable[[], None] = lambda: None
        self.is_awaited_inside = False
        self._pings: dict[bytes, tuple[float, Deferred[float]]] = {}
        self.uri = ""
        self.path = ""
        self.peer = ""
        self.subprotocol: str | None = None
        self.request_headers: Mapping[str, str] = {}
        self.response_headers: Mapping[str, str] = {}
        self.close_code: int | None = None
        self.close_reason = ""

    def __repr__(self) -> str:
        return f"<echod.Contract {self.state.name.lower()} {self.uri} peer {self.peer}>"

    @property
    def state(self) -> State:
        """Where the connection is in its life."""
        return State.CLOSED if self.closed else state_of(self._connection)

    @property
    def closed(self) -> bool:
        """Whether the connection has ended; `on_close` has been called, or is being called, if `on_open` was due."""
        return self.close_code is not None

    def send(self, data: Data) -> str:
        """Send one message: `str` as text, bytes-like as binary.

        Returns:
            `"text"` or `"binary"`.

        Raises:
            TypeError: data is neither.
            ConnectionClosed: the connection is not open.
        """
        payload, is_binary = encode(data)
        self._door(self._send, payload, is_binary)
        return "binary" if is_binary else "text"

    def ping(self) -> Deferred[float]:
        """Send a ping; fires with the seconds until its pong, or fails with ConnectionClosed.

        The pong of a later ping will do: a peer may answer the latest alone (RFC 6455, 5.5.3). Of more than a thousand
        that wait, the oldest is cancelled.
        """
        result: Deferred[float] = self._door(self._ping)
        return result

    def close(self, code: int = CloseCode.NORMAL, reason: str = "") -> None:
        """Start the closing handshake; nothing when it has begun already.

        Raises:
            BadSetting: a code that must not be sent, or a reason over 123 bytes.
        """
        check_close(code, reason)
        self._door(start_close, self._connection, code, reason)

    def when_closed(self) -> Deferred[int]:
        """Fires with the close code once `on_close` has run; at once when it has, and in `on_close` itself.

        In another callback of this connection, `on_close` does not wait for that callback. Where the opening handshake
        was refused there is no `on_close`: it fires when the connection is lost.
        """
        result: Deferred[int] = self._door(self._when_closed)
        return result

    def _send(self, payload: bytes, is_binary: bool) -> None:
        if self.state is not State.OPEN:
            raise self._closed_error()
        self._connection.sendMessage(payload, is_binary)

    def _ping(self) -> Deferred[float]:
        if self.state is not State.OPEN:
            return fail(self._closed_error())
        payload = os.urandom(8)
        pong = self._await_pong(payload)
        self._connection.sendPing(payload)
        return pong

    def _await_pong(self, payload: bytes) -> Deferred[float]:
        while len(self._pings) >= MOST_PINGS:
            _, oldest = self._pop_oldest()
            oldest.cancel()
        pong: Deferred[float] = Deferred(lambda _: self._forget_ping(payload))
        self._pings[payload] = (self._clock.seconds(), pong)
        return pong

    def _forget_ping(self, payload: bytes) -> None:
        """Whoever waited for its pong does no longer."""
        self._pings.pop(payload, None)

    def _pop_oldest(self) -> tuple[float, Deferred[float]]:
        return self._pings.pop(next(iter(self._pings)))

    def _when_closed(self) -> Deferred[int]:
        if self._ended.called or OWNER.get() is self.ending:
            return succeed(self.close_code or CloseCode.ABNORMAL)
        waiting: Deferred[int] = Deferred()
        self._ended.addCallback(pass_on, waiting)
        if OWNER.get() is self:
            self.is_awaited_inside = True
            self.hurry()
        return waiting

    def _closed_error(self) -> ConnectionClosed:
        if self.close_code is not None:
            return ConnectionClosed(self.close_code, self.close_reason)
        return ConnectionClosed(*known_close(self._connection))

    def note_ping(self, payload: bytes) -> None:
        """A ping goes out that nobody here asked for: its pong will answer those before it as well."""
        if self._pings and payload not in self._pings:
            self._await_pong(payload).addErrback(lambda _: None)

    def take_pong(self, payload: bytes) -> None:
        """A pong came: it answers its ping and all before; one that nobody waits for is fine (RFC 6455, 5.5.3)."""
        while payload in self._pings:
            sent_at, pong = self._pop_oldest()
            pong.callback(self._clock.seconds() - sent_at)

    def end(self, code: int, reason: str) -> None:
        """The connection is lost: from now on `closed`, and no ping will be answered."""
        self.close_code, self.close_reason = code, reason
        while self._pings:
            _, pong = self._pop_oldest()
            pong.errback(ConnectionClosed(code, reason))

    def end_unopened(self) -> None:
        """The connection is lost, and was never open: `authorize` alone may know this contract."""
        self.end(CloseCode.ABNORMAL, "")
        self.tell_closed()

    def tell_closed(self) -> None:
        """`on_close` has run: those who wait for the end may go on."""
        self._ended.callback(self.close_code or CloseCode.ABNORMAL)


def pass_on(result: Result, waiting: Deferred[Result]) -> Result:
    """Give one result to another Deferred as well."""
    waiting.callback(result)
    return result


def encode(data: Data) -> tuple[bytes, bool]:
    """The payload of a message, and whether it is binary."""
    if isinstance(data, str):
        return data.encode(), False
    if isinstance(data, (bytes, bytearray, memoryview)):
        return bytes(data), True
    raise TypeError(f"a message is str or bytes, not {type(data).__name__}")


def check_close(code: int, reason: str) -> None:
    """Refuse a code or reason that must not stand in a Close frame (RFC 6455, 7.4)."""
    if type(code) not in (int, CloseCode) or code not in CLOSE_CODES:
        raise BadSetting("code", code, "a close code that may be sent: 1000-1003, 1007-1014 or 3000-4999")
    if not isinstance(reason, str) or len(reason.encode()) > MOST_REASON_BYTES:
        raise BadSetting("reason", reason, f"a text of at most {MOST_REASON_BYTES} bytes in UTF-8")
