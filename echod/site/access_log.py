"""The access log: one line for each request that is answered with a page."""

from __future__ import annotations

from twisted.internet.interfaces import IAddress
from twisted.logger import Logger

from echod.transport.addresses import peer_name

log = Logger()


def log_access(peer: IAddress, method: str, path: str, status: int) -> None:
    """`127.0.0.1:5000 "GET /info" 200`; what no terminal should get, and the quotes, are escaped."""
    request = f"{method} {path}".encode("unicode_escape").decode("ascii").replace('"', '\\"')
    log.info('{peer} "{request}" {status}', peer=peer_name(peer), request=request, status=status)
