"""What a client trusts when it connects with TLS; whatever comes of checking a certificate but success is a refusal.

Twisted's own check is not used: when something else is raised than what it expects, such as for a certificate without
any name, it logs that and lets the connection pass.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from twisted.internet.interfaces import IOpenSSLClientConnectionCreator
from zope.interface import implementer

from echod.errors import BadSetting
from echod.rules.certificates import Facts, Names, Refused, explain, is_name

if TYPE_CHECKING:
    # pyOpenSSL is an extra: echod[tls].
    from OpenSSL.crypto import X509
    from OpenSSL.SSL import Connection
    from twisted.internet.ssl import Certificate
    from twisted.protocols.tls import TLSMemoryBIOProtocol

Trust = str | Path | IOpenSSLClientConnectionCreator | None
BEGIN = b"-----BEGIN CERTIFICATE-----"


@implementer(IOpenSSLClientConnectionCreator)
class Verification:
    """Makes the TLS of one connection as `creator` does, and checks its certificate: by OpenSSL, and for this host.

    Attributes:
        refused: why the certificate is refused, once it is.
    """

    def __init__(self, creator: IOpenSSLClientConnectionCreator, host: str) -> None:
        self._creator = creator
        self._host = host
        self.refused: Refused | None = None

    def clientConnectionForTLS(self, protocol: TLSMemoryBIOProtocol) -> Connection:
        from OpenSSL.SSL import VERIFY_FAIL_IF_NO_PEER_CERT, VERIFY_PEER

        connection: Connection = self._creator.clientConnectionForTLS(protocol)
        connection.set_verify(VERIFY_PEER | VERIFY_FAIL_IF_NO_PEER_CERT, self._verify)
        return connection

    def _verify(self, connection: Connection, certificate: X509, code: int, depth: int, is_good: int) -> bool:
        """OpenSSL asks for each certificate of the chain, the server's last, and for each error."""
        try:
            self.refused = self.refused or self._check(certificate, code, depth, bool(is_good))
        except Exception as error:  # Whatever is wrong in a certificate, it is refused.
            self.refused = Refused("unreadable", f"the certificate cannot be read: {error or type(error).__name__}")
        return self.refused is None

    def _check(self, certificate: X509, code: int, depth: int, is_good: bool) -> Refused | None:
        if not is_good:
            return explain(code, depth, facts_of(certificate))
        return names_of(certificate).check(self._host) if depth == 0 else None


class NamedVerification(Verification):
    """As its base, and tells the server which host is meant (RFC 6066, 3): a name, without the dot at its end."""

    def clientConnectionForTLS(self, protocol: TLSMemoryBIOProtocol) -> Connection:
        connection = super().clientConnectionForTLS(protocol)
        if is_name(self._host):
            connection.set_tlsext_host_name(self._host.removesuffix(".").encode("ascii"))
        return connection


def facts_of(certificate: X509) -> Facts:
    """What a refusal may tell of a certificate."""
    read = certificate.to_cryptography()
    times = (f"{time:%Y-%m-%d %H:%M:%S} UTC" for time in (read.not_valid_before_utc, read.not_valid_after_utc))
    return Facts(read.subject.rfc4514_string(), read.issuer.rfc4514_string(), *times)


def names_of(certificate: X509) -> Names:
    """The names of a server that a certificate has; ValueError, or another error, when they cannot be read."""
    from cryptography.x509 import DNSName, ExtensionNotFound, IPAddress, SubjectAlternativeName

    try:
        extension = certificate.to_cryptography().extensions.get_extension_for_class(SubjectAlternativeName)
    except ExtensionNotFound:
        return Names()
    addresses = extension.value.get_values_for_type(IPAddress)
    return Names(tuple(extension.value.get_values_for_type(DNSName)), tuple(map(str, addresses)))


def make_tls(host: str, tls: Trust) -> IOpenSSLClientConnectionCreator:
    """What makes the TLS connection to this host; a creator of the caller's own is used as it is.

    But for that of Twisted's `optionsForClientTLS`, whose certificates and name are checked here.

    Raises:
        ImportError: TLS is not installed.
        BadSetting: a path that is not that of a file with certificates, or neither a path nor a creator.
    """
    from twisted.internet._sslverify import ClientTLSOptions
    from twisted.internet.ssl import CertificateOptions, platformTrust, trustRootFromCertificates

    if isinstance(tls, ClientTLSOptions):
        return Verification(tls, tls._hostnameASCII)
    if tls is not None and not isinstance(tls, (str, Path)):
        return check_creator(tls)
    trusted = platformTrust() if tls is None else trustRootFromCertificates(read_certificates(Path(tls)))
    return NamedVerification(CertificateOptions(trustRoot=trusted), host)


def check_creator(tls: object) -> IOpenSSLClientConnectionCreator:
    """The same; anything else Twisted would take for one of its context factories, which check no certificate."""
    if not IOpenSSLClientConnectionCreator.providedBy(tls):
        raise BadSetting("tls", tls, "a PEM file with certificates, by its path, or what optionsForClientTLS makes")
    return tls


def read_certificates(path: Path) -> list[Certificate]:
    """The certificates in a PEM file, at least one."""
    from OpenSSL.crypto import Error
    from twisted.internet.ssl import Certificate

    try:
        blocks = path.read_bytes().split(BEGIN)[1:]
        certificates = [Certificate.loadPEM(BEGIN + block) for block in blocks]
    except (OSError, ValueError, Error):
        certificates = []
    if not certificates:
        raise BadSetting("tls", str(path), "a PEM file with certificates")
    return certificates
