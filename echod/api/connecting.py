"""From the keywords of `open_websocket` to a connection."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from twisted.internet.defer import Deferred, fail
from twisted.internet.endpoints import HostnameEndpoint, wrapClientTLS
from twisted.internet.interfaces import IStreamClientEndpoint

from echod.api.client import Plan, connect
from echod.api.contract import Contract
from echod.errors import BadSetting, ConnectFailed
from echod.rules.http.uri import Address

BEGIN = b"-----BEGIN CERTIFICATE-----"


def open_plan(reactor: Any, plan: Plan, tls: Any = None) -> Deferred[Contract]:
    """Open one WebSocket as planned.

    Args:
        tls: None to trust what the system trusts; the path of a PEM file with the certificates to trust instead;
            or an `IOpenSSLClientConnectionCreator`.
    """
    try:
        endpoint = make_endpoint(reactor, plan.address, tls)
    except UnicodeError:
        # TLS asks for the name at once, and says of one that cannot be looked up what the endpoint would say later.
        return fail(ConnectFailed(plan.address.uri, f"cannot connect: invalid hostname: {plan.address.host}"))
    return connect(endpoint, reactor, plan)


def make_endpoint(reactor: Any, address: Address, tls: Any) -> IStreamClientEndpoint:
    """IPv6 and IPv4, whichever answers first; TLS around it for `wss:`."""
    plain = HostnameEndpoint(reactor, address.host, address.port)
    if not address.secure:
        return plain
    endpoint: IStreamClientEndpoint = wrapClientTLS(make_tls(address.host, tls), plain)
    return endpoint


def make_tls(host: str, tls: Any) -> Any:
    """What makes the TLS connection; certificates are verified, and must be for this host."""
    # pyOpenSSL is an extra: echod[tls].
    from twisted.internet.ssl import optionsForClientTLS

    if tls is None:
        return optionsForClientTLS(host)
    if isinstance(tls, (str, Path)):
        return optionsForClientTLS(host, trustRoot=read_trust(Path(tls)))
    return tls


def read_trust(path: Path) -> Any:
    """The certificates in a PEM file, as the only ones to trust."""
    from OpenSSL.crypto import Error
    from twisted.internet.ssl import Certificate, trustRootFromCertificates

    blocks = path.read_bytes().split(BEGIN)[1:] if path.is_file() else []
    try:
        certificates = [Certificate.loadPEM(BEGIN + block) for block in blocks]
    except Error:
        certificates = []
    if not certificates:
        raise BadSetting("tls", str(path), "a PEM file with certificates")
    return trustRootFromCertificates(certificates)
