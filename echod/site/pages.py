"""The static pages: one folder, exact files, GET and HEAD, one answer for each connection."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import unquote_to_bytes

from twisted.internet.interfaces import IReactorTime
from twisted.internet.protocol import connectionDone
from twisted.logger import Logger
from twisted.python.failure import Failure
from twisted.web.http import HTTPChannel
from twisted.web.resource import Resource
from twisted.web.server import Site
from twisted.web.static import File

from echod.counters import Counters
from echod.errors import BadSetting
from echod.flow.stall_timeout import StallTimeout
from echod.rules.http.head import origin_form
from echod.rules.http.response import SERVER
from echod.settings import Limits
from echod.site.policy import POLICY
from echod.transport.addresses import peer_name

INDEX = "index.html"
PACKED = Path(__file__).parent.parent / "web"
CHECKOUT = Path(__file__).parent.parent.parent / "web"
"""An editable install has no echod/web: the pages stand beside the package."""

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
    ".txt": "text/plain; charset=utf-8",
}
OTHER_TYPE = "application/octet-stream"

REFUSED = (404, 405)
"""What the tally counts."""

log = Logger()


class Pages(Resource):
    """The files of a folder, at their exact paths. No listing, no dot files, no links."""

    isLeaf = True

    def __init__(self, folder: Path, headers: Mapping[str, str]) -> None:
        super().__init__()
        self._folder = folder.resolve()
        self._headers = headers

    def render(self, request: Any) -> Any:
        for name, value in self._headers.items():
            request.setHeader(name, value)
        if request.method not in (b"GET", b"HEAD"):
            request.setHeader("Allow", "GET, HEAD")
            return answer(request, 405, "405 Method Not Allowed: pages are read with GET or HEAD\n")
        found = find_file(self._folder, origin_form(request.uri.decode("latin-1")).partition("?")[0])
        if found is None:
            return answer(request, 404, "404 Not Found: nothing is published on this path\n")
        return send(request, found)


def find_file(folder: Path, path: str) -> Path | None:
    """The file that a request path names, or None: only plain names, no links."""
    names = unquote_to_bytes(path).decode("utf-8", "replace").removeprefix("/").split("/")
    if names == [""]:
        names = [INDEX]
    if any(not name or name.startswith(".") or not name.isprintable() or "\\" in name for name in names):
        return None
    plain = folder.joinpath(*names)
    try:
        return plain if plain.is_file() and plain.resolve() == plain else None
    except OSError:
        # A name can be too long for the file system.
        return None


def send(request: Any, found: Path) -> Any:
    """The file itself; twisted.web does ranges, dates and HEAD."""
    file = File(str(found), defaultType=OTHER_TYPE)
    file.type, file.encoding = TYPES.get(found.suffix, OTHER_TYPE), None
    return file.render_GET(request)


def answer(request: Any, status: int, text: str) -> bytes:
    request.setResponseCode(status)
    request.setHeader("Content-Type", "text/plain; charset=utf-8")
    request.setHeader("Content-Length", str(len(text)))
    return b"" if request.method == b"HEAD" else text.encode()


class OneAnswer(HTTPChannel):
    """A channel that closes after its answer: an upgrade is always the first request of a connection.

    A client that does not take the answer is cut: twisted.web itself would wait for it without end.
    """

    site: PageSite

    def connectionMade(self) -> None:
        super().connectionMade()
        self._watch = StallTimeout(self.transport, self.site.reactor, self.site.stall_timeout_s, self.site.counters)
        self._watch.start()

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        self._watch.stop()
        super().connectionLost(reason)

    def checkPersistence(self, request: Any, version: bytes) -> bool:
        request.responseHeaders.setRawHeaders(b"Connection", [b"close"])
        return False


class PageSite(Site):
    """The pages as a factory for the gate."""

    noisy = False
    protocol: Any = OneAnswer
    stall_timeout_s = Limits().stall_timeout_s
    counters: Counters | None = None

    def log(self, request: Any) -> None:
        """One line for each page, with what the client sent escaped; refusals are counted."""
        if self.counters is not None and request.code in REFUSED:
            self.counters.count(str(request.code))
        log.info(
            "{peer} {method} {path} {code}",
            peer=peer_name(request.getClientAddress()),
            method=repr(request.method),
            path=repr(request.path),
            code=request.code,
        )


def make_pages(web: Path | None, clock: IReactorTime, limits: Limits | None = None) -> PageSite:
    """The site of a folder; None: the pages that come with echod.

    Raises:
        BadSetting: there is no such folder.
    """
    folder = web or (PACKED if PACKED.is_dir() else CHECKOUT)
    if not folder.is_dir():
        raise BadSetting("web", str(folder), "a folder with pages")
    site = PageSite(Pages(folder, HEADERS if web else OWN_HEADERS), reactor=clock)
    site.stall_timeout_s = (limits or Limits()).stall_timeout_s
    return site
