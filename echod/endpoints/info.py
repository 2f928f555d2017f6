"""The endpoint that says what the server sees: as its first message, and as the reply to each."""

from __future__ import annotations

from echod.behaviours.protocol import BehavingFactory, BehavingProtocol
from echod.endpoints.inspection import see_agreement, see_request, to_json
from echod.rules.http.head import Head
from echod.websocket.context import ServerContext
from echod.websocket.protocol import reply_unchanged


class InfoProtocol(BehavingProtocol):
    """One connection; it takes every behaviour that the echoes take."""

    factory: InfoFactory
    _seen: Head

    def receive_head(self, head: Head, rest: bytes) -> None:
        """Kept: every message is answered by it."""
        self._seen = head
        super().receive_head(head, rest)

    def greeting(self) -> list[str]:
        return [self._say().decode(), *super().greeting()]

    def reply(self, payload: bytes, is_binary: bool) -> tuple[bytes, bool]:
        return self._say(), False

    def _say(self) -> bytes:
        return to_json({**see_request(self.transport, self._seen, self.factory.instance), **see_agreement(self)})


class InfoFactory(BehavingFactory):
    """Builds them. `instance` names the process among several that answer on one address."""

    protocol = InfoProtocol

    def __init__(self, context: ServerContext, instance: str) -> None:
        super().__init__(context, lambda: reply_unchanged)
        self.instance = instance
