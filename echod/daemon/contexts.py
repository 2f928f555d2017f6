"""What makes the TLS of new connections: by the server name that a client asks for, and with ALPN. Needs echod[tls].

It stands in for Twisted's ALPN, which answers a client that offers no HTTP/1.1 with the alert internal_error, and for
its choice by names, which warns of each that it does not know and takes only the case of the certificate.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from OpenSSL.SSL import Connection, Context, Error
from twisted.internet.interfaces import IOpenSSLServerConnectionCreator
from twisted.internet.ssl import CertificateOptions
from twisted.logger import Logger
from zope.interface import implementer

from echod.daemon.certificates import Pair

if TYPE_CHECKING:
    from twisted.protocols.tls import TLSMemoryBIOProtocol

HTTP = b"http/1.1"
"""Upgrades exist there alone."""

log = Logger(namespace="echod")


class NoApplicationProtocol(Error):
    """The client offers none that we have: OpenSSL sends the alert no_application_protocol (RFC 7301, 3.2)."""

    def __init__(self) -> None:
        super().__init__([("SSL routines", "", "no application protocol")])


@implementer(IOpenSSLServerConnectionCreator)
class Contexts:
    """A context for each pair: the one whose certificate has the name that is asked for, or else the first.

    Raises:
        ValueError: names the file whose key or certificate OpenSSL does not take.
    """

    def __init__(self, pairs: Sequence[Pair], options: Mapping[str, object] | None = None) -> None:
        made = {pair: make_context(pair, options or {}) for pair in pairs}
        self._first = made[pairs[0]]
        self._first.set_tlsext_servername_callback(self._choose)
        self._by_name = {name: made[pair] for name, pair in by_name(pairs).items()}

    def serverConnectionForTLS(self, protocol: TLSMemoryBIOProtocol) -> Connection:
        return Connection(self._first, None)

    def find(self, name: bytes) -> Context | None:
        """The context for a server name, exactly or by a wildcard in its first label (RFC 6125, 6.4.3)."""
        exact = name.lower().rstrip(b".").decode("latin-1")
        return self._by_name.get(exact) or self._by_name.get(f"*.{exact.partition('.')[2]}")

    def _choose(self, connection: Connection) -> None:
        """An unknown name is not logged: a client may send any."""
        context = self.find(connection.get_servername() or b"")
        if context is not None:
            connection.set_context(context)


def by_name(pairs: Sequence[Pair]) -> dict[str, Pair]:
    """The pair for each name: valid now, and then the youngest; a common name counts where no other has it."""
    preferred = sorted(pairs, key=lambda pair: (not pair.when, pair.found.certificate.not_valid_before_utc))
    common = {name: pair for pair in preferred if not pair.names for name in pair.common_names}
    return common | {name: pair for pair in preferred for name in pair.names}


def make_context(pair: Pair, options: Mapping[str, object]) -> Context:
    """With Twisted's defaults: TLS 1.2 at least, its ciphers, no tickets."""
    if pair.when:
        log.warn("the certificate in {path} {when}", path=pair.found.path, when=pair.when)
    made = CertificateOptions(
        privateKey=pair.key.key,  # type: ignore[arg-type]  # pyOpenSSL prefers what cryptography has.
        certificate=pair.found.certificate,  # type: ignore[arg-type]
        extraCertChain=list(pair.chain),  # type: ignore[arg-type]
        **options,  # type: ignore[arg-type]
    )
    try:
        context = made.getContext()
    except Error as error:
        reasons = ", ".join(reason for _, _, reason in error.args[0])
        raise ValueError(f"{pair.found.path}: {reasons}") from error
    context.set_alpn_select_callback(select_protocol)
    return context


def select_protocol(_: Connection, offered: list[bytes]) -> bytes:
    """HTTP/1.1, whatever else is offered."""
    if HTTP in offered:
        return HTTP
    raise NoApplicationProtocol
