"""Back-pressure and deadlines: when reading pauses, when a peer counts as stuck, and how a connection ends."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from twisted.internet.interfaces import IDelayedCall, IPushProducer, IReactorTime, ISSLTransport, ITCPTransport
from zope.interface import implementer

from echod.counters import CLOSE_TIMEOUT, STALL, Tally
from echod.transport.kernel import Taken, has_progress, taken_from

WRITING = "writing"
"""The reason of the transport: its write buffer is above its mark."""

WAITING = "replies wait"
"""The reason of a protocol that keeps replies back: too many wait to be begun or to leave."""

FULL = frozenset({WRITING, WAITING})

CHECK_INTERVAL_S = 0.5
"""How often the progress of a stuck peer is looked at; sooner where less than that is left of its timeout."""

LEAST_WAIT_S = 0.001
"""A timeout of which less is left is over: floats cannot always tell the rest from none."""


@implementer(IPushProducer)
class Flow:
    """The one owner of a transport's reading, and its producer: unread replies stop reading.

    A peer that takes nothing for `stall_timeout_s` while its replies wait is cut. Progress counts, not age.
    """

    __slots__ = ("_go_on", "_reasons", "_stall", "_transport")

    def __init__(self, transport: Any, clock: IReactorTime, stall_timeout_s: float, tally: Tally | None = None) -> None:
        self._transport = transport
        self._reasons: frozenset[str] = frozenset()
        self._stall = Watch(transport, clock, stall_timeout_s, tally)
        self._go_on: Callable[[], None] | None = None

    @property
    def is_held(self) -> bool:
        """Whether there is a reason not to read."""
        return bool(self._reasons)

    @property
    def is_full(self) -> bool:
        """Whether so many replies wait that no more should be made."""
        return not self._reasons.isdisjoint(FULL)

    def when_drained(self, go_on: Callable[[], None]) -> None:
        """Call it when the replies that wait now are taken."""
        self._go_on = go_on

    def hold(self, reason: str) -> None:
        """Stop reading for this reason; again for the same reason changes nothing."""
        if not self._reasons:
            self._transport.pauseProducing()
        self._reasons |= {reason}

    def release(self, reason: str) -> None:
        """The reason is gone; reading goes on when it was the last."""
        if reason in self._reasons:
            self._reasons -= {reason}
            if not self._reasons:
                self._transport.resumeProducing()

    def pauseProducing(self) -> None:
        self.hold(WRITING)
        self._stall.start()

    def resumeProducing(self) -> None:
        self._stall.stop()
        self.make_room(WRITING)

    def make_room(self, reason: str) -> None:
        """One reason to be full is gone; with the last, whoever waits goes on."""
        self.release(reason)
        if not self.is_full and self._go_on is not None:
            go_on, self._go_on = self._go_on, None
            go_on()

    def stopProducing(self) -> None:
        """The transport is lost, or left to its last phase: there is no one to wait for."""
        self._stall.stop()
        self._go_on = None


class Watch:
    """Cuts a connection whose peer has taken nothing for `timeout_s`, while it is started."""

    __slots__ = ("_clock", "_kind", "_since", "_taken", "_tally", "_timeout_s", "_timer", "_transport")

    def __init__(
        self, transport: Any, clock: IReactorTime, timeout_s: float, tally: Tally | None = None, kind: str = STALL
    ) -> None:
        self._transport = transport
        self._clock = clock
        self._timeout_s = timeout_s
        self._tally = tally
        self._kind = kind
        self._timer: IDelayedCall | None = None
        self._taken: Taken = ()
        self._since = 0.0

    def start(self) -> None:
        """From now on; again changes nothing."""
        if self._timer is None and self._timeout_s:
            self._taken, self._since = taken_from(self._transport), self._clock.seconds()
            self._wait(self._timeout_s)

    def stop(self) -> None:
        """No longer; again changes nothing."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _wait(self, left_s: float) -> None:
        self._timer = self._clock.callLater(min(CHECK_INTERVAL_S, left_s), self._check)

    def _check(self) -> None:
        before, self._taken = self._taken, taken_from(self._transport)
        now = self._clock.seconds()
        if has_progress(before, self._taken):
            self._since = now
        self._timer = None
        left_s = self._timeout_s - (now - self._since)
        if left_s < LEAST_WAIT_S:
            self._cut()
        else:
            self._wait(left_s)

    def _cut(self) -> None:
        if self._tally is not None:
            self._tally.count(self._kind)
        self._transport.abortConnection()


class Ending:
    """The last phase of a connection: the peer gets what is written, and is cut when it takes nothing any more.

    To be made when a connection is, begun when it is to end, and stopped when it is lost; each may happen again.
    """

    __slots__ = ("_transport", "_watch")

    def __init__(self, transport: Any, clock: IReactorTime, timeout_s: float, tally: Tally | None = None) -> None:
        self._transport = transport
        self._watch = Watch(transport, clock, timeout_s, tally, CLOSE_TIMEOUT)

    def await_close(self) -> None:
        """Our Close is on its way, and the peer's is awaited."""
        self._watch.start()

    def begin(self) -> None:
        """Flush, then close our side; what still comes is for the caller to drop, until the peer closes too.

        To close at once, with bytes unread, would reset the connection and take away what the peer has not read yet.
        """
        self._watch.start()
        # Reading may be held, but the end of the stream has to be seen.
        self._transport.resumeProducing()
        if is_tls(self._transport) or not ITCPTransport.providedBy(self._transport):
            self._transport.loseConnection()
        else:
            self._transport.loseWriteConnection()

    def finish(self) -> None:
        """The peer has closed its side: flush, then close; there is nothing more to wait for."""
        self._watch.start()
        self._transport.loseConnection()

    def stop(self) -> None:
        """The connection is lost."""
        self._watch.stop()


def is_tls(transport: Any) -> bool:
    """Whether there is TLS between us and the socket."""
    return bool(ISSLTransport.providedBy(transport))
