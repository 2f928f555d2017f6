"""Flow control: reading from a peer stops while there is a reason, and goes on when none is left."""

from __future__ import annotations

from typing import Any

from twisted.internet.interfaces import IPushProducer
from zope.interface import implementer

WRITING = "writing"
"""The reason of the transport: its write buffer is above its mark."""


@implementer(IPushProducer)
class Flow:
    """The one owner of a transport's reading; registered as its producer, so that unread replies stop reading."""

    def __init__(self, transport: Any) -> None:
        self._transport = transport
        self._reasons: set[str] = set()

    def hold(self, reason: str) -> None:
        """Stop reading for this reason; again for the same reason changes nothing."""
        if not self._reasons:
            self._transport.pauseProducing()
        self._reasons.add(reason)

    def release(self, reason: str) -> None:
        """The reason is gone; reading goes on when it was the last."""
        if reason in self._reasons:
            self._reasons.remove(reason)
            if not self._reasons:
                self._transport.resumeProducing()

    def pauseProducing(self) -> None:
        self.hold(WRITING)

    def resumeProducing(self) -> None:
        self.release(WRITING)

    def stopProducing(self) -> None:
        """The transport is lost: there is nothing left to read."""
