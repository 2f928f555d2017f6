"""A way to a TLS port for a client that speaks none: plain on this side, TLS on the other. Bytes, and nothing else.

    python -m tests.conformance.tunnel PORT CERTIFICATE

CERTIFICATE is that of the authority to trust. The tunnel says where it is `ready`, and ends with its parent's signal.
"""

from __future__ import annotations

import asyncio
import contextlib
import ssl
import sys
from asyncio import StreamReader, StreamWriter

CHUNK = 65536


async def carry(source: StreamReader, target: StreamWriter) -> None:
    """Everything from one to the other, the end too."""
    with contextlib.suppress(ConnectionError, ssl.SSLError):
        while data := await source.read(CHUNK):
            target.write(data)
            await target.drain()
    target.close()


async def main(port: str, certificate: str) -> None:
    context = ssl.create_default_context(cafile=certificate)

    async def join(near: StreamReader, back: StreamWriter) -> None:
        far, forth = await asyncio.open_connection("localhost", int(port), ssl=context)
        await asyncio.gather(carry(near, forth), carry(far, back))

    server = await asyncio.start_server(join, "127.0.0.1", 0)
    print(f"tunnel ready: 127.0.0.1:{server.sockets[0].getsockname()[1]}", flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(main(*sys.argv[1:]))
