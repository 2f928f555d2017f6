"""picows on uvloop: frames come back as they are; text is not checked to be UTF-8, messages are not put together."""

from __future__ import annotations

import uvloop
from picows import WSFrame, WSListener, WSMsgType, WSTransport, ws_create_server

MAX_FRAME_BYTES = 16 * 1024 * 1024


class Echo(WSListener):
    """Answers each frame with itself."""

    def on_ws_frame(self, transport: WSTransport, frame: WSFrame) -> None:
        if frame.msg_type == WSMsgType.CLOSE:
            transport.send_close(frame.get_close_code(), frame.get_close_message())
            transport.disconnect()
        else:
            transport.send(frame.msg_type, frame.get_payload_as_memoryview())


async def main() -> None:
    server = await ws_create_server(lambda _request: Echo(), "127.0.0.1", 0, max_frame_size=MAX_FRAME_BYTES)
    print("ready", server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    uvloop.run(main())
