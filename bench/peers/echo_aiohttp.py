"""aiohttp on uvloop, without an access log; the largest message is raised from 4 MiB."""

from __future__ import annotations

import asyncio

import uvloop
from aiohttp import WSMsgType, web

MAX_MESSAGE_BYTES = 16 * 1024 * 1024


async def echo(request: web.Request) -> web.WebSocketResponse:
    websocket = web.WebSocketResponse(compress=False, max_msg_size=MAX_MESSAGE_BYTES)
    await websocket.prepare(request)
    async for message in websocket:
        if message.type == WSMsgType.TEXT:
            await websocket.send_str(message.data)
        elif message.type == WSMsgType.BINARY:
            await websocket.send_bytes(message.data)
    return websocket


async def main() -> None:
    application = web.Application()
    application.router.add_get("/echo", echo)
    runner = web.AppRunner(application, access_log=None)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    print("ready", runner.addresses[0][1], flush=True)
    await asyncio.Event().wait()


if __name__ == "__main__":
    uvloop.run(main())
