"""websockets on uvloop; the largest message is raised from 1 MiB."""

from __future__ import annotations

import uvloop
from websockets.asyncio.server import ServerConnection, serve

MAX_MESSAGE_BYTES = 16 * 1024 * 1024


async def echo(websocket: ServerConnection) -> None:
    async for message in websocket:
        await websocket.send(message)


async def main() -> None:
    async with serve(echo, "127.0.0.1", 0, compression=None, max_size=MAX_MESSAGE_BYTES) as server:
        print("ready", server.sockets[0].getsockname()[1], flush=True)
        await server.serve_forever()


if __name__ == "__main__":
    uvloop.run(main())
