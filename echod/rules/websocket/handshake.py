"""The opening handshake behind a good head: what the client asks for, and the 101 answer (RFC 6455, 4.2). Pure.

Reads as Autobahn does, so that a hook finds what its documentation promises.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha1
from typing import Any
from urllib.parse import parse_qs, urlparse, urlsplit

from echod.rules.http.head import Head, Refusal
from echod.rules.http.response import SERVER

MAGIC = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
"""RFC 6455, 1.3."""

SWITCHING = "HTTP/1.1 101 Switching Protocols\r\n"

Extension = tuple[str, dict[str, list[Any]]]
"""Name and parameters, each with all its values; True for one without."""

NOT_PLAIN = frozenset(";?:[]@")
"""Without one of these, and with a single slash in front, a target is a path and nothing else."""


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
    """What a 101 answer says; whoever changes it before it is rendered changes the answer."""

    accept: str
    subprotocol: str | None = None
    extensions: str = ""
    headers: Sequence[tuple[str, str]] = ()
    server: str = SERVER

    def render(self) -> bytes:
        """The whole answer."""
        more = "".join([f"{name}: {value}\r\n" for name, value in self.headers])
        if self.subprotocol is not None:
            more += f"Sec-WebSocket-Protocol: {self.subprotocol}\r\n"
        more += f"Sec-WebSocket-Accept: {self.accept}\r\n"
        if self.extensions:
            more += f"Sec-WebSocket-Extensions: {self.extensions}\r\n"
        return f"{SWITCHING}Server: {self.server}\r\nUpgrade: WebSocket\r\nConnection: Upgrade\r\n{more}\r\n".encode()


def read_opening(head: Head) -> Opening | Refusal:
    """What this head, which `check_upgrade` has let through, asks for; refused where that contradicts itself."""
    headers = join_headers(head)
    host, protocols = split_port(headers["host"]), split_list(headers.get("sec-websocket-protocol"))
    resource, origin = split_target(head.target), headers.get("origin")
    if host is None:
        return Refusal(400, "the port in the header host is not a number")
    if resource is None:
        return Refusal(400, "the request target cannot be taken apart")
    if len(set(protocols)) < len(protocols):
        return Refusal(400, "a subprotocol is offered twice")
    if origin is not None and not is_readable_origin(origin):
        return Refusal(400, "the header origin has no host")
    return Opening(headers, host, *resource, origin or "", protocols, read_extensions(headers))


def join_headers(head: Head) -> dict[str, str]:
    """The headers by name in lower case; several lines are one list (RFC 9110, 5.3)."""
    return {name: ", ".join([value.strip() for value in values]) for name, values in head.by_name.items()}


def split_port(host: str) -> str | None:
    """The host of a Host header; None when its port is empty."""
    if ":" not in host or host.endswith("]"):
        return host
    name, _, port = host.rpartition(":")
    return name if port else None


def split_target(target: str) -> tuple[str, dict[str, list[str]]] | None:
    """The path without its parameters, and the query; None when the target cannot be taken apart."""
    if not target.startswith("//") and NOT_PLAIN.isdisjoint(target):
        return target, {}
    try:
        parts = urlparse(target)
        return parts.path, parse_qs(parts.query)
    except ValueError:
        return None


def split_list(value: str | None) -> list[str]:
    """The elements of a header, in order; none when there is no such header."""
    return [] if value is None else [element.strip() for element in value.split(",")]


def is_readable_origin(origin: str) -> bool:
    """Whether an Origin is `null` or names a host; which one is allowed is asked elsewhere."""
    try:
        parts = urlsplit(origin)
        # To ask for the port is to check it.
        named = (parts.hostname, parts.port)[0]
    except ValueError:
        return origin.lower() == "null"
    return bool(named) or origin.lower() == "null" or parts.scheme == "file"


def read_extensions(headers: Mapping[str, str]) -> list[Extension]:
    """What is offered in Sec-WebSocket-Extensions, in order (RFC 6455, 9.1)."""
    value = headers.get("sec-websocket-extensions")
    return [read_extension(offer) for offer in value.split(",") if offer.strip()] if value else []


def read_extension(offer: str) -> Extension:
    name, *rest = offer.split(";")
    parameters: dict[str, list[Any]] = {}
    for parameter in rest:
        key, *value = map(str.strip, parameter.split("="))
        parameters.setdefault(key.lower(), []).append(unquote("=".join(value)) if value else True)
    return name.strip().lower(), parameters


def unquote(value: str) -> str:
    """A parameter's value without the quotation marks around it."""
    return value.removeprefix('"').removesuffix('"')


def accept_of(key: str) -> str:
    """The Sec-WebSocket-Accept to a Sec-WebSocket-Key (RFC 6455, 4.2.2)."""
    return b64encode(sha1(key.encode() + MAGIC, usedforsecurity=False).digest()).decode()


def flatten_headers(headers: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Headers of a 101 answer, as `onConnect` may give them: a value, or several to a name."""
    return [(name, str(one)) for name, value in headers.items() for one in as_values(value)]


def as_values(value: Any) -> Iterable[Any]:
    return value if isinstance(value, Iterable) and not isinstance(value, str) else (value,)
