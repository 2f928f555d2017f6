"""The note's two servers, written with `publish_websocket`.

    python examples/echo_servers.py [PORT]

`/simple-echo` has one mode for all clients, `/multi-echo` one for each connection.
After the message `add` every answer ends in `...added...`, until a client sends `none`.
"""

from __future__ import annotations

import sys

from twisted.internet.defer import Deferred
from twisted.internet.task import react

import echod

COMMANDS = {"add": True, "none": False}
"""What the mode is after these messages; any other leaves it as it is."""


def answer(contract: echod.Contract, text: str, adding: bool) -> None:
    echod.websocket_send(contract, text + "...added..." if adding else text)


def publish_simple_echo() -> None:
    adding = False

    def on_message(contract: echod.Contract, data: str | bytes, _ext: None) -> None:
        nonlocal adding
        if isinstance(data, bytes):
            echod.websocket_send(contract, data)
            return
        adding = COMMANDS.get(data.lower(), adding)
        answer(contract, data, adding)

    echod.publish_websocket("/simple-echo", on_message=on_message)


def publish_multi_echo() -> None:
    modes: dict[echod.Contract, bool] = {}

    def on_open(contract: echod.Contract) -> None:
        modes[contract] = False

    def on_message(contract: echod.Contract, data: str | bytes, _ext: None) -> None:
        if isinstance(data, bytes):
            echod.websocket_send(contract, data)
            return
        modes[contract] = COMMANDS.get(data.lower(), modes[contract])
        answer(contract, data, modes[contract])

    def on_close(contract: echod.Contract, _code: int, _reason: str) -> None:
        del modes[contract]

    echod.publish_websocket("/multi-echo", on_open=on_open, on_message=on_message, on_close=on_close)


async def main(_reactor: object, port: str = "9001") -> None:
    publish_simple_echo()
    publish_multi_echo()
    server = await echod.start(port=int(port))
    print(f"ready: ws://localhost:{server.port}/simple-echo and /multi-echo", flush=True)
    await Deferred()  # Ctrl-C ends it.


if __name__ == "__main__":
    react(main, sys.argv[1:])
