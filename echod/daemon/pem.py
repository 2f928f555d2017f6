"""Keys and certificates out of PEM files (RFC 7468). Needs cryptography, which comes with the extra echod[tls].

Everything is read within bounds: regular files alone, each of a size, line by line.
"""

from __future__ import annotations

import os
import re
import stat
from codecs import BOM_UTF8
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field

from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes, PublicKeyTypes
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_private_key
from cryptography.x509 import Certificate, load_pem_x509_certificate

from echod.settings import MIB

MOST_BYTES = 4 * MIB
"""Of a file: all certificate authorities of an operating system are some 250 KB."""
BEGIN = re.compile(rb"-----BEGIN ([A-Z0-9 ]+)-----")
CERTIFICATE, OLD_CERTIFICATE, KEY = b"CERTIFICATE", b"X509 CERTIFICATE", b"PRIVATE KEY"


@dataclass(frozen=True, slots=True)
class Key:
    """A private key, and where it stands."""

    path: str
    key: PrivateKeyTypes
    public: bytes


@dataclass(frozen=True, slots=True)
class Found:
    """A certificate, and where it stands."""

    path: str
    certificate: Certificate
    der: bytes
    public: bytes


@dataclass(frozen=True, slots=True)
class Pems:
    """What stands in some files, in their order, each certificate and each key once."""

    keys: dict[bytes, Key] = field(default_factory=dict)
    """By their public keys."""
    certificates: dict[bytes, Found] = field(default_factory=dict)
    """By their encoding."""


def read_pems(paths: Iterable[str]) -> Pems:
    """The keys and certificates of these files.

    Raises:
        ValueError: names a file that has none, that is no regular file, or in which one does not load.
    """
    pems = Pems()
    for path in paths:
        try:
            add(pems, path, read_regular(path))
        except OSError as error:
            raise ValueError(f"{path}: {error.strerror}") from error
        except Exception as error:
            # OpenSSL and cryptography each have their own, and some say nothing.
            raise ValueError(f"{path}: {error or type(error).__name__}") from error
    return pems


def read_regular(path: str) -> bytes:
    """The bytes of a file; what has no end, or does not come, is not read."""
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise ValueError("no regular file")
    with open(descriptor, "rb") as file:
        data = file.read(MOST_BYTES + 1)
    if len(data) > MOST_BYTES:
        raise ValueError(f"larger than {MOST_BYTES // MIB} MiB")
    return data


def add(pems: Pems, path: str, data: bytes) -> None:
    """Add what stands in one file; parameters, requests and revocation lists are of no use here."""
    is_of_use = False
    for label, block in blocks(data):
        loader = LOADERS.get(KEY if label.endswith(KEY) else label)
        if loader is not None:
            loader(pems, path, block)
            is_of_use = True
    if not is_of_use:
        raise ValueError("neither a key nor a certificate in PEM")


def add_key(pems: Pems, path: str, block: bytes) -> None:
    key = load_pem_private_key(block, password=None)
    public = encode(key.public_key())
    pems.keys.setdefault(public, Key(path, key, public))


def add_certificate(pems: Pems, path: str, block: bytes) -> None:
    certificate = load_pem_x509_certificate(block.replace(OLD_CERTIFICATE, CERTIFICATE))
    der = certificate.public_bytes(Encoding.DER)
    pems.certificates.setdefault(der, Found(path, certificate, der, encode(certificate.public_key())))


LOADERS: dict[bytes, Callable[[Pems, str, bytes], None]] = {
    KEY: add_key,
    CERTIFICATE: add_certificate,
    OLD_CERTIFICATE: add_certificate,
}


def encode(public: PublicKeyTypes) -> bytes:
    """The same bytes for the same key, whether they come with it or in a certificate."""
    return public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


def blocks(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    """The label and the lines of each block; text around them, and what editors put first, is ignored (RFC 7468, 2)."""
    label, lines = b"", []
    for line in map(bytes.strip, data.removeprefix(BOM_UTF8).splitlines()):
        if begin := BEGIN.fullmatch(line):
            if label:
                break
            label, lines = begin[1], [line]
        elif label:
            lines.append(line)
            if line == b"-----END " + label + b"-----":
                yield label, b"\n".join(lines) + b"\n"
                label = b""
    if label:
        raise ValueError(f"a block without its end: {label.decode()}")
