"""websocket-client, which blocks: in a thread."""

from __future__ import annotations

import asyncio
import threading

import steps
import websocket


class Client:
    """Its keepalive belongs to WebSocketApp; everything else is the plain WebSocket."""

    async def open(self, uri: str, keepalive: bool) -> str:
        if keepalive:
            await self._keep_alive(uri)
        self._socket = await in_daemon_thread(websocket.create_connection, uri)
        return f"opens with {self._socket.subprotocol}" if self._socket.subprotocol else ""

    async def _keep_alive(self, uri: str) -> None:
        """Raise what its `on_error` is told."""
        loop, told = asyncio.get_running_loop(), asyncio.get_running_loop().create_future()

        def tell(_: object, error: BaseException) -> None:
            loop.call_soon_threadsafe(lambda: told.done() or told.set_exception(error))

        app = websocket.WebSocketApp(uri, on_error=tell)
        options = {"ping_interval": 2, "ping_timeout": 1}
        threading.Thread(target=app.run_forever, kwargs=options, daemon=True).start()
        await told

    async def send(self, data: str | bytes) -> None:
        send = self._socket.send if isinstance(data, str) else self._socket.send_binary
        await in_daemon_thread(send, data)

    async def receive(self) -> str | bytes:
        opcode, data = await in_daemon_thread(self._socket.recv_data)
        if opcode == websocket.ABNF.OPCODE_CLOSE:
            raise ConnectionError(f"CLOSE {int.from_bytes(data[:2])} {data[2:].decode(errors='replace')}".rstrip())
        return data.decode() if opcode == websocket.ABNF.OPCODE_TEXT else data


async def in_daemon_thread(function: object, *args: object) -> object:
    """As asyncio.to_thread, but the process does not wait for a call that blocks for ever."""
    loop = asyncio.get_running_loop()
    result = loop.create_future()

    def run() -> None:
        try:
            value = function(*args)
        except Exception as error:
            loop.call_soon_threadsafe(lambda error=error: result.done() or result.set_exception(error))
        else:
            loop.call_soon_threadsafe(lambda: result.done() or result.set_result(value))

    threading.Thread(target=run, daemon=True).start()
    return await result


steps.main(Client)
