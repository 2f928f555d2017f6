"""Which certificate goes with which key, and with which chain. Needs cryptography: echod[tls].

It stands in for Twisted's loading of `tls:`, which never ends when a self-signed certificate is its own issuer, and of
`ssl:`, which sends the first certificate of a file without those that follow it.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from cryptography.x509 import Certificate, DNSName, ExtensionNotFound, SubjectAlternativeName
from cryptography.x509.oid import NameOID
from twisted.logger import Logger

from echod.daemon.pem import Found, Key, Pems, read_pems

log = Logger(namespace="echod")

MOST_NAMESAKES = 32
"""Certificates of one subject that are tried for the issuer of another."""


@dataclass(frozen=True, slots=True)
class Pair:
    """A key, its certificate, and what leads from there to an authority, in order."""

    key: Key
    found: Found
    chain: tuple[Certificate, ...]
    names: tuple[str, ...]
    """The host names of its subjectAltName, in lower case."""

    @property
    def common_names(self) -> tuple[str, ...]:
        """What it is for where there is no such name."""
        attributes = self.found.certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)
        return tuple(str(attribute.value).lower() for attribute in attributes)

    @property
    def when(self) -> str:
        """What is wrong with its time, or nothing."""
        certificate, now = self.found.certificate, datetime.now(UTC)
        if now > certificate.not_valid_after_utc:
            return f"has expired on {certificate.not_valid_after_utc:%Y-%m-%d}"
        if now < certificate.not_valid_before_utc:
            return f"is not valid before {certificate.not_valid_before_utc:%Y-%m-%d}"
        return ""


class Issuers:
    """Finds who has issued a certificate among those that are there, once for each."""

    def __init__(self, found: Iterable[Found]) -> None:
        self._by_subject: dict[bytes, list[Found]] = {}
        for one in found:
            self._by_subject.setdefault(one.certificate.subject.public_bytes(), []).append(one)
        self._issuers: dict[bytes, Found | None] = {}

    def chain_of(self, leaf: Found) -> tuple[Found, ...]:
        """The issuers, one after the other, until there is none, or one that was there before."""
        chain, at = {leaf.der: leaf}, self.issuer_of(leaf)
        while at is not None and at.der not in chain:
            chain[at.der] = at
            at = self.issuer_of(at)
        return tuple(chain.values())[1:]

    def issuer_of(self, found: Found) -> Found | None:
        """The issuer; the one in the same file, if several have its name and its key."""
        if found.der not in self._issuers:
            namesakes = self._by_subject.get(found.certificate.issuer.public_bytes(), [])
            nearest = sorted(namesakes, key=lambda one: one.path != found.path)[:MOST_NAMESAKES]
            issuers = (one for one in nearest if has_issued(one.certificate, found.certificate))
            self._issuers[found.der] = None if is_root(found) else next(issuers, None)
        return self._issuers[found.der]


def is_root(found: Found) -> bool:
    """Whether it is signed by itself."""
    return has_issued(found.certificate, found.certificate)


def has_issued(issuer: Certificate, certificate: Certificate) -> bool:
    """Whether its name and signature are those in the other."""
    try:
        certificate.verify_directly_issued_by(issuer)
    except Exception:
        # Of another name or key; a kind of key, or an algorithm, that is not known.
        return False
    return True


def read_folder(path: str) -> list[Pair]:
    """The pairs of all `.pem` files in a folder and below it: in the order of the files, those for host names first.

    A key without a certificate is told in the log.

    Raises:
        ValueError: names the file that does not load, or says that no key has its certificate.
    """
    if not os.path.isdir(path):
        raise ValueError(f"{path}: no such folder")
    pems = read_pems(pem_files(path))
    pairs = pairs_of(pems)
    if not pairs:
        raise ValueError("; ".join([f"{path}: no .pem file with a key and its certificate", *lone_keys(pems)]))
    for line in lone_keys(pems):
        log.warn("{line}", line=line)
    return sorted(pairs, key=lambda pair: not pair.names)


def read_pair(key_path: str, certificate_path: str, chain_path: str | None) -> Pair:
    """The first key of a file, its certificate, and its chain: what is there of it, then what the last file has beside.

    Raises:
        ValueError: names the file that does not load, or has no key, or another certificate.
    """
    extra = read_pems([chain_path] if chain_path else [])
    pems = read_pems([certificate_path, key_path, *({one.path for one in extra.certificates.values()})])
    keys = read_pems([key_path]).keys
    if not keys:
        raise ValueError(f"{key_path}: no key")
    pair = next((pair for pair in pairs_of(pems) if pair.found.public in keys), None)
    if pair is None:
        raise ValueError(f"{certificate_path}: no certificate of the key in {key_path}")
    known = {pair.found.certificate, *pair.chain}
    beside = tuple(one.certificate for one in extra.certificates.values() if one.certificate not in known)
    return replace(pair, chain=pair.chain + beside)


def pairs_of(pems: Pems) -> list[Pair]:
    """Each certificate whose key is there, with its chain."""
    issuers = Issuers(pems.certificates.values())
    return [
        Pair(pems.keys[one.public], one, tuple(issuer.certificate for issuer in issuers.chain_of(one)), names_of(one))
        for one in pems.certificates.values()
        if one.public in pems.keys
    ]


def lone_keys(pems: Pems) -> Iterator[str]:
    """The complaints about keys without a certificate."""
    publics = {one.public for one in pems.certificates.values()}
    return (f"{key.path}: a key without its certificate" for key in pems.keys.values() if key.public not in publics)


def names_of(found: Found) -> tuple[str, ...]:
    """The host names of a certificate's subjectAltName, in lower case; a ValueError names the file of a bad one."""
    try:
        extension = found.certificate.extensions.get_extension_for_class(SubjectAlternativeName)
    except ExtensionNotFound:
        return ()
    except Exception as error:
        # They are parsed only now, and what is wrong in them raises this and that.
        raise ValueError(f"{found.path}: an extension of the certificate cannot be read: {error}") from error
    return tuple(name.lower() for name in extension.value.get_values_for_type(DNSName))


def pem_files(folder: str) -> Iterator[str]:
    """The `.pem` files of a folder and below it, in the order of their names; links in a circle are no matter."""
    seen = set()
    for where, folders, files in os.walk(folder, onerror=complain, followlinks=True):
        status = os.stat(where)
        if (status.st_dev, status.st_ino) in seen:
            folders.clear()
            continue
        seen.add((status.st_dev, status.st_ino))
        folders.sort()
        yield from (os.path.join(where, name) for name in sorted(files) if name.endswith(".pem"))


def complain(error: OSError) -> None:
    """A folder cannot be read."""
    raise ValueError(f"{error.filename}: {error.strerror}")
