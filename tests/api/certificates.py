"""Certificates good and bad, and real servers that show them."""

from __future__ import annotations

import ssl
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from echod.rules.certificates import is_address
from tests.client.peers import LOOPBACK, serving
from tests.tls import share

NOW = datetime.now(UTC)
DAY = timedelta(days=1)
PEM = serialization.Encoding.PEM

Key = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey
Names = Sequence[x509.GeneralName]


def names(*hosts: str) -> list[x509.GeneralName]:
    """A subjectAltName of each: an address where it is one."""
    return [x509.IPAddress(ip_address(host)) if is_address(host) else x509.DNSName(host) for host in hosts]


def named(common_name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)])


@dataclass
class Issued:
    """A certificate with its key, and those above it but for the root."""

    key: Key
    certificate: x509.Certificate
    chain: Sequence[x509.Certificate] = ()
    is_root: bool = False

    def issue(
        self,
        alternatives: Names | None = None,
        *,
        key: Key | None = None,
        subject: str = "localhost",
        begins: timedelta = -DAY,
        ends: timedelta = DAY,
        extensions: Sequence[x509.ExtensionType] = (),
        signed_with: hashes.HashAlgorithm | None = None,
    ) -> Issued:
        """A certificate of this authority, by default a good one for nobody."""
        key = key or ec.generate_private_key(ec.SECP256R1())
        issuer = self.certificate.subject
        times = NOW + begins, NOW + ends
        built = build(subject, key, issuer, self.key, times, alternatives, extensions, signed_with or hashes.SHA256())
        return Issued(key, built, [] if self.is_root else [self.certificate, *self.chain])

    @property
    def pem(self) -> bytes:
        key = self.key.private_bytes(PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        return b"".join([key, *(one.public_bytes(PEM) for one in (self.certificate, *self.chain))])


def build(
    subject: str,
    key: Key,
    issuer: x509.Name,
    signer: Key,
    times: tuple[datetime, datetime],
    alternatives: Names | None,
    extensions: Sequence[x509.ExtensionType],
    signed_with: hashes.HashAlgorithm,
) -> x509.Certificate:
    builder = (
        x509.CertificateBuilder()
        .subject_name(named(subject))
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(times[0])
        .not_valid_after(times[1])
    )
    if alternatives is not None:
        builder = builder.add_extension(x509.SubjectAlternativeName(alternatives), critical=False)
    for extension in extensions:
        builder = builder.add_extension(extension, critical=isinstance(extension, x509.BasicConstraints))
    return builder.sign(signer, signed_with)


AUTHORITY = x509.BasicConstraints(ca=True, path_length=None)
CLIENT_ONLY = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CLIENT_AUTH])


def make_root(subject: str = "Root", *extensions: x509.ExtensionType, days: int = 1) -> Issued:
    """A certificate authority."""
    key = ec.generate_private_key(ec.SECP256R1())
    times = NOW - 3 * DAY, NOW + days * DAY
    own = named(subject)
    return Issued(
        key, build(subject, key, own, key, times, None, [AUTHORITY, *extensions], hashes.SHA256()), is_root=True
    )


@contextmanager
def showing(issued: Issued, folder: Path, host: str = LOOPBACK) -> Iterator[tuple[int, list[Any]]]:
    """The port of a TLS server, python-websockets on Python's ssl, and its connections that were opened."""
    file = folder / "server.pem"
    file.write_bytes(issued.pem)
    context = share(ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER))
    # A server shows what it has, however weak.
    context.set_ciphers("DEFAULT:@SECLEVEL=0")
    context.load_cert_chain(file)
    opened: list[Any] = []
    with serving(opened.append, context, host=host) as port:
        yield port, opened
