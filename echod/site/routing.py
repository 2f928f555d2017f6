"""The route of a request: to the endpoint of its path, to a page, or to a refusal."""

from __future__ import annotations

from twisted.internet.interfaces import IProtocolFactory

from echod.rules.http.head import Head, Refusal
from echod.rules.http.response import NOTHING_HERE, READ_ONLY, READING
from echod.rules.http.upgrade import NOT_GET, UPGRADE_HEADERS, check_length, check_upgrade, has_body, is_upgrade
from echod.rules.http.uri import normalize_path
from echod.site.table import Endpoints

WANTS_UPGRADE = Refusal(426, "this path speaks WebSocket only", UPGRADE_HEADERS)


class Routing:
    """The route of one server's gates; called with each complete head."""

    def __init__(self, endpoints: Endpoints, pages: IProtocolFactory | None) -> None:
        self._endpoints = endpoints
        self._pages = pages

    def __call__(self, head: Head) -> IProtocolFactory | Refusal:
        return self._to_endpoint(head) if is_upgrade(head) else self._to_page(head)

    def _to_endpoint(self, head: Head) -> IProtocolFactory | Refusal:
        if (endpoint := self._endpoints.find(head.path)) is None:
            return NOTHING_HERE
        refusal = check_upgrade(head)
        if refusal is None and not endpoint.allows(head.values("origin")):
            return Refusal(403, "this origin may not connect")
        return refusal or endpoint.choose(head.query)

    def _to_page(self, head: Head) -> IProtocolFactory | Refusal:
        if not head.path.startswith("/"):
            # The whole server, or a tunnel (RFC 9112, 3.2.3 and 3.2.4).
            return READ_ONLY
        if (refusal := check_length(head)) is not None:
            return refusal
        own = self._endpoints.pages.get(normalize_path(head.path))
        is_page_too = own is not None or (head.path == "/" and self._pages is not None)
        if self._endpoints.find(head.path) is not None and not is_page_too:
            return WANTS_UPGRADE if head.method in READING else NOT_GET
        if has_body(head):
            return Refusal(413, "a request with a body is not answered here")
        return own or self._pages or NOTHING_HERE
