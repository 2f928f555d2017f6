"""Why a client could not open a connection, as one of the exceptions of `errors.py`."""

from __future__ import annotations

from http import HTTPStatus

from twisted.python.failure import Failure

from echod.errors import BadCertificate, HandshakeRefused, NotWebSocket, OpenFailed

MOST_SAID_BYTES = 1024


def refused(uri: str, status_line: str, headers: dict[str, str], body: bytes, why: str) -> OpenFailed:
    """The server has answered something that is not a good 101; `why` is what Autobahn says of it."""
    status, phrase = parse_status_line(status_line)
    if status is None:
        return NotWebSocket(uri, "the answer is not HTTP/1.1")
    if status != HTTPStatus.SWITCHING_PROTOCOLS:
        return HandshakeRefused(uri, status, phrase, headers, explanation(headers, body))
    return NotWebSocket(uri, f"the handshake is wrong: {why}")


def explanation(headers: dict[str, str], body: bytes) -> str:
    """A line of plain text for people, if that is what the body is; nothing that could play with a terminal."""
    line = body[:MOST_SAID_BYTES].decode("utf-8", "replace").strip()
    is_plain = headers.get("content-type", "").startswith("text/plain")
    return line if is_plain and line.isprintable() else ""


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
    what = describe_tls(error)
    return (BadCertificate if "certificate" in what else NotWebSocket)(uri, f"TLS failed: {what}")


def is_from(error: object, package: str) -> bool:
    """Whether this exception is of that package; by name, so that this works where TLS is not installed."""
    return any(f"{kind.__module__}.".startswith(package) for kind in type(error).__mro__)


def describe_tls(error: BaseException) -> str:
    """The reasons in OpenSSL's list of (library, function, reason), which may be empty or missing."""
    entries = error.args[0] if error.args and isinstance(error.args[0], list) else []
    return "; ".join(entry[-1] for entry in entries) or type(error).__name__
