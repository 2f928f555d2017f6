"""python-websockets, its asyncio client."""

from __future__ import annotations

from typing import Any

import steps
from websockets.asyncio.client import connect


class Client:
    async def open(self, uri: str, keepalive: bool) -> str:
        timing: dict[str, Any] = {"ping_interval": 1, "ping_timeout": 1} if keepalive else {}
        self._connection = await connect(uri, proxy=None, **timing)
        return f"opens with {self._connection.subprotocol}" if self._connection.subprotocol else ""

    async def send(self, data: str | bytes) -> None:
        await self._connection.send(data)

    async def receive(self) -> str | bytes:
        return await self._connection.recv()


steps.main(Client)
