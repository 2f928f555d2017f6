"""A relay: each connection to this server is joined with a connection of its own to another WebSocket server.

    python examples/relay.py PORT TARGET_URI

Messages keep their order and their type, text or binary; when one side closes, the other is closed in the same way.
A slow side is not waited for: what is meant for it is kept in memory.
"""

from __future__ import annotations

import sys

from twisted.internet.defer import Deferred
from twisted.internet.task import react

import echod

SENT_INSTEAD = {echod.CloseCode.NO_CODE: echod.CloseCode.NORMAL, echod.CloseCode.ABNORMAL: echod.CloseCode.GOING_AWAY}
"""Two codes only say what has been seen of a connection; they cannot be sent (RFC 6455, 7.4.1)."""


def pass_on(contract: echod.Contract, data: str | bytes) -> None:
    """Send, unless that side is closing already."""
    if contract.state is echod.State.OPEN:
        echod.websocket_send(contract, data)


def close(contract: echod.Contract, code: int, reason: str) -> None:
    """Close this side as the other was; nothing when it is closed already."""
    echod.close_websocket(contract, code=SENT_INSTEAD.get(code, code), reason=reason)


def publish_relay(path: str, target: str) -> None:
    """Relay from this path to that URI."""
    targets: dict[echod.Contract, echod.Contract] = {}

    async def on_open(client: echod.Contract) -> None:
        # The client's messages, and its end, wait until this coroutine is done.
        try:
            targets[client] = await echod.open_websocket(
                target,
                on_message=lambda _contract, data, _ext: pass_on(client, data),
                on_close=lambda _contract, code, reason: close(client, code, reason),
            )
        except echod.OpenFailed:
            close(client, echod.CloseCode.TRY_AGAIN_LATER, "the target cannot be reached")

    def on_message(client: echod.Contract, data: str | bytes, _ext: None) -> None:
        if client in targets:
            pass_on(targets[client], data)

    def on_close(client: echod.Contract, code: int, reason: str) -> None:
        if client in targets:
            close(targets.pop(client), code, reason)

    echod.publish_websocket(path, on_open=on_open, on_message=on_message, on_close=on_close)


async def main(_reactor: object, port: str, target: str) -> None:
    publish_relay("/", target)
    server = await echod.start(port=int(port))
    print(f"ready: ws://localhost:{server.port}/ relays to {target}", flush=True)
    await Deferred()  # Ctrl-C ends it.


if __name__ == "__main__":
    react(main, sys.argv[1:])
