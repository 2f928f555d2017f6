"""What a client trusts when it connects with TLS, and the exceptions that say why a connection could not be opened."""

from __future__ import annotations

from http import HTTPStatus
from pathlib import Path

from twisted.internet import interfaces
from twisted.python.failure import Failure

from echod.errors import BadCertificate, BadSetting, HandshakeRefused, NotWebSocket, OpenFailed

Trust = str | Path | interfaces.IOpenSSLClientConnectionCreator | None
BEGIN = b"-----BEGIN CERTIFICATE-----"
MOST_SAID_BYTES = 1024


def make_tls(host: str, tls: Trust) -> interfaces.IOpenSSLClientConnectionCreator:
    """What makes the TLS connection; certificates are verified, and must be for this host."""
    # pyOpenSSL is an extra: echod[tls].
    from OpenSSL.crypto import Error
    from twisted.internet.ssl import Certificate, optionsForClientTLS, trustRootFromCertificates

    if tls is None:
        return optionsForClientTLS(host)
    if not isinstance(tls, (str, Path)):
        return tls
    path = Path(tls)
    blocks = path.read_bytes().split(BEGIN)[1:] if path.is_file() else []
    try:
        certificates = [Certificate.loadPEM(BEGIN + block) for block in blocks]
    except Error:
        certificates = []
    if not certificates:
        raise BadSetting("tls", str(path), "a PEM file with certificates")
    return optionsForClientTLS(host, trustRoot=trustRootFromCertificates(certificates))


def refused(uri: str, status_line: str, headers: dict[str, str], body: bytes, why: str) -> OpenFailed:
    """The server has answered something that is not a good 101; `why` is what Autobahn says of it."""
    status, phrase = parse_status_line(status_line)
    if status is None:
        return NotWebSocket(uri, "the answer is not HTTP/1.1")
    if status == HTTPStatus.SWITCHING_PROTOCOLS:
        return NotWebSocket(uri, f"the handshake is wrong: {why}")
    # A line of plain text for people, if that is what the body is; nothing that could play with a terminal.
    line = body[:MOST_SAID_BYTES].decode("utf-8", "replace").strip()
    is_said = headers.get("content-type", "").startswith("text/plain") and line.isprintable()
    return HandshakeRefused(uri, status, phrase, headers, line if is_said else "")


def parse_status_line(line: str) -> tuple[int | None, str]:
    """Status and phrase; no status when this is no status line."""
    version, _, rest = line.partition(" ")
    status, _, phrase = rest.partition(" ")
    well_formed = version.startswith("HTTP/1.") and len(status) == 3 and status.isascii() and status.isdigit()
    return (int(status), phrase) if well_formed else (None, "")


def lost_before_open(uri: str, reason: Failure) -> OpenFailed:
    """The connection was lost before the handshake was complete."""
    error = reason.value
    assert error is not None
    if is_from(error, "service_identity."):
        return BadCertificate(uri, "TLS failed: the certificate is for another host")
    if not is_from(error, "OpenSSL."):
        return NotWebSocket(uri, "the server closed the connection without an answer")
    # OpenSSL's list of (library, function, reason) may be empty or missing.
    entries = error.args[0] if error.args and isinstance(error.args[0], list) else []
    what = "; ".join(entry[-1] for entry in entries) or type(error).__name__
    return (BadCertificate if "certificate" in what else NotWebSocket)(uri, f"TLS failed: {what}")


def is_from(error: object, package: str) -> bool:
    """Whether this exception is of that package; by name, so that this works where TLS is not installed."""
    return any(f"{kind.__module__}.".startswith(package) for kind in type(error).__mro__)
