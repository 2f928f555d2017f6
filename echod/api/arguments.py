"""Arguments of the API, checked before they are used: callbacks, limits, headers, subprotocols, origins."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import idna
from twisted.python.failure import Failure

from echod.api.contract import WALK_IN, Contract, Door
from echod.errors import BadArgument, BadSetting
from echod.rules.http.head import TOKEN
from echod.rules.http.uri import PRINTABLE, URI, WANTED, Address, parse_uri
from echod.settings import Limits

Headers = Mapping[str, str]
OnOpen = Callable[[Contract], object]
OnMessage = Callable[[Contract, str | bytes, None], object]
OnClose = Callable[[Contract, int, str], object]
OnError = Callable[[Contract, Failure], object]
Authorize = Callable[[Contract], object]

RESERVED = {
    *("connection", "origin", "upgrade", "sec-websocket-accept", "sec-websocket-extensions"),
    *("sec-websocket-key", "sec-websocket-protocol", "sec-websocket-version"),
    *("content-length", "transfer-encoding"),
}
"""Headers that the handshake makes itself, where a second one would break it, and those of a body, which it has not."""


@dataclass(frozen=True, slots=True)
class Callbacks:
    """What to call; each may be None, and may return a Deferred or a coroutine. A wrong arity is a BadArgument."""

    on_open: OnOpen | None = None
    on_message: OnMessage | None = None
    on_close: OnClose | None = None
    on_error: OnError | None = None
    door: Door = WALK_IN
    """Taken by the calls of the contract that they get."""

    def __post_init__(self) -> None:
        check_arity(self.on_open, "on_open(contract)")
        check_arity(self.on_message, "on_message(contract, data, ext)")
        check_arity(self.on_close, "on_close(contract, code, data)")
        check_arity(self.on_error, "on_error(contract, failure)")


def check_arity(function: object, signature: str) -> None:
    """Refuse what cannot be called as `signature` says; None and callables without a known signature pass."""
    if function is None:
        return
    if not callable(function):
        raise BadArgument(f"{signature} is expected, not {function!r}")
    count = signature.count(",") + 1
    try:
        inspect.signature(function).bind(*[None] * count)
    except TypeError:
        raise BadArgument(f"{signature} is expected, {function!r} does not take {count} arguments") from None
    except ValueError:
        return


def adjust(limits: Limits, **given: float | None) -> Limits:
    """The limits with the keywords of the API that are not None; zero (no pings) is valid for ping_interval alone."""
    changes: dict[str, Any] = {}
    for keyword, value in given.items():
        if value is None:
            continue
        # Written so that nan is refused too.
        if not isinstance(value, (int, float)) or not (value > 0 or (value == 0 and keyword == "ping_interval")):
            expected = "a number from zero (no pings)" if keyword == "ping_interval" else "a number above zero"
            raise BadSetting(keyword, value, expected)
        changes["max_message_bytes" if keyword == "max_message_size" else f"{keyword}_s"] = value
    return replace(limits, **changes)


def check_headers(headers: Headers | None) -> dict[str, str]:
    """The headers as a dict of its own, each name once whatever its case; nothing in them can end their line."""
    if not isinstance(headers, (Mapping, type(None))):
        raise BadSetting("headers", headers, "a mapping of names to values")
    checked = dict(headers or {})
    names = [check_header(name, value) for name, value in checked.items()]
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        raise BadSetting(f"header {twice!r}", headers, "a mapping that has each name once, in whatever case")
    return checked


def check_header(name: object, value: object) -> str:
    """The name of a header, in lower case; BadSetting for one that is not to be set, or is no header at all."""
    if not isinstance(name, str) or not TOKEN.fullmatch(name):
        raise BadSetting(f"header {name!r}", value, "the value of a header whose name is a token such as X-Name")
    if not isinstance(value, str) or not (value.isprintable() and value.isascii()):
        raise BadSetting(f"header {name!r}", value, "a value of printable ASCII, without control characters")
    if name.lower() in RESERVED:
        raise BadSetting(f"header {name!r}", value, "free to set: the handshake has its own")
    return name.lower()


def check_subprotocols(names: Iterable[str]) -> tuple[str, ...]:
    """The subprotocols, each a token and different from the others (RFC 6455, 4.1 and 11.3.4)."""
    if isinstance(names, (str, bytes)) or not isinstance(names, Iterable):
        raise BadSetting("subprotocols", names, "a list of names")
    checked = tuple(names)
    for name in checked:
        if not isinstance(name, str) or not TOKEN.fullmatch(name):
            raise BadSetting("subprotocols", name, "a token: letters, digits and a few signs, without spaces")
    if len(set(checked)) < len(checked):
        raise BadSetting("subprotocols", checked, "a list that has each name once")
    return checked


def check_sent_origin(origin: str | None) -> None:
    """Refuse what is no printable word; no more is asked, so that a server can be tried with a bad origin."""
    if origin is not None and not (isinstance(origin, str) and PRINTABLE.fullmatch(origin)):
        raise BadSetting("origin", origin, "one word of printable ASCII such as https://example.com")


def read_uri(uri: str) -> Address:
    """The address of a WebSocket URI, whose host may be an internationalized name; BadSetting says what is wrong."""
    host = URI.fullmatch(uri) if isinstance(uri, str) and not uri.isascii() else None
    if host is None:
        return parse_uri(uri)
    start, end = host.span("host")
    try:
        return parse_uri(f"{uri[:start]}{encode_name(host['host'])}{uri[end:]}")
    except idna.IDNAError as error:
        raise BadSetting("uri", uri, f"{WANTED}, whose host is a name that IDNA knows: {error}") from error


def encode_name(host: str) -> str:
    """A name in ASCII (RFC 5891, and UTS 46 before it); a label that is ASCII already stays as it is."""
    labels = [label if label.isascii() else idna.encode(label, uts46=True).decode() for label in host.split(".")]
    return ".".join(labels)
