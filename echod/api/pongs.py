"""The pings of one connection whose pongs are awaited (RFC 6455, 5.5.2 and 5.5.3)."""

from __future__ import annotations

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IReactorTime

from echod.errors import ConnectionClosed

MOST_PINGS = 1000
"""That may wait for their pongs, on a connection whose peer answers none."""


class AwaitedPongs:
    """In the order of their pings: a pong answers its ping and all before, as a peer may answer the latest alone."""

    __slots__ = ("_clock", "_pings")

    def __init__(self, clock: IReactorTime) -> None:
        self._clock = clock
        self._pings: dict[bytes, tuple[float, Deferred[float]]] = {}

    def expect(self, payload: bytes) -> Deferred[float]:
        """A ping goes out: fires with the seconds until its pong. With MOST_PINGS waiting, the oldest is cancelled."""
        while len(self._pings) >= MOST_PINGS:
            _, oldest = self._pop_oldest()
            oldest.cancel()
        pong: Deferred[float] = Deferred(lambda _: self._forget(payload))
        self._pings[payload] = (self._clock.seconds(), pong)
        return pong

    def note(self, payload: bytes) -> None:
        """A ping goes out, perhaps one that `expect` does not know: its pong will answer those before it as well."""
        if self._pings and payload not in self._pings:
            self.expect(payload).addErrback(lambda _: None)

    def receive(self, payload: bytes) -> None:
        """A pong came; an unsolicited one is ignored (RFC 6455, 5.5.3)."""
        while payload in self._pings:
            sent_at, pong = self._pop_oldest()
            pong.callback(self._clock.seconds() - sent_at)

    def fail(self, error: ConnectionClosed) -> None:
        """The connection is lost: no ping will be answered."""
        while self._pings:
            _, pong = self._pop_oldest()
            pong.errback(error)

    def _forget(self, payload: bytes) -> None:
        self._pings.pop(payload, None)

    def _pop_oldest(self) -> tuple[float, Deferred[float]]:
        return self._pings.pop(next(iter(self._pings)))
