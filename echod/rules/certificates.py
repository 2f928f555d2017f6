"""Certificates: which names they are for (RFC 9525), and why one is refused, in words. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import ip_address


@dataclass(frozen=True, slots=True)
class Refused:
    """Why a certificate is refused: the cause in a word or two, a sentence, and the names that the certificate has."""

    cause: str
    why: str
    names: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Facts:
    """What there is to tell of a certificate, as text."""

    subject: str
    issuer: str
    not_before: str
    not_after: str


@dataclass(frozen=True, slots=True)
class Names:
    """The subjectAltNames of a certificate that can be those of a server; nothing else of it names one."""

    hosts: tuple[str, ...] = ()
    addresses: tuple[str, ...] = ()

    def all(self) -> tuple[str, ...]:
        return self.hosts + self.addresses

    def check(self, host: str) -> Refused | None:
        """None for a certificate of this host: a name in ASCII, or an address without brackets."""
        if not self.all():
            return Refused("no name", "the certificate is for no host at all: it has no subjectAltName with one")
        if self._cover(host):
            return None
        return Refused("wrong name", f"the certificate is for {', '.join(self.all())}, not for {host}", self.all())

    def _cover(self, host: str) -> bool:
        if is_address(host):
            return any(is_address(other) and ip_address(other) == ip_address(host) for other in self.addresses)
        name = host.lower().removesuffix(".")
        return is_name(name) and any(covers(pattern, name) for pattern in self.hosts)


def is_address(host: str) -> bool:
    """Whether this is an IPv4 or IPv6 address, without brackets."""
    try:
        ip_address(host)
    except ValueError:
        return False
    return True


def is_name(host: str) -> bool:
    """Whether this is a name, and nothing that a resolver may take for an address, such as `127.1` or `0x7f.1`."""
    last = host.removesuffix(".").rpartition(".")[2]
    return not (last.isdigit() or last.startswith("0x")) and not is_address(host)


def covers(pattern: str, name: str) -> bool:
    """Whether a name of a certificate is this name (RFC 9525, 6.3), which is in lower case.

    A wildcard is a whole first label, stands for exactly one, and has at least two behind it.
    """
    if not pattern.isascii():
        # It is no name at all (RFC 5280, 4.2.1.6), and U+212A in lower case is the letter k.
        return False
    pattern = pattern.lower()
    first, _, rest = pattern.partition(".")
    if first != "*":
        return pattern == name
    label, _, parent = name.partition(".")
    return bool(label) and "." in rest and rest == parent


REASONS: dict[int, tuple[str, str]] = {
    2: ("unknown issuer", "{who} has an issuer that is not known: {issuer}"),
    7: ("bad signature", "{who} has a signature that is wrong"),
    9: ("not yet valid", "{who} is not valid before {not_before}"),
    10: ("expired", "{who} has expired, on {not_after}"),
    13: ("invalid", "{who} has no valid beginning of its time"),
    14: ("invalid", "{who} has no valid end of its time"),
    18: ("self-signed", "{who} is self-signed, and not one of those that are trusted"),
    19: ("unknown issuer", "{who} is self-signed, and not one of those that are trusted"),
    20: ("unknown issuer", "{who} has an issuer that is not known: {issuer}"),
    21: ("unknown issuer", "{who} has an issuer that is not known: {issuer}"),
    22: ("invalid", "the chain of certificates is too long"),
    23: ("revoked", "{who} has been revoked"),
    24: ("invalid", "{who} is not that of a certificate authority"),
    25: ("invalid", "{who} has more certificates below it than it allows"),
    26: ("wrong purpose", "{who} is not meant for this: its key usage is another"),
    27: ("wrong purpose", "{who} is not trusted for this"),
    28: ("wrong purpose", "{who} is rejected for this"),
    32: ("wrong purpose", "{who} may not sign certificates"),
    34: ("invalid", "{who} has a critical extension that is not understood"),
    39: ("wrong purpose", "{who} may not sign: its key usage is another"),
    41: ("invalid", "{who} has an extension that is invalid"),
    47: ("name constraint", "{who} has a name that its issuer may not give: {issuer}"),
    48: ("name constraint", "{who} has a name that its issuer may not give: {issuer}"),
    51: ("name constraint", "{who} has a name constraint that is not understood"),
    52: ("name constraint", "{who} has a name constraint that is not understood"),
    53: ("name constraint", "{who} has a name that no name constraint can be applied to"),
    66: ("weak key", "{who} has a key that is too weak"),
    67: ("weak key", "{who} has a key that is too weak"),
    68: ("weak signature", "{who} has a signature that is too weak"),
    79: ("invalid", "{who} is not that of a certificate authority"),
}
"""Cause and sentence of OpenSSL's verification errors: `X509_V_ERR_*` of x509_vfy.h, which keep their numbers."""


def explain(code: int, depth: int, facts: Facts) -> Refused:
    """Why OpenSSL refuses this certificate; at depth 0 it is the server's, above it that of an issuer."""
    cause, sentence = REASONS.get(code, ("invalid", "{who} is refused, with OpenSSL's verification error {code}"))
    who = f"the certificate of the issuer {facts.subject}" if depth else "the certificate"
    values = {"issuer": facts.issuer, "not_before": facts.not_before, "not_after": facts.not_after}
    return Refused(cause, sentence.format(who=who, code=code, **values))
