"""What a connection looks like from here: addresses, request, TLS, and what was agreed."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, cast

from echod.flow.lingering_close import is_tls
from echod.rules.http.head import Head
from echod.transport.addresses import show_address
from echod.transport.interfaces import Transport
from echod.transport.kernel import socket_transport
from echod.transport.proxied import proxy_ends
from echod.websocket.autobahn.deflate import agreed_deflate
from echod.websocket.autobahn.port import Connection

if TYPE_CHECKING:
    # pyOpenSSL is an extra: echod[tls].
    from OpenSSL.SSL import Connection as Session
    from twisted.protocols.tls import TLSMemoryBIOProtocol


def see_request(transport: Transport, head: Head, instance: str, ignored: list[str]) -> dict[str, object]:
    """What is seen of a request, in values that JSON knows; `ignored` are names in its query that are not heeded."""
    line, *lines = head.raw.decode("latin-1").split("\r\n")
    return {
        "instance": instance,
        "peer": show_address(transport.getPeer()),
        "local": show_address(transport.getHost()),
        "proxy": see_proxy(transport),
        "request": {"line": line, "lines": lines, "headers": head.headers},
        "ignored": ignored,
        "tls": see_tls(transport),
    }


def see_agreement(protocol: Connection) -> dict[str, object]:
    """What the opening handshake has agreed on."""
    deflate = agreed_deflate(protocol)
    extensions = [] if deflate is None else [{"name": "permessage-deflate", **deflate}]
    return {"subprotocol": protocol.websocket_protocol_in_use, "extensions": extensions}


def see_proxy(transport: Transport) -> dict[str, object] | None:
    """The proxy's own connection to us, when `peer` is a client behind it that a PROXY header told of."""
    ends = proxy_ends(socket_transport(transport))
    return None if ends is None else dict(zip(("peer", "local"), map(show_address, ends), strict=True))


def see_tls(transport: Transport) -> dict[str, object] | None:
    """None without TLS; `server_name` (SNI) and `alpn` are None when the client sent none."""
    if not is_tls(transport):
        return None
    session: Session = cast("TLSMemoryBIOProtocol", transport).getHandle()
    name = session.get_servername()
    return {
        "version": session.get_protocol_version_name(),
        "cipher": session.get_cipher_name(),
        "server_name": None if name is None else name.decode("ascii", "backslashreplace"),
        "alpn": session.get_alpn_proto_negotiated().decode("ascii", "backslashreplace") or None,
    }


def to_json(seen: dict[str, object]) -> bytes:
    return json.dumps(seen, indent=1).encode()
