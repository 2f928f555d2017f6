"""The WebSocket protocols of the server: Autobahn's, guarded, and the three echoes on top.

A behaviour overrides `onMessage` and calls `sendMessage`, as every Autobahn program does.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from autobahn.websocket.types import ConnectionRequest
from twisted.internet.interfaces import IHalfCloseableProtocol
from twisted.internet.protocol import connectionDone
from twisted.python.failure import Failure
from zope.interface import implementer

from echod.rules.behaviours.names import list_nothing
from echod.rules.websocket.frames import encode_plain, plain_head, take_masked
from echod.websocket import trace
from echod.websocket.autobahn.closing import close_of
from echod.websocket.autobahn.deflate import send_whole
from echod.websocket.autobahn.starting import lose, start
from echod.websocket.autobahn.state import OPEN
from echod.websocket.handshake import ServerOpening


@implementer(IHalfCloseableProtocol)
class EchodProtocol(ServerOpening):
    """One server-side connection. Subclasses say what a message does; everything else is settled here."""

    take = staticmethod(take_masked)
    is_masked = True
    leaves_frames = False
    list_ignored = staticmethod(list_nothing)
    send_whole = send_whole

    def connectionMade(self) -> None:
        self.guard_with(self.context)
        start(self)

    def readConnectionLost(self) -> None:
        self.guard.end_input()

    def writeConnectionLost(self) -> None:
        """We have closed our side; the peer's is waited for."""

    def onConnect(self, request: ConnectionRequest) -> Any:
        """Before the 101 answer: the subprotocol to select, or a Deferred of it."""
        if self.logFrames:
            assert self.head is not None
            trace.trace_handshake(self.peer_name, self.head.target, request.headers)
            trace.trace_ignored(self.peer_name, self.list_ignored(self.head.query))
        return self.select_subprotocol(request.protocols)

    def onOpen(self) -> None:
        self.guard.open()
        # They are not read again, and are some 3 KiB.
        del self.head, self._request
        self.context.connections.join(self)

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        self.context.connections.leave(self)
        lose(self, reason)

    def onClose(self, was_clean: bool, code: int | None, reason: str | None) -> None:
        if self.logFrames:
            trace.trace_close(self.peer_name, *close_of(self, was_clean))

    def select_subprotocol(self, offered: list[str]) -> str | None:
        """The first that the client offers: some clients refuse a server that selects none."""
        return next(filter(None, offered), None)

    def sendMessage(
        self,
        payload: bytes,
        isBinary: bool = False,
        fragmentSize: int | None = None,
        sync: bool = False,
        doNotCompress: bool = False,
    ) -> None:
        """As Autobahn's, but silent when the connection is not open, and without the limit for what comes in.

        A reply may be larger than its message, and a peer may vanish before it: both are normal.
        One frame whatever its size; to choose the frames there are `beginMessage` and `sendMessageFrame`.
        """
        fast_path = self.fast_path
        if not fast_path.is_on:
            self.send_whole(payload, isBinary, may_deflate=not doNotCompress, sync=sync)
        elif self.state == OPEN:
            pieces = plain_head(len(payload), isBinary), payload
            if fast_path.replies is None or sync:
                self.sendData(b"".join(pieces), sync)
            else:
                fast_path.replies += pieces

    def send_messages(self, payloads: Sequence[bytes], is_binary: bool) -> None:
        """As `sendMessage` for each of them, in order: of plain messages that came in one chunk the replies."""
        replies = self.fast_path.replies
        assert replies is not None, "only while messages are received"
        if self.state == OPEN:
            replies += encode_plain(payloads, is_binary)


class Echo(EchodProtocol):
    """The plain echo: type and bytes come back."""

    is_mere_echo = True

    def __init_subclass__(cls, **options: Any) -> None:
        """A subclass may have something else to do for each message."""
        super().__init_subclass__(**options)
        cls.is_mere_echo = cls.onMessage is Echo.onMessage and cls.sendMessage is EchodProtocol.sendMessage

    def receive_messages(self, payloads: Sequence[bytes], is_binary: bool) -> None:
        """All at once, where nothing else is to be done for each."""
        if self.is_mere_echo:
            self.send_messages(payloads, is_binary)
        else:
            super().receive_messages(payloads, is_binary)

    def onMessage(self, payload: bytes, is_binary: bool) -> None:
        self.sendMessage(payload, is_binary)
