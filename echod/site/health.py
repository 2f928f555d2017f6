"""What supervisors and load balancers ask: whether the process serves, and whether to send it new clients."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from twisted.web.resource import Resource

from echod.rules.http.head import origin_form
from echod.rules.http.response import SERVER
from echod.site.pages import answer

LIVE, READY = "/health/live", "/health/ready"
HEADERS = {"Server": SERVER, "X-Content-Type-Options": "nosniff", "Cache-Control": "no-store"}


class Health(Resource):
    """`/health/live` and `/health/ready`, in front of the pages.

    Ready is 503 from the moment a drain begins. Whoever connects after that gets 503 from the gate, whatever it asks.
    """

    isLeaf = True

    def __init__(self, pages: Resource, is_ready: Callable[[], bool]) -> None:
        super().__init__()
        self._pages = pages
        self._is_ready = is_ready

    def render(self, request: Any) -> Any:
        path = origin_form(request.uri.decode("latin-1")).partition("?")[0]
        if path not in (LIVE, READY):
            return self._pages.render(request)
        for name, value in HEADERS.items():
            request.setHeader(name, value)
        if request.method not in (b"GET", b"HEAD"):
            request.setHeader("Allow", "GET, HEAD")
            return answer(request, 405, "405 Method Not Allowed: health is asked with GET or HEAD\n")
        return self._tell(request, path)

    def _tell(self, request: Any, path: str) -> bytes:
        if path == LIVE:
            return answer(request, 200, "live\n")
        return answer(request, 200, "ready\n") if self._is_ready() else answer(request, 503, "leaving\n")
