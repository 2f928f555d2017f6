"""One answer to a plain request, generated when its headers have come; static files are served by `pages`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from http import HTTPStatus

from twisted.internet.interfaces import IHalfCloseableProtocol
from twisted.internet.protocol import Protocol, connectionDone
from twisted.logger import Logger
from twisted.python.failure import Failure
from zope.interface import implementer

from echod.accept.interfaces import IHeadReceiver
from echod.accept.refusing import refuse
from echod.flow.lingering_close import LingeringClose
from echod.rules.http.conditions import evaluate
from echod.rules.http.head import Head, Refusal
from echod.rules.http.response import (
    FAILED,
    PRECONDITION_FAILED,
    READ_ONLY,
    READING,
    Page,
    render_page,
    stamp,
    validators_of,
)
from echod.site.access_log import log_access
from echod.transport.interfaces import Transport
from echod.transport.steady import wall_s
from echod.websocket.context import ServerContext

Make = Callable[[Transport, Head], Page | Refusal]
"""Makes the answer to a request, from its transport and its head."""

log = Logger()


@implementer(IHalfCloseableProtocol, IHeadReceiver)
class Response(Protocol):
    """Gives one answer, then closes; what still comes is dropped. Where asking is a routine, `debug` alone logs it."""

    transport: Transport  # type: ignore[assignment]

    def __init__(self, make: Make, context: ServerContext, *, is_routine: bool = False) -> None:
        self._make = make
        self._context = context
        self._is_logged = context.debug or not is_routine

    def connectionMade(self) -> None:
        context = self._context
        self._ending = LingeringClose(self.transport, context.clock, context.limits.close_timeout_s, context.counters)

    def receive_head(self, head: Head, rest: bytes) -> None:
        answer = self._answer(head) if head.method in READING else READ_ONLY
        if self._is_logged:
            log_access(self.transport.getPeer(), head.method, head.path, answer.status)
        self._write(answer, with_body=head.method != "HEAD")

    def _answer(self, head: Head) -> Page | Refusal:
        """The page or the refusal that was made, or what the conditions of the request make of the page."""
        try:
            made = self._make(self.transport, head)
        except Exception:  # Whatever making it raises, its client gets an answer.
            log.failure("a page failed")
            return FAILED
        if isinstance(made, Refusal) or made.status != HTTPStatus.OK:
            return made
        status = evaluate(head.values, validators_of(made))
        if status is HTTPStatus.PRECONDITION_FAILED:
            return PRECONDITION_FAILED
        return made if status is None else replace(made, status=status)

    def _write(self, answer: Page | Refusal, *, with_body: bool) -> None:
        context, close = self._context, self._ending.start_half_close
        if isinstance(answer, Refusal):
            refuse(self.transport, answer, context.clock, context.counters, close, with_body=with_body)
        else:
            self.transport.write(render_page(stamp(answer, wall_s(context.clock)), with_body=with_body))
            close()

    def dataReceived(self, data: bytes) -> None:
        """The answer is given."""
        self._ending.drop(data)

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        self._ending.stop()

    def readConnectionLost(self) -> None:
        """The client has closed its half behind its request: there is nothing more to wait for."""
        self._ending.finish()

    def writeConnectionLost(self) -> None:
        """The lingering close has closed our half, and waits for the client's."""
