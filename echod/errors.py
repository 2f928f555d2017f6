"""Everything that can go wrong: the tree of exceptions, and what a Close may say.

    EchodError
    ├── ConnectionClosed        the caller: sends on, or closes, a connection that is not open
    ├── NoClient                the caller: echo_send or echo_close before echo_client
    ├── BadSetting (ValueError) the caller: an invalid option, variable or argument
    ├── BadArgument (TypeError) the caller: a call, a callback or a message that does not fit
    ├── CannotWait (RuntimeError)  the caller: a blocking call to which no result can come any more
    ├── CannotListen            the system: start could not listen on its port
    └── OpenFailed              the network or the peer: open_websocket could not open
        ├── ConnectFailed           no connection: refused, unreachable, no such host
        ├── BadCertificate          TLS: the certificate is not trusted or is not for this host
        ├── NotWebSocket            the answer is not that of a WebSocket server
        ├── HandshakeRefused        the server answers with another status than 101
        └── OpenTimeout             it took longer than open_timeout

Exceptions carry data as it came; their text is made from it, and is printable, whatever a peer has said.
A protocol violation of the peer on an open connection is not an exception but a close code.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Mapping
from dataclasses import dataclass
from enum import IntEnum


class CloseCode(IntEnum):
    """Close codes (RFC 6455, 7.4.1, and the registry it founded)."""

    NORMAL = 1000
    GOING_AWAY = 1001
    PROTOCOL_ERROR = 1002
    UNSUPPORTED_DATA = 1003
    NO_CODE = 1005
    ABNORMAL = 1006
    INVALID_PAYLOAD = 1007
    POLICY_VIOLATION = 1008
    MESSAGE_TOO_BIG = 1009
    MANDATORY_EXTENSION = 1010
    INTERNAL_ERROR = 1011
    SERVICE_RESTART = 1012
    TRY_AGAIN_LATER = 1013
    BAD_GATEWAY = 1014


CLOSE_CODES = frozenset({*range(1000, 1004), *range(1007, 1015), *range(3000, 5000)})
"""What a Close may carry, of either end (RFC 6455, 7.4, and the registry): no code that says how it was missing."""

MOST_CONTROL_BYTES = 125
"""Payload of a control frame (RFC 6455, 5.5)."""

MOST_REASON_BYTES = MOST_CONTROL_BYTES - 2
"""Reason of a Close, behind its code (RFC 6455, 5.5.1)."""


def printable(text: str) -> str:
    """All that is not printable as Python would write it, so that a peer cannot command a terminal or end a line.

    That is C0 and C1 controls, marks that turn or join text, separators but for the space, and lone surrogates.
    """
    return "".join(char if char.isprintable() else char.encode("unicode_escape").decode() for char in text)


class EchodError(Exception):
    """The root of all that echod raises."""


@dataclass(eq=False, repr=False)
class ConnectionClosed(EchodError):
    """The connection is not open, or no longer.

    `code` and `reason` say how it ended; while it is still closing they are what is known so far.
    """

    code: int
    reason: str

    def __str__(self) -> str:
        return printable(f"the connection is closed (code {self.code}{', ' + self.reason if self.reason else ''})")


class NoClient(EchodError):
    """There is no connection yet that could send or be closed."""

    def __str__(self) -> str:
        return "there is no connection: call echo_client() first"


@dataclass(eq=False, repr=False)
class BadSetting(EchodError, ValueError):
    """A setting with an invalid value.

    `name` is what the caller calls it, `value` what was given, `wanted` what would be right.
    """

    name: str
    value: object
    wanted: str

    def __str__(self) -> str:
        return f"{self.name}: {self.value!r} is not {self.wanted}"


class BadArgument(EchodError, TypeError):
    """A call with a keyword that is unknown, or another number of arguments; a callback that cannot be called as it
    will be; a message that is neither text nor bytes."""


class CannotWait(EchodError, RuntimeError):
    """A blocking call to which no result can come: the reactor has stopped, or runs elsewhere; the text says which."""


ADVICE = {
    os.strerror(errno.EADDRINUSE): "; choose another port, or 0 for any that is free",
    os.strerror(errno.EACCES): "; choose a port from 1024, or 0 for any that is free",
}
"""What can be done about a port, by what the system says of it."""


class CannotListen(EchodError):
    """`start(port)` could not listen there; `why` is what the system says."""

    def __init__(self, port: int, host: str | None, why: str) -> None:
        super().__init__(port, host, why)
        self.port = port
        self.host = host
        self.why = why

    def __str__(self) -> str:
        where = f"port {self.port}" + (f" of {self.host}" if self.host else "")
        return f"cannot listen on {where}: {self.why}{ADVICE.get(self.why, '')}"


class OpenFailed(EchodError):
    """`open_websocket(uri)` could not open; `why` is one sentence."""

    def __init__(self, uri: str, why: str) -> None:
        super().__init__(uri, why)
        self.uri = uri
        self.why = why

    def __str__(self) -> str:
        return printable(f"{self.uri}: {self.why}")


TLS_MISSING = "TLS is not installed: pip install 'echod[tls]'"
"""What to say where that package is not found."""


class ConnectFailed(OpenFailed):
    """No connection to that host and port; or none with TLS, which is not installed."""


class BadCertificate(OpenFailed):
    """The TLS handshake failed: the certificate is not trusted, or not for this host.

    `cause` is why in a word or two, such as `expired`, `self-signed`, `unknown issuer`, `wrong name` or `no name`.
    It is empty when a check of the caller's own has refused the certificate.
    `names` are those of a certificate for another host.
    """

    def __init__(self, uri: str, why: str, cause: str = "", names: tuple[str, ...] = ()) -> None:
        super().__init__(uri, why)
        self.cause = cause
        self.names = names


class NotWebSocket(OpenFailed):
    """The answer is not HTTP, or a 101 that violates RFC 6455, 4.1."""


class OpenTimeout(OpenFailed):
    """The connection was not usable within `open_timeout`."""


class HandshakeRefused(OpenFailed):
    """The server answered the opening handshake with `status` instead of 101; `headers` are its own.

    Their names are in lower case.
    `said` is its explanation, if it came with the head as one line of plain text; else it is empty.
    `body` is the beginning of the body, as far as it came with the head.
    """

    def __init__(
        self, uri: str, status: int, phrase: str, headers: Mapping[str, str], said: str = "", body: bytes = b""
    ) -> None:
        answer = f"{status} {phrase}".rstrip()
        where = headers.get("location", "") if 300 <= status < 400 else ""
        parts = (answer, said.removeprefix(answer).lstrip(": "), where and f"it is at {where}")
        super().__init__(uri, f"the server refused the handshake: {': '.join(filter(None, parts))}")
        self.said = said
        self.body = body
        self.status = status
        self.phrase = phrase
        self.headers = headers
