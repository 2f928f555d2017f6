"""From the keywords of `open_websocket` to a connection."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from twisted.internet import interfaces
from twisted.internet.defer import Deferred, fail
from twisted.internet.endpoints import HostnameEndpoint, wrapClientTLS

from echod.api.client import Plan, connect
from echod.api.contract import Contract
from echod.errors import BadSetting, ConnectFailed
from echod.rules.http.uri import Address
from echod.transport.interfaces import Reactor

if TYPE_CHECKING:
    from twisted.internet.ssl import Certificate

Trust = str | Path | interfaces.IOpenSSLClientConnectionCreator | None
BEGIN = b"-----BEGIN CERTIFICATE-----"


def open_plan(reactor: Reactor, plan: Plan, tls: Trust = None) -> Deferred[Contract]:
    """Open one WebSocket as planned; `tls` as in `open_websocket`."""
    try:
        endpoint = make_endpoint(reactor, plan.address, tls)
    except UnicodeError:
        # TLS encodes the name at once, and raises for one that cannot be looked up before the endpoint would.
        return fail(ConnectFailed(plan.address.uri, f"cannot connect: invalid hostname: {plan.address.host}"))
    return connect(endpoint, reactor, plan)


def make_endpoint(reactor: Reactor, address: Address, tls: Trust) -> interfaces.IStreamClientEndpoint:
    """IPv6 and IPv4, whichever answers first; TLS around it for `wss:`."""
    plain = HostnameEndpoint(reactor, address.host, address.port)
    if not address.secure:
        return plain
    return wrapClientTLS(make_tls(address.host, tls), plain)


def make_tls(host: str, tls: Trust) -> interfaces.IOpenSSLClientConnectionCreator:
    """What makes the TLS connection; certificates are verified, and must be for this host."""
    # pyOpenSSL is an extra: echod[tls].
    from twisted.internet.ssl import optionsForClientTLS, trustRootFromCertificates

    if tls is None:
        return optionsForClientTLS(host)
    if isinstance(tls, (str, Path)):
        return optionsForClientTLS(host, trustRoot=trustRootFromCertificates(read_trust(Path(tls))))
    return tls


def read_trust(path: Path) -> list[Certificate]:
    """The certificates in a PEM file; at least one."""
    from OpenSSL.crypto import Error
    from twisted.internet.ssl import Certificate

    blocks = path.read_bytes().split(BEGIN)[1:] if path.is_file() else []
    try:
        certificates = [Certificate.loadPEM(BEGIN + block) for block in blocks]
    except Error:
        certificates = []
    if not certificates:
        raise BadSetting("tls", str(path), "a PEM file with certificates")
    return certificates
