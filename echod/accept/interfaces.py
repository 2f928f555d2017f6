"""What passes from the gate to those who need not read the head of a request again."""

from __future__ import annotations

from zope.interface import Interface

from echod.rules.http.head import Head


class IHeadReceiver(Interface):
    """A protocol that takes the head as the gate has read it; any other gets the bytes."""

    def receive_head(head: Head, rest: bytes) -> None:  # noqa: N805
        """The head, once, and what came behind it; right after `makeConnection`, before any `dataReceived`."""
