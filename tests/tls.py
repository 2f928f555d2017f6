"""TLS sockets for clients and servers that read in one thread and write in another, as python-websockets does.

OpenSSL allows one call at a time for a connection, and `ssl.SSLSocket` does not see to it in the Pythons up to 3.13:
what is written while another thread reads can be lost, or taken for the end of the connection.
"""

from __future__ import annotations

import select
import ssl
import threading
from collections.abc import Callable
from typing import Any, Self, TypeVar

Result = TypeVar("Result")


class SharedSocket(ssl.SSLSocket):
    """Waits outside OpenSSL, and lets one thread in at a time."""

    _turn: threading.Lock

    def __new__(cls, *args: Any, **options: Any) -> Self:
        made = super().__new__(cls, *args, **options)
        made._turn = threading.Lock()
        return made

    def settimeout(self, value: float | None) -> None:
        with self._turn:
            super().settimeout(value)

    def recv(self, buflen: int = 1024, flags: int = 0) -> bytes:
        return self._repeat(lambda: ssl.SSLSocket.recv(self, buflen, flags), select.POLLIN)

    def send(self, data: Any, flags: int = 0) -> int:
        """Also what `sendall` does its work with."""
        return self._repeat(lambda: ssl.SSLSocket.send(self, data, flags), select.POLLOUT)

    def _repeat(self, act: Callable[[], Result], event: int) -> Result:
        """Do it as soon as that is possible; raises TimeoutError when the socket's timeout goes by without anything."""
        while True:
            with self._turn:
                timeout = self.gettimeout()
                super().settimeout(0)
                try:
                    return act()
                except ssl.SSLWantReadError:
                    event = select.POLLIN
                except ssl.SSLWantWriteError:
                    event = select.POLLOUT
                except BlockingIOError:  # TLS has ended, and the socket is used without.
                    pass
                finally:
                    super().settimeout(timeout)
            self._wait(event, timeout)

    def _wait(self, event: int, timeout: float | None) -> None:
        watch = select.poll()
        watch.register(self, event)
        if not watch.poll(None if timeout is None else timeout * 1000):
            raise TimeoutError(f"nothing happened for {timeout} s")


def share(context: ssl.SSLContext) -> ssl.SSLContext:
    """Let the sockets of this context be used by two threads."""
    context.sslsocket_class = SharedSocket
    return context
