"""aiohttp's client."""

from __future__ import annotations

import aiohttp
import steps


class Client:
    async def open(self, uri: str, keepalive: bool) -> str:
        self._session = aiohttp.ClientSession()
        self._socket = await self._session.ws_connect(uri, heartbeat=1 if keepalive else None)
        return f"opens with {self._socket.protocol}" if self._socket.protocol else ""

    async def send(self, data: str | bytes) -> None:
        await (self._socket.send_str(data) if isinstance(data, str) else self._socket.send_bytes(data))

    async def receive(self) -> str | bytes:
        message = await self._socket.receive()
        if message.type in (aiohttp.WSMsgType.TEXT, aiohttp.WSMsgType.BINARY):
            return message.data
        if message.type is aiohttp.WSMsgType.ERROR:
            raise message.data
        raise ConnectionError(f"{message.type.name} {self._socket.close_code} {message.extra or ''}".rstrip())


steps.main(Client)
