"""For the programs in the tests of `echod.blocking`: send and wait for the answer."""

from __future__ import annotations

from queue import SimpleQueue
from typing import Any

from echod.blocking import open_websocket

PATIENCE_S = 10.0


class Caller:
    """A client that keeps what comes, in order."""

    def __init__(self, uri: str, **options: Any) -> None:
        self._received: SimpleQueue[str | bytes] = SimpleQueue()
        self.contract = open_websocket(uri, on_message=self._keep, **options)

    def _keep(self, contract: object, data: str | bytes, ext: None) -> None:
        self._received.put(data)

    def receive(self) -> str | bytes:
        """The next message."""
        return self._received.get(timeout=PATIENCE_S)

    def ask(self, data: str | bytes) -> str | bytes:
        """Send a message and give the next that comes."""
        self.contract.send(data)
        return self.receive()


def echo(contract: Any, data: str | bytes, ext: None) -> None:  # noqa: ARG001
    """An `on_message`."""
    contract.send(data)
