"""What admission asks of a connection, and the gate of the protocol to which it hands one over."""

from __future__ import annotations

from zope.interface import Interface

from echod.rules.http.head import Head


class IHeadReceiver(Interface):
    """A protocol that gets the head as the gate has parsed it; any other gets the bytes."""

    def receive_head(head: Head, rest: bytes) -> None:  # noqa: N805
        """The head, once, and the bytes behind it; right after `makeConnection`, before any `dataReceived`."""


class IShutdownAware(Interface):
    """A protocol that is told of a graceful shutdown."""

    def announce_shutdown() -> None:
        """Answer 503 if the handshake is not complete; an open WebSocket gets its Close from the drain."""


class IAccepted(IShutdownAware):
    """An accepted connection, as admission control has it: the gate, which may have handed it over."""

    def abort() -> None:
        """Close the connection with a reset; unsent bytes are lost."""
