"""The note's two echoes: one mode for all connections, or one for each."""

from __future__ import annotations

from echod.rules.echo import Mode, step
from echod.store import ModeStore
from echod.websocket.context import ServerContext
from echod.websocket.factory import EndpointFactory
from echod.websocket.protocol import EchodProtocol


class SimpleEcho(EchodProtocol):
    """The note's simple server: one mode for all clients, in the store of its factory."""

    factory: SimpleEchoFactory

    def onMessage(self, payload: bytes, is_binary: bool) -> None:
        self.sendMessage(reply_by(self.factory.store, payload, is_binary), is_binary)


class MultiEcho(EchodProtocol):
    """The note's multi server: a mode for each connection, gone with it."""

    mode = Mode.OFF

    def onMessage(self, payload: bytes, is_binary: bool) -> None:
        self.sendMessage(reply_by(self, payload, is_binary), is_binary)


def reply_by(store: ModeStore, payload: bytes, is_binary: bool) -> bytes:
    """The reply to a message by the mode in `store`, which may change it; a text has been found to be UTF-8."""
    if is_binary:
        return payload
    store.mode, reply = step(store.mode, payload)
    return reply


class SimpleEchoFactory(EndpointFactory):
    """The endpoint of the simple server."""

    protocol = SimpleEcho

    def __init__(self, context: ServerContext, store: ModeStore) -> None:
        super().__init__(context)
        self.store = store


class MultiEchoFactory(EndpointFactory):
    """The endpoint of the multi server."""

    protocol = MultiEcho
