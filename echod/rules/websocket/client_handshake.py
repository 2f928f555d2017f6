"""The client's opening handshake: the request, and whether an answer is a good 101 (RFC 6455, 4.1). Pure."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field

from echod.rules.http.answer import Answer, BadAnswer
from echod.rules.http.response import SERVER
from echod.rules.websocket.deflate_negotiation import OFFER, BadExtension, Parameters, read_answer
from echod.rules.websocket.handshake import accept_of

NO_CACHE = "no-cache"
"""Keeps some proxies from answering themselves, or from taking the upgrade away."""


@dataclass(frozen=True, slots=True)
class Request:
    """An opening handshake to be sent; nothing in it holds a control character."""

    resource: str
    host: str
    """The value of Host."""
    key: str
    origin: str | None = None
    subprotocols: Sequence[str] = ()
    extensions: str = ""
    """`OFFERED`, or nothing."""
    headers: Mapping[str, str] = field(default_factory=dict)
    """More fields; one of a name that is sent anyway takes its place, whatever its case."""

    def render(self) -> bytes:
        """The whole request."""
        # Added and not formatted: what is sent is what was checked, also of a member of a `str` enumeration.
        lines = "".join([name + ": " + value + "\r\n" for name, value in (*self._general(), *self._of_the_handshake())])
        return f"GET {self.resource} HTTP/1.1\r\n{lines}\r\n".encode("ascii")

    def _general(self) -> Collection[tuple[str, str]]:
        general = {
            "Host": self.host,
            "Upgrade": "WebSocket",
            "Connection": "Upgrade",
            "Pragma": NO_CACHE,
            "Cache-Control": NO_CACHE,
            "User-Agent": SERVER,
        }
        return {name.lower(): (name, value) for name, value in (*general.items(), *self.headers.items())}.values()

    def _of_the_handshake(self) -> Sequence[tuple[str, str]]:
        optional = (
            ("Origin", self.origin or ""),
            ("Sec-WebSocket-Protocol", ", ".join(self.subprotocols)),
            ("Sec-WebSocket-Extensions", self.extensions),
        )
        given = [(name, value) for name, value in optional if value]
        return ("Sec-WebSocket-Key", self.key), *given, ("Sec-WebSocket-Version", "13")


@dataclass(frozen=True, slots=True)
class Agreement:
    """What a good 101 says."""

    subprotocol: str | None
    deflate: Parameters | None


def read_agreement(answer: Answer, request: Request) -> Agreement:
    """What the server has agreed to with its 101.

    Raises:
        BadAnswer: the first rule of RFC 6455, 4.1 that it breaks.
    """
    for check in CHECKS:
        check(answer, request)
    return Agreement(next(iter(answer.values("sec-websocket-protocol")), None), _read_deflate(answer, request))


def _read_deflate(answer: Answer, request: Request) -> Parameters | None:
    """The one extension that may have been offered, as it was (RFC 7692, 7)."""
    header = ", ".join(answer.values("sec-websocket-extensions"))
    try:
        return read_answer(header, OFFER if request.extensions else None)
    except BadExtension as error:
        raise BadAnswer(str(error)) from error


def _check_version(answer: Answer, _: Request) -> None:
    if answer.version != "HTTP/1.1":
        raise BadAnswer(f"{answer.version} knows no 101, only HTTP/1.1 does")


def _check_upgrade(answer: Answer, _: Request) -> None:
    upgrade = answer.elements("upgrade")
    if {element.lower() for element in upgrade} != {"websocket"}:
        raise BadAnswer(f"the header upgrade is {', '.join(upgrade) or 'missing'}, not websocket")


def _check_connection(answer: Answer, _: Request) -> None:
    connection = answer.elements("connection")
    if "upgrade" not in [element.lower() for element in connection]:
        raise BadAnswer(f"the header connection is {', '.join(connection) or 'missing'}, without upgrade")


def _check_single(answer: Answer, _: Request) -> None:
    twice = [name for name in SINGLE if len(answer.values(name)) > 1]
    if twice:
        raise BadAnswer(f"the header {twice[0]} stands more than once")


def _check_accept(answer: Answer, request: Request) -> None:
    given = "".join(answer.values("sec-websocket-accept"))
    if given != accept_of(request.key):
        raise BadAnswer(f"the header sec-websocket-accept is {given or 'missing'}, not {accept_of(request.key)}")


def _check_subprotocol(answer: Answer, request: Request) -> None:
    selected = "".join(answer.values("sec-websocket-protocol"))
    if selected and selected not in request.subprotocols:
        offered = ", ".join(request.subprotocols) or "none"
        raise BadAnswer(f"the subprotocol {selected} was not offered, but {offered}")


SINGLE = ("sec-websocket-accept", "sec-websocket-protocol", "sec-websocket-extensions")
"""Fields that may stand once only (RFC 6455, 11.3)."""

CHECKS: tuple[Callable[[Answer, Request], None], ...] = (
    _check_version,
    _check_upgrade,
    _check_connection,
    _check_single,
    _check_accept,
    _check_subprotocol,
)
