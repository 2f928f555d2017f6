"""The endpoint that says what the server sees: as its first message, and as the reply to each."""

from __future__ import annotations

from echod.endpoints.inspection import see_agreement, see_request, to_json
from echod.rules.http.head import Head
from echod.websocket.context import ServerContext
from echod.websocket.factory import EndpointFactory
from echod.websocket.protocol import EchodProtocol


class InfoProtocol(EchodProtocol):
    """One connection. It reads frame by frame, because its replies are larger than what asks for them."""

    factory: InfoFactory
    _seen: Head
    _ignored: list[str]

    def receive_head(self, head: Head, rest: bytes) -> None:
        """Kept: every message is answered by it."""
        self._seen, self._ignored = head, self.list_ignored(head.query)
        super().receive_head(head, rest)

    def onOpen(self) -> None:
        super().onOpen()
        # The fast path would answer a whole chunk of small messages before flow control can stop it.
        self.fast_path.is_on = False
        self._say()

    def onMessage(self, payload: bytes, is_binary: bool) -> None:
        self._say()

    def _say(self) -> None:
        seen = see_request(self.transport, self._seen, self.factory.instance, self._ignored)
        self.sendMessage(to_json({**seen, **see_agreement(self)}))


class InfoFactory(EndpointFactory):
    """The endpoint `/info`. `instance` names the process among several that answer on one address."""

    protocol = InfoProtocol

    def __init__(self, context: ServerContext, instance: str) -> None:
        super().__init__(context)
        self.instance = instance
