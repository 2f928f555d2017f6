"""How a connection closes and fails, in Autobahn's words."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import ParamSpec

from twisted.logger import Logger

from echod.errors import CLOSE_CODES, CloseCode
from echod.transport.leaving import leave_for
from echod.transport.raised import Raised
from echod.websocket.autobahn.port import Connection
from echod.websocket.autobahn.state import State, state_of

log = Logger(namespace="echod.websocket")

P = ParamSpec("P")


class Quiet:
    """Autobahn's logger, silenced: it tells what peers do wrong, which is normal, with their bytes in it.

    Its errors, mostly of TLS, are kept at debug level.
    """

    def error(self, text: str, **values: object) -> None:
        log.debug("{text} {values}", text=text, values=values)

    def _drop(self, *_: object, **__: object) -> None:
        """Not logged."""

    trace = debug = info = warn = _drop


def start_close(connection: Connection, code: int | None, reason: str) -> None:
    """Send our Close, with any code (`sendClose` refuses 1001 and 1011); nothing when it is not open."""
    if state_of(connection) is State.OPEN:
        connection.sendCloseFrame(code=code, reasonUtf8=reason.encode() or None)


def receive_close(connection: Connection, code: int | None, reason: bytes | None) -> None:
    """A Close has come: a violation, the answer to ours, or the beginning of the end (RFC 6455, 5.5.1).

    What Autobahn's `onCloseFrame` does, by our list of codes: its own has no 1014, which is registered since.
    """
    connection.remoteCloseCode = connection.remoteCloseReason = None
    if code is not None and code not in CLOSE_CODES:
        connection._fail_connection(CloseCode.PROTOCOL_ERROR, f"invalid close code {code}")
        return
    try:
        connection.remoteCloseReason = None if reason is None else reason.decode()
    except UnicodeDecodeError:
        connection._fail_connection(CloseCode.INVALID_PAYLOAD, "invalid close reason (non-UTF8 payload)")
        return
    connection.remoteCloseCode = code
    _close_cleanly(connection, code, reason)


def _close_cleanly(connection: Connection, code: int | None, reason: bytes | None) -> None:
    """Both ends have sent their Close, or will have: the server ends TCP, and the client waits for that."""
    state = state_of(connection)
    connection.wasClean = state is not State.CLOSED
    if state is State.CLOSED:
        return
    if state is State.OPEN:
        connection.sendCloseFrame(code=code, reasonUtf8=reason, isReply=True)
    else:
        stop_close_timer(connection)
    if connection.is_server:
        connection.dropConnection(abort=state is not State.OPEN)


def close_of(connection: Connection, was_clean: bool) -> tuple[int, str]:
    """How a connection ended: the peer's code and reason, or 1006 when the closing handshake was cut short.

    After a violation by the peer it is our own code: what a violator puts into its Close says nothing.
    """
    if connection.failedByMe:
        return _close_sent(connection)
    return _close_received(connection) if was_clean else (CloseCode.ABNORMAL, "")


def known_close(connection: Connection) -> tuple[int, str]:
    """What is known of the end of a connection that is closing: the peer's Close, or ours, or nothing."""
    return _close_sent(connection) if connection.remoteCloseCode is None else _close_received(connection)


def _close_sent(connection: Connection) -> tuple[int, str]:
    return _code(connection.localCloseCode), (connection.localCloseReason or b"").decode()


def _close_received(connection: Connection) -> tuple[int, str]:
    return _code(connection.remoteCloseCode), connection.remoteCloseReason or ""


def _code(code: int | None) -> int:
    return CloseCode.NO_CODE if code is None else code


def stop_close_timer(connection: Connection) -> None:
    """The wait for the peer's Close ends with the connection; Autobahn would let it run on."""
    timer, connection.closeHandshakeTimeoutCall = connection.closeHandshakeTimeoutCall, None
    if timer is not None:
        timer.cancel()


def attempt(connection: Connection, hook: Callable[P, object], *args: P.args, **kwargs: P.kwargs) -> None:
    """Call a hook of a subclass; if it raises, that is logged once, and its connection closes with 1011."""
    try:
        hook(*args, **kwargs)
    except BaseException:
        fail_for_hook(connection)


def fail_for_hook(connection: Connection) -> None:
    """A hook of a subclass has just raised: Close 1011, whatever it was; what ends a program ends it too."""
    log.failure("a hook of {kind} raised", Raised(), kind=type(connection).__name__)
    connection._fail_connection(CloseCode.INTERNAL_ERROR)
    leave_for(connection.factory._batched_timer.clock, sys.exception())
