"""The exceptions that say why a connection could not be opened."""

from __future__ import annotations

from twisted.internet.interfaces import IOpenSSLClientConnectionCreator
from twisted.python.failure import Failure

from echod.api.trust import Verification
from echod.errors import BadCertificate, HandshakeRefused, NotWebSocket, OpenFailed
from echod.rules.http.answer import Answer

MOST_SAID_BYTES = 1024
UNVERIFIED = "certificate verify failed"
"""What OpenSSL says when a check of the caller's own has refused a certificate."""


def refused(uri: str, answer: Answer, body: bytes) -> HandshakeRefused:
    """The server has answered something else than 101; `body` is what has come of its body."""
    headers, beginning = answer.joined(), body[:MOST_SAID_BYTES]
    # A line of plain text for people, if that is what the body is.
    line = beginning.decode("utf-8", "replace").strip()
    is_said = headers.get("content-type", "").lower().startswith("text/plain") and line.isprintable()
    return HandshakeRefused(uri, answer.status, answer.phrase, headers, line if is_said else "", beginning)


def lost_before_open(uri: str, reason: Failure) -> OpenFailed:
    """The connection was lost before the handshake was complete."""
    error = reason.value
    assert error is not None
    if not is_from(error, "OpenSSL."):
        return NotWebSocket(uri, "the server closed the connection without an answer")
    # OpenSSL's list of (library, function, reason) may be empty or missing.
    entries = error.args[0] if error.args and isinstance(error.args[0], list) else []
    what = "; ".join(entry[-1] for entry in entries) or type(error).__name__
    return (BadCertificate if UNVERIFIED in what else NotWebSocket)(uri, f"TLS failed: {what}")


def tell_refused(failure: Failure, uri: str, creator: IOpenSSLClientConnectionCreator) -> Failure:
    """The opening has failed: if its certificate was refused, that is why."""
    refused = creator.refused if isinstance(creator, Verification) else None
    if refused is None:
        return failure
    raise BadCertificate(uri, f"TLS failed: {refused.why}", refused.cause, refused.names) from failure.value


def is_from(error: object, package: str) -> bool:
    """Whether this exception is of that package; by name, so that this works where TLS is not installed."""
    return any(f"{kind.__module__}.".startswith(package) for kind in type(error).__mro__)
