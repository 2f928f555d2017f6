"""picows, which gives its caller frames; joining and decoding them is the caller's part, as its manual shows it."""

from __future__ import annotations

import asyncio
from typing import Any

import picows
import steps


class Listener(picows.WSListener):
    """Puts whole messages, or what ended them, into a queue."""

    def __init__(self) -> None:
        super().__init__()
        self.queue: asyncio.Queue[Any] = asyncio.Queue()
        self._parts = bytearray()
        self._is_text = False

    def on_ws_frame(self, transport: Any, frame: Any) -> None:
        if frame.msg_type == picows.WSMsgType.CLOSE:
            reason = (frame.get_close_message() or b"").decode()
            self.queue.put_nowait(ConnectionError(f"CLOSE {frame.get_close_code()} {reason}".rstrip()))
            transport.send_close(frame.get_close_code())
            transport.disconnect()
        elif frame.msg_type == picows.WSMsgType.PING:
            transport.send_pong(frame.get_payload_as_bytes())
        elif frame.msg_type != picows.WSMsgType.PONG:
            self._take(frame)

    def _take(self, frame: Any) -> None:
        if frame.msg_type != picows.WSMsgType.CONTINUATION:
            self._is_text = frame.msg_type == picows.WSMsgType.TEXT
        self._parts += frame.get_payload_as_bytes()
        if frame.fin:
            whole, self._parts = bytes(self._parts), bytearray()
            self.queue.put_nowait(whole.decode() if self._is_text else whole)

    def on_ws_disconnected(self, transport: Any) -> None:
        self.queue.put_nowait(ConnectionError("on_ws_disconnected"))


class Client:
    async def open(self, uri: str, keepalive: bool) -> str:
        timing: dict[str, Any] = {}
        if keepalive:
            timing = {"enable_auto_ping": True, "auto_ping_idle_timeout": 1, "auto_ping_reply_timeout": 1}
        self._transport, self._listener = await picows.ws_connect(Listener, uri, **timing)
        protocol = self._transport.response.headers.get("Sec-WebSocket-Protocol")
        return f"opens with {protocol}" if protocol else ""

    async def send(self, data: str | bytes) -> None:
        if isinstance(data, str):
            self._transport.send(picows.WSMsgType.TEXT, data.encode())
        else:
            self._transport.send(picows.WSMsgType.BINARY, data)

    async def receive(self) -> str | bytes:
        message = await self._listener.queue.get()
        if isinstance(message, Exception):
            raise message
        return message


steps.main(Client)
