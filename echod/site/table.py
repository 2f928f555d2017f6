"""The endpoint table: for each exact path the factory of its WebSockets, and of its page."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from twisted.internet.interfaces import IProtocolFactory

from echod.errors import BadSetting
from echod.rules.behaviours.query import read_behaviour
from echod.rules.behaviours.table import NOTHING, Behaviour
from echod.rules.http.head import Refusal
from echod.rules.http.origin import is_allowed, read_allowed
from echod.rules.http.uri import is_path, normalize_path

ORIGIN = "an origin such as https://example.com or http://localhost:8080, or null"

Origins = Iterable[str] | None
"""The origins from which the WebSockets of an endpoint may come; None allows all."""

Behaving = Callable[[Behaviour], IProtocolFactory | Refusal]
"""The factory for a connection whose query asks for a behaviour, or the refusal that it asks for."""


class Endpoint:
    """A published path; a query that asks for a behaviour gets the factory that `behaving` makes, if there is one."""

    def __init__(self, factory: IProtocolFactory, origins: Origins = None, behaving: Behaving | None = None) -> None:
        self.factory = factory
        self._behaving = behaving
        if isinstance(origins, str) or not isinstance(origins, (Iterable, type(None))):
            raise BadSetting("origins", origins, "a list of origins")
        self._origins = None if origins is None else frozenset(map(check_origin, origins))

    def allows(self, origins: list[str]) -> bool:
        """Whether these Origin headers are allowed; a client that sends none is no browser, and is."""
        return self._origins is None or all(is_allowed(origin, self._origins) for origin in origins)

    def choose(self, query: str) -> IProtocolFactory | Refusal:
        """The factory for a connection with this query, or the refusal of the query."""
        if not query or self._behaving is None:
            return self.factory
        asked = read_behaviour(query)
        if isinstance(asked, Refusal):
            return asked
        return self.factory if asked == NOTHING else self._behaving(asked)


class Endpoints:
    """The one owner of the table. It may change at any time; open connections keep the protocol that they have.

    Paths that mean the same (RFC 3986, 6.2.2), such as `/echo` and `/%65cho`, are one path.
    """

    def __init__(self) -> None:
        self._by_path: dict[str, Endpoint] = {}
        self.pages: dict[str, IProtocolFactory] = {}
        """What answers the plain requests for an exact path in its normal form, beside the endpoint there."""

    def publish(self, path: str, endpoint: Endpoint) -> Endpoint | None:
        """Put an endpoint on an exact path, in place of what was there, which is returned; BadSetting for no path."""
        if not isinstance(path, str) or not is_path(path):
            raise BadSetting("path", path, "a path: a slash, then printable ASCII without ? and #, percent-encoded")
        normal = normalize_path(path)
        replaced, self._by_path[normal] = self._by_path.get(normal), endpoint
        return replaced

    def remove(self, path: str) -> None:
        """Remove the endpoint of a path; if there is none this changes nothing."""
        if isinstance(path, str):
            self._by_path.pop(normalize_path(path), None)

    def find(self, path: str) -> Endpoint | None:
        """The endpoint on this exact path."""
        return self._by_path.get(normalize_path(path))

    def paths(self) -> list[str]:
        """The paths of all endpoints, sorted."""
        return sorted(self._by_path)


def check_origin(origin: str) -> str:
    """The origin as it is compared; BadSetting for what no client can send, and for a pattern."""
    try:
        return read_allowed(origin)
    except (TypeError, ValueError):
        raise BadSetting("origin", origin, ORIGIN) from None
