"""A valid opening handshake: what the client asks for, and the 101 answer (RFC 6455, 4.2). Pure.

Reads as Autobahn does, so that `onConnect` finds what Autobahn documents.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha1

from echod.rules.http.head import Head, authority_of
from echod.rules.http.response import SERVER
from echod.rules.http.upgrade import offered_subprotocols, split_target

MAGIC = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
"""RFC 6455, 1.3."""

SWITCHING = "HTTP/1.1 101 Switching Protocols\r\n"

Extension = tuple[str, dict[str, list[str | bool]]]
"""Name and parameters, each with all its values; True for one without."""


@dataclass(slots=True)
class Opening:
    """What a client asks for; the names are those of Autobahn's `ConnectionRequest`."""

    headers: dict[str, str]
    """Names in lower case; several lines of one name are joined."""
    host: str
    """Without its port."""
    path: str
    params: dict[str, list[str]]
    origin: str
    protocols: list[str]
    extensions: list[Extension]


@dataclass(slots=True)
class Acceptance:
    """What a 101 answer says; it may be changed until it is rendered."""

    accept: str
    subprotocol: str | None = None
    extensions: str = ""
    headers: Sequence[tuple[str, str]] = ()
    server: str = SERVER

    def render(self) -> bytes:
        """The whole answer."""
        # As in the request of our client: added and not formatted, so that what is sent is what was checked.
        more = "".join([name + ": " + value + "\r\n" for name, value in self.headers])
        if self.subprotocol is not None:
            more += f"Sec-WebSocket-Protocol: {self.subprotocol}\r\n"
        more += f"Sec-WebSocket-Accept: {self.accept}\r\n"
        if self.extensions:
            more += f"Sec-WebSocket-Extensions: {self.extensions}\r\n"
        return f"{SWITCHING}Server: {self.server}\r\nUpgrade: WebSocket\r\nConnection: Upgrade\r\n{more}\r\n".encode()


def read_opening(head: Head) -> Opening:
    """What the client asks for with this head, which `check_upgrade` has passed."""
    # Several lines of one name are one list (RFC 9110, 5.3).
    headers = {name: ", ".join(values) for name, values in head.by_name.items()}
    host, (path, params) = authority_of(head), split_target(head.target)
    if not host.endswith("]"):
        host = host.rpartition(":")[0] or host
    protocols = offered_subprotocols(head)
    return Opening(headers, host, path, params, headers.get("origin", ""), protocols, read_extensions(headers))


def read_extensions(headers: Mapping[str, str]) -> list[Extension]:
    """What is offered in Sec-WebSocket-Extensions, in order (RFC 6455, 9.1)."""
    offers = headers.get("sec-websocket-extensions", "").split(",")
    return [read_extension(offer) for offer in offers if offer.strip()]


def read_extension(offer: str) -> Extension:
    """Name and parameters of one of them, as Autobahn reads it."""
    name, *rest = offer.split(";")
    parameters: dict[str, list[str | bool]] = {}
    for parameter in rest:
        key, *rest_of_it = map(str.strip, parameter.split("="))
        value = "=".join(rest_of_it).removeprefix('"').removesuffix('"').replace("\\", "")
        parameters.setdefault(key.lower(), []).append(value if rest_of_it else True)
    return name.strip().lower(), parameters


def accept_of(key: str) -> str:
    """The Sec-WebSocket-Accept to a Sec-WebSocket-Key (RFC 6455, 4.2.2)."""
    return b64encode(sha1(key.encode() + MAGIC, usedforsecurity=False).digest()).decode()


def flatten_headers(headers: Mapping[str, object]) -> list[tuple[str, str]]:
    """Headers of a 101 answer, as `onConnect` may give them: a value, or several to a name."""
    lines: list[tuple[str, str]] = []
    for name, value in headers.items():
        values = value if isinstance(value, Iterable) and not isinstance(value, str) else (value,)
        lines += [(name, one if isinstance(one, str) else str(one)) for one in values]
    return lines
