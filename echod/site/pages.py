"""The static pages: one folder, exact files, one answer for each connection. GET and HEAD."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import cast
from urllib.parse import unquote_to_bytes

from twisted.internet.interfaces import IReactorTime
from twisted.internet.protocol import connectionDone
from twisted.python.failure import Failure
from twisted.web.http import HTTPChannel
from twisted.web.http import Request as HTTPRequest
from twisted.web.resource import Resource
from twisted.web.server import Request, Site
from twisted.web.static import File

from echod.counters import Counters
from echod.errors import BadSetting
from echod.flow.stall_timeout import StallTimeout
from echod.rules.http.head import Refusal, origin_form
from echod.rules.http.response import NOTHING_HERE, PLAIN, READ_ONLY, READING, SERVER, text_of
from echod.settings import Limits
from echod.site.access_log import log_access
from echod.site.own_pages import POLICY, own_folder
from echod.transport.interfaces import Transport

HEADERS = {"Server": SERVER, "X-Content-Type-Options": "nosniff", "Cache-Control": "no-cache"}
OWN_HEADERS = {**HEADERS, "Content-Security-Policy": POLICY}
"""For the pages that come with echod; a folder of the user's own may need inline scripts."""

TYPES = {
    ".css": "text/css; charset=utf-8",
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".json": "application/json",
    ".ico": "image/x-icon",
    ".png": "image/png",
    ".svg": "image/svg+xml",
    ".txt": PLAIN,
}


class Pages(Resource):
    """The files of a folder, at their exact paths. No listing, no dot files, no links."""

    isLeaf = True

    def __init__(self, folder: Path, headers: Mapping[str, str]) -> None:
        super().__init__()
        self._folder = folder.resolve()
        self._headers = headers

    def render(self, request: Request) -> bytes | int:
        for name, value in self._headers.items():
            request.setHeader(name, value)
        if request.method.decode("latin-1") not in READING:
            request.setHeader("Allow", ", ".join(READING))
            return refuse(request, READ_ONLY)
        found = find_file(self._folder, origin_form(request.uri.decode("latin-1")).partition("?")[0])
        return refuse(request, NOTHING_HERE) if found is None else send(request, found)


def find_file(folder: Path, path: str) -> Path | None:
    """The file that a request path names, or None: only plain names, no links."""
    names = (unquote_to_bytes(path).decode("utf-8", "replace").removeprefix("/") or "index.html").split("/")
    if any(not name or name.startswith(".") or not name.isprintable() or "\\" in name for name in names):
        return None
    plain = folder.joinpath(*names)
    try:
        return plain if plain.is_file() and plain.resolve() == plain else None
    except OSError:
        # A name can be too long for the file system.
        return None


def send(request: Request, found: Path) -> bytes | int:
    """The file itself; twisted.web does ranges, dates and HEAD."""
    file = File(str(found))
    file.type, file.encoding = TYPES.get(found.suffix, "application/octet-stream"), None
    return cast("bytes | int", file.render_GET(request))


def refuse(request: Request, refusal: Refusal) -> bytes:
    """The refusal as twisted.web answers; HEAD gets its headers alone."""
    text = text_of(refusal)
    request.setResponseCode(refusal.status)
    request.setHeader("Content-Type", PLAIN)
    request.setHeader("Content-Length", str(len(text)))
    return b"" if request.method == b"HEAD" else text


class OneAnswer(HTTPChannel):
    """A channel that closes after its answer: an upgrade is always the first request of a connection.

    A client that makes no progress in reading it is aborted: twisted.web itself would wait without end.
    """

    site: PageSite

    def connectionMade(self) -> None:
        super().connectionMade()
        site, transport = self.site, cast("Transport", self.transport)
        self._stall = StallTimeout(transport, site.reactor, site.stall_timeout_s, site.counters)
        self._stall.start()

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        self._stall.stop()
        super().connectionLost(reason)

    def checkPersistence(self, request: HTTPRequest, version: bytes) -> bool:
        request.responseHeaders.setRawHeaders(b"Connection", [b"close"])
        return False


class PageSite(Site):
    """The pages as a factory for the gate."""

    noisy = False
    protocol = OneAnswer  # type: ignore[assignment]

    def __init__(self, pages: Resource, clock: IReactorTime, stall_timeout_s: float, counters: Counters) -> None:
        super().__init__(pages, reactor=clock)
        self.stall_timeout_s = stall_timeout_s
        self.counters = counters

    def log(self, request: HTTPRequest) -> None:
        """One line for each request; a refusal is counted."""
        if request.code in (404, 405):
            self.counters.count(request.code)
        method, path = request.method.decode("latin-1"), request.path.decode("latin-1")
        log_access(request.getClientAddress(), method, path, request.code)


def make_pages(
    web: Path | None, clock: IReactorTime, limits: Limits | None = None, counters: Counters | None = None
) -> PageSite:
    """The site of a folder, or of the pages that come with echod; BadSetting when there is no such folder."""
    folder = web or own_folder()
    if not folder.is_dir():
        raise BadSetting("web", str(folder), "a folder with pages")
    pages = Pages(folder, HEADERS if web else OWN_HEADERS)
    return PageSite(pages, clock, (limits or Limits()).stall_timeout_s, counters or Counters())
