"""A server whose callbacks raise, as a child process for tests: `python -m tests.faults.raising`."""

from __future__ import annotations

import sys
from typing import Any

from twisted.internet import reactor
from twisted.internet.defer import Deferred
from twisted.logger import globalLogBeginner, textFileLogObserver

from echod.api.arguments import Callbacks
from echod.api.published import Publication, PublishedFactory
from echod.server.listening import make_endpoint
from echod.server.server import Server
from echod.server.standard import publish_multi_echo
from echod.settings import Limits
from echod.websocket.factory import EndpointFactory
from echod.websocket.protocol import Echo


class RaisingAtOpen(Echo):
    """A subclass as users write them, with a mistake in it."""

    def onOpen(self) -> None:
        super().onOpen()
        raise RuntimeError("a mistake in onOpen")


class RaisingAtMessage(Echo):
    """The same for a message."""

    def onMessage(self, payload: bytes, is_binary: bool) -> None:
        raise RuntimeError("a mistake in onMessage")


class RaisingAtOpenFactory(EndpointFactory):
    protocol = RaisingAtOpen


class RaisingAtMessageFactory(EndpointFactory):
    protocol = RaisingAtMessage


def fail(*_: object) -> None:
    raise RuntimeError("a mistake in a callback")


async def run(server: Server) -> None:
    await server.listen(make_endpoint(reactor, 0, "127.0.0.1"))
    print(f"echod ready: 127.0.0.1:{server.port}", flush=True)


def main() -> None:
    globalLogBeginner.beginLoggingTo([textFileLogObserver(sys.stdout)], redirectStandardIO=False)
    server = Server(reactor, limits=Limits(close_timeout_s=10.0))
    publish_multi_echo(server)
    server.publish("/open", RaisingAtOpenFactory(server.context))
    server.publish("/message", RaisingAtMessageFactory(server.context))
    server.publish("/callback/open", PublishedFactory(server.context, Publication(Callbacks(on_open=fail))))
    server.publish("/callback/message", PublishedFactory(server.context, Publication(Callbacks(on_message=fail))))
    loop: Any = reactor
    loop.callWhenRunning(lambda: Deferred.fromCoroutine(run(server)))
    loop.run()


if __name__ == "__main__":
    main()
