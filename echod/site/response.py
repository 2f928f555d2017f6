"""One answer to a plain request, made when its head has come: for pages that are no files."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from twisted.internet.interfaces import IAddress, IHalfCloseableProtocol, IReactorTime
from twisted.internet.protocol import Factory, Protocol, connectionDone
from twisted.logger import Logger
from twisted.python.failure import Failure
from zope.interface import implementer

from echod.accept.interfaces import IHeadReceiver
from echod.counters import Counters
from echod.flow.lingering_close import LingeringClose
from echod.rules.http.head import Head, Refusal
from echod.rules.http.response import Page, render, render_page
from echod.settings import Limits
from echod.transport.addresses import peer_name

Make = Callable[[Any, Head], Page | Refusal]
"""The answer to a request, from its transport and its head."""

log = Logger()


@implementer(IHalfCloseableProtocol, IHeadReceiver)
class Response(Protocol):
    """Gives one answer, then closes; whatever else comes is dropped."""

    transport: Any

    def __init__(self, make: Make, limits: Limits, clock: IReactorTime, counters: Counters) -> None:
        self._make = make
        self._limits = limits
        self._clock = clock
        self._counters = counters

    def connectionMade(self) -> None:
        self._ending = LingeringClose(self.transport, self._clock, self._limits.close_timeout_s, self._counters)

    def receive_head(self, head: Head, rest: bytes) -> None:
        self._give(self._make(self.transport, head), head)

    def dataReceived(self, data: bytes) -> None:
        """The answer is given: nobody wants it."""

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        self._ending.stop()

    def readConnectionLost(self) -> None:
        """The answer is given: nothing more is to be done."""
        self._ending.finish()

    def writeConnectionLost(self) -> None:
        """Our own doing."""

    def _give(self, answer: Page | Refusal, head: Head) -> None:
        if isinstance(answer, Refusal):
            self._counters.count(answer.counted_as)
        self.transport.write(to_bytes(answer, with_body=head.method != "HEAD"))
        log.info(
            "{peer} {method} {path} {code}",
            peer=peer_name(self.transport.getPeer()),
            method=repr(head.method),
            path=repr(head.path),
            code=200 if isinstance(answer, Page) else answer.status,
        )
        self._ending.begin()


def to_bytes(answer: Page | Refusal, *, with_body: bool) -> bytes:
    """An answer of either kind."""
    if isinstance(answer, Page):
        return render_page(answer, with_body=with_body)
    return render(answer, with_body=with_body)


class ResponseFactory(Factory[Response]):
    """Builds the protocols of one such page."""

    noisy = False

    def __init__(self, make: Make, limits: Limits, clock: IReactorTime, counters: Counters | None = None) -> None:
        self._make = make
        self._limits = limits
        self._clock = clock
        self._counters = counters or Counters()

    def buildProtocol(self, address: IAddress | None) -> Response:
        return Response(self._make, self._limits, self._clock, self._counters)
