"""The static pages: one folder, exact files, one answer for each connection. GET and HEAD.

twisted.web reads no request that a client has sent: it is given a plain one with the same path, in which nothing is
left of ranges, bodies, expectations and versions. Whatever it raises is a 500 in our own words.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from http import HTTPStatus
from pathlib import Path
from typing import cast

from twisted.internet.interfaces import IHalfCloseableProtocol, IReactorTime
from twisted.internet.protocol import connectionDone
from twisted.logger import Logger
from twisted.python.failure import Failure
from twisted.web.http import HTTPChannel
from twisted.web.http import Request as HTTPRequest
from twisted.web.resource import Resource
from twisted.web.server import NOT_DONE_YET, Request, Site
from zope.interface import implementer

from echod.accept.interfaces import IHeadReceiver
from echod.counters import Counters
from echod.errors import BadSetting
from echod.flow.lingering_close import LingeringClose
from echod.flow.stall_timeout import StallTimeout
from echod.rules.http.conditions import CONDITIONS, evaluate
from echod.rules.http.head import Head, Refusal, origin_form
from echod.rules.http.response import FAILED, NOTHING_HERE, PRECONDITION_FAILED, READ_ONLY, READING, SERVER
from echod.settings import Limits
from echod.site.access_log import log_access
from echod.site.own_pages import POLICY, own_folder
from echod.site.page_files import WholeFile, find_file, refuse
from echod.transport.interfaces import Transport

HEADERS = {"Server": SERVER, "X-Content-Type-Options": "nosniff", "Cache-Control": "no-cache"}
OWN_HEADERS = {**HEADERS, "Content-Security-Policy": POLICY}
"""For the pages that come with echod; a folder of the user's own may need inline scripts."""

UNREADABLE = Refusal(403, "this page cannot be read")

log = Logger()


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
        try:
            return self._answer(request)
        except Exception:  # Whatever twisted.web or a file system raises, its client gets an answer.
            log.failure("a page failed")
            return refuse(request, FAILED)

    def _answer(self, request: Request) -> bytes | int:
        if request.method.decode("latin-1") not in READING:
            request.setHeader("Allow", ", ".join(READING))
            return refuse(request, READ_ONLY)
        found = find_file(self._folder, origin_form(request.uri.decode("latin-1")).partition("?")[0])
        if found is None:
            return refuse(request, NOTHING_HERE)
        try:
            file = WholeFile(found)
        except FileNotFoundError:
            return refuse(request, NOTHING_HERE)
        except PermissionError:
            return refuse(request, UNREADABLE)
        return send(request, file)


def send(request: Request, file: WholeFile) -> bytes | int:
    """The file, if the client has not got it already and may have it."""
    request.setHeader("ETag", file.validators.etag)
    status = evaluate(lambda name: values(request, name), file.validators)
    try:
        if status is None:
            return file.render_GET(request)
    except BaseException:
        file.opened.close()
        raise
    file.opened.close()
    return refuse(request, PRECONDITION_FAILED) if status is HTTPStatus.PRECONDITION_FAILED else confirm(request)


def values(request: Request, name: str) -> list[str]:
    """The values of all lines with this header name; twisted.web would read them as UTF-8, which they need not be."""
    lines = cast("list[bytes]", request.requestHeaders.getRawHeaders(name.encode(), []))
    return [line.decode("latin-1") for line in lines]


def confirm(request: Request) -> int:
    """304, which has no length: twisted.web would say that the page has none (RFC 9110, 8.6)."""
    request.setResponseCode(HTTPStatus.NOT_MODIFIED)
    request.finish()
    return NOT_DONE_YET


def plain_request(head: Head) -> bytes:
    """What twisted.web is to see of a request: method, path and conditions."""
    conditions = [f"{name}: {', '.join(head.values(name))}" for name in CONDITIONS if head.values(name)]
    return "\r\n".join((f"{head.method} {head.path} HTTP/1.1", *conditions, "", "")).encode("latin-1")


@implementer(IHalfCloseableProtocol, IHeadReceiver)
class OneAnswer(HTTPChannel):
    """A channel for the answer to one request, which ends with a lingering close.

    A client that makes no progress in reading it is aborted: twisted.web itself would wait without end.
    """

    site: PageSite
    totalHeadersSize = MAX_LENGTH = sys.maxsize
    """The gate has limited them."""
    _is_asked = False
    _is_answered = False
    _has_ended = False

    def connectionMade(self) -> None:
        super().connectionMade()
        site, transport, limits = self.site, cast("Transport", self.transport), self.site.limits
        self._stall = StallTimeout(transport, site.reactor, limits.stall_timeout_s, site.counters)
        self._stall.start()
        self._ending = LingeringClose(transport, site.reactor, limits.close_timeout_s, site.counters)

    def receive_head(self, head: Head, rest: bytes) -> None:
        self._is_asked = True
        super().dataReceived(plain_request(head))

    def dataReceived(self, data: bytes) -> None:
        if self._is_asked:
            self._ending.drop(data)
        else:
            super().dataReceived(data)

    def loseConnection(self) -> None:
        """The answer is written, or nothing was asked in time."""
        if not self._is_asked:
            super().loseConnection()
            return
        cast("Transport", self.transport).unregisterProducer()
        self._stall.stop()
        self._is_answered = True
        if self._has_ended:
            self._ending.finish()
        else:
            self._ending.start_half_close()

    def readConnectionLost(self) -> None:
        """The client has closed its half behind its request; it gets the whole page."""
        self._has_ended = True
        if self._is_answered:
            self._ending.finish()

    def writeConnectionLost(self) -> None:
        """The lingering close has closed our half, and waits for the client's."""

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        self._stall.stop()
        self._ending.stop()
        super().connectionLost(reason)

    def checkPersistence(self, request: HTTPRequest, version: bytes) -> bool:
        request.responseHeaders.setRawHeaders(b"Connection", [b"close"])
        return False


class PageSite(Site):
    """The pages as a factory for the gate."""

    noisy = False
    protocol = OneAnswer  # type: ignore[assignment]

    def __init__(self, pages: Resource, clock: IReactorTime, limits: Limits, counters: Counters) -> None:
        super().__init__(pages, reactor=clock)
        self.limits = limits
        self.counters = counters

    def log(self, request: HTTPRequest) -> None:
        """One line for each request; a refusal is counted."""
        if request.code >= HTTPStatus.BAD_REQUEST:
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
    return PageSite(pages, clock, limits or Limits(), counters or Counters())
