"""One answer to a plain request, generated when its headers have come; static files are served by `pages`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from email.utils import formatdate

from twisted.internet.interfaces import IHalfCloseableProtocol
from twisted.internet.protocol import Protocol, connectionDone
from twisted.python.failure import Failure
from zope.interface import implementer

from echod.accept.interfaces import IHeadReceiver
from echod.accept.refusing import refuse
from echod.flow.lingering_close import LingeringClose
from echod.rules.http.head import Head, Refusal
from echod.rules.http.response import READ_ONLY, READING, Page, render_page
from echod.site.access_log import log_access
from echod.transport.interfaces import Transport
from echod.websocket.context import ServerContext

Make = Callable[[Transport, Head], Page | Refusal]
"""Makes the answer to a request, from its transport and its head."""


@implementer(IHalfCloseableProtocol, IHeadReceiver)
class Response(Protocol):
    """Gives one answer, then closes; what still comes is dropped."""

    transport: Transport  # type: ignore[assignment]

    def __init__(self, make: Make, context: ServerContext) -> None:
        self._make = make
        self._context = context

    def connectionMade(self) -> None:
        context = self._context
        self._ending = LingeringClose(self.transport, context.clock, context.limits.close_timeout_s, context.counters)

    def receive_head(self, head: Head, rest: bytes) -> None:
        answer = self._make(self.transport, head) if head.method in READING else READ_ONLY
        date = ("Date", formatdate(self._context.clock.seconds(), usegmt=True))
        answer, with_body = replace(answer, headers=(date, *answer.headers)), head.method != "HEAD"
        log_access(self.transport.getPeer(), head.method, head.path, answer.status)
        if isinstance(answer, Refusal):
            refuse(self.transport, answer, self._context.counters, self._ending.start_half_close, with_body=with_body)
        else:
            self.transport.write(render_page(answer, with_body=with_body))
            self._ending.start_half_close()

    def dataReceived(self, data: bytes) -> None:
        """The answer is given: the bytes are dropped."""

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        self._ending.stop()

    def readConnectionLost(self) -> None:
        """The client has closed its half behind its request: there is nothing more to wait for."""
        self._ending.finish()

    def writeConnectionLost(self) -> None:
        """The lingering close has closed our half, and waits for the client's."""
