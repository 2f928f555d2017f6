"""`wss:` fails closed: whatever comes of checking a certificate but success is a refusal, and says why.

The servers are real ones: python-websockets on Python's ssl, and openssl s_server.
"""

from __future__ import annotations

import socket
import ssl
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import pytest_twisted
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import rsa
from twisted.internet.ssl import (
    Certificate,
    CertificateOptions,
    ClientContextFactory,
    optionsForClientTLS,
    trustRootFromCertificates,
)

from echod import BadCertificate, BadSetting, Contract, NotWebSocket
from echod.client.note import Note
from tests.api.certificates import AUTHORITY, CLIENT_ONLY, DAY, PEM, Issued, make_root, names, showing
from tests.client.peers import LOOPBACK, free_port
from tests.resolver import resolving

ROOT = make_root()
TRUSTED = ROOT.certificate.public_bytes(PEM)
IN_THE_MIDDLE = ROOT.issue(subject="Middle", extensions=[AUTHORITY])
LATE = ROOT.issue(subject="Late", begins=-2 * DAY, ends=-DAY, extensions=[AUTHORITY])
NO_AUTHORITY = ROOT.issue(subject="Nobody")
CONSTRAINED = ROOT.issue(
    subject="Elsewhere", extensions=[AUTHORITY, x509.NameConstraints([x509.DNSName("example.com")], None)]
)
STRANGER = make_root("Stranger")
WEAK = rsa.generate_private_key(65537, 1024)
SAN = x509.ObjectIdentifier("2.5.29.17")

BAD: dict[str, tuple[Issued, str, str]] = {
    "only a common name": (ROOT.issue(), "no name", "the certificate is for no host at all"),
    "an empty list of names": (ROOT.issue([]), "no name", "the certificate is for no host at all"),
    "only an e-mail address": (ROOT.issue([x509.RFC822Name("a@localhost")]), "no name", "the certificate is for no"),
    "only a URI": (ROOT.issue([x509.UniformResourceIdentifier("wss://localhost")]), "no name", "the certificate is"),
    "another name": (
        ROOT.issue(names("a.example", "b.example")),
        "wrong name",
        "the certificate is for a.example, b.ex",
    ),
    "an address instead of the name": (ROOT.issue(names(LOOPBACK)), "wrong name", "the certificate is for 127.0.0.1,"),
    "an address as a name": (ROOT.issue([x509.DNSName(LOOPBACK)]), "wrong name", "the certificate is for 127.0.0.1,"),
    "a wildcard for all": (ROOT.issue(names("*")), "wrong name", "the certificate is for *, not for localhost"),
    "a wildcard for a top level": (ROOT.issue(names("*.example")), "wrong name", "the certificate is for *.example,"),
    "two wildcards": (ROOT.issue(names("*.*.example")), "wrong name", "the certificate is for *.*.example,"),
    "a part of a label": (ROOT.issue(names("local*.example.com")), "wrong name", "the certificate is for local*"),
    "a name with NUL": (
        ROOT.issue(names("localhost\0.example")),
        "wrong name",
        r"the certificate is for localhost\x00",
    ),
    "an address of five bytes": (
        ROOT.issue(extensions=[x509.UnrecognizedExtension(SAN, b"\x30\x07\x87\x05\x7f\x00\x00\x01\x01")]),
        "unreadable",
        "the certificate cannot be read",
    ),
    "expired": (
        ROOT.issue(names("localhost"), begins=-2 * DAY, ends=-DAY),
        "expired",
        "the certificate has expired, on ",
    ),
    "not yet valid": (
        ROOT.issue(names("localhost"), begins=DAY, ends=2 * DAY),
        "not yet valid",
        "the certificate is not",
    ),
    "self-signed": (make_root("localhost"), "self-signed", "the certificate is self-signed, and not one of those"),
    "unknown issuer": (
        STRANGER.issue(names("localhost")),
        "unknown issuer",
        "the certificate has an issuer that is not known: CN=Stranger",
    ),
    "an unknown root is sent along": (
        Issued((leaf := STRANGER.issue(names("localhost"))).key, leaf.certificate, [STRANGER.certificate]),
        "unknown issuer",
        "the certificate of the issuer CN=Stranger is self-signed, and not one of those",
    ),
    "the one in the middle is missing": (
        Issued((leaf := IN_THE_MIDDLE.issue(names("localhost"))).key, leaf.certificate),
        "unknown issuer",
        "the certificate has an issuer that is not known: CN=Middle",
    ),
    "the one in the middle has expired": (
        LATE.issue(names("localhost")),
        "expired",
        "the certificate of the issuer CN=Late has expired, on ",
    ),
    "issued by no authority": (
        NO_AUTHORITY.issue(names("localhost")),
        "invalid",
        "the certificate of the issuer CN=Nob",
    ),
    "for clients": (
        ROOT.issue(names("localhost"), extensions=[CLIENT_ONLY]),
        "wrong purpose",
        "the certificate is not",
    ),
    "a name that its issuer may not give": (
        CONSTRAINED.issue(names("localhost")),
        "name constraint",
        "the certificate has a name that its issuer may not give: CN=Elsewhere",
    ),
    "a weak key": (ROOT.issue(names("localhost"), key=WEAK), "weak key", "the certificate has a key that is too weak"),
    "a wrong signature": (
        Issued((leaf := make_root("Root").issue(names("localhost"))).key, leaf.certificate),
        "bad signature",
        "the certificate has a signature that is wrong",
    ),
}

GOOD: dict[str, tuple[Issued, str]] = {
    "a name": (ROOT.issue(names("localhost")), "localhost"),
    "in another case": (ROOT.issue(names("LocalHost")), "LOCALHOST"),
    "with a dot at the end": (ROOT.issue(names("localhost")), "localhost."),
    "one of several": (ROOT.issue(names("a.example", "localhost")), "localhost"),
    "beside an address as a name": (ROOT.issue([x509.DNSName(LOOPBACK), x509.DNSName("localhost")]), "localhost"),
    "beside a wildcard for a top level": (ROOT.issue(names("*.example", "localhost")), "localhost"),
    "a wildcard": (ROOT.issue(names("*.example.com")), "a.example.com"),
    "a wildcard for a name of IDNA": (ROOT.issue(names("*.example.com")), "bücher.example.com"),
    "a name of IDNA": (ROOT.issue(names("xn--bcher-kva.example")), "bücher.example"),
    "a name with an underscore": (ROOT.issue(names("web_1")), "web_1"),
    "an IPv4 address": (ROOT.issue(names(LOOPBACK)), LOOPBACK),
    "an IPv6 address": (ROOT.issue(names("0:0:0:0:0:0:0:1")), "[::1]"),
    "with one in the middle": (IN_THE_MIDDLE.issue(names("localhost")), "localhost"),
    "within a constraint": (CONSTRAINED.issue(names("a.example.com")), "a.example.com"),
}


@pytest.fixture
def trusted(tmp_path: Path) -> str:
    """A file with the one authority that is trusted."""
    file = tmp_path / "trusted.pem"
    file.write_bytes(TRUSTED)
    return str(file)


@pytest.fixture(autouse=True)
def _resolver() -> Iterator[None]:
    with resolving(LOOPBACK):
        yield


@contextmanager
def s_server(file: Path, *options: str) -> Iterator[int]:
    """The port of an `openssl s_server` that shows what is in this file."""
    port = free_port()
    command = ["openssl", "s_server", "-accept", f"{LOOPBACK}:{port}", "-cert", str(file), "-www", "-quiet", *options]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    ) as child:
        try:
            await_listener(port)
            yield port
        finally:
            child.kill()


def await_listener(port: int) -> None:
    end = time.monotonic() + 10
    while True:
        try:
            socket.create_connection((LOOPBACK, port), 1).close()
            return
        except OSError:
            assert time.monotonic() < end
            time.sleep(0.02)


async def refusal_of(issued: Issued, folder: Path, host: str = "localhost", **options: Any) -> BadCertificate:
    """How the client refuses a server that shows this certificate, which no handshake may reach."""
    with showing(issued, folder) as (port, opened):
        with pytest.raises(BadCertificate) as refused:
            await Note().open_websocket(f"wss://{host}:{port}/", headers={"Cookie": "secret"}, **options)
        assert opened == []
    return refused.value


async def close(contract: Contract) -> None:
    contract.close()
    await contract.when_closed()


@pytest_twisted.ensureDeferred
@pytest.mark.parametrize("case", BAD)
async def test_a_bad_certificate_is_refused_with_the_cause(case: str, trusted: str, tmp_path: Path) -> None:
    issued, cause, why = BAD[case]
    refused = await refusal_of(issued, tmp_path, tls=trusted)
    assert refused.cause == cause
    assert f": TLS failed: {why}" in str(refused)


@pytest_twisted.ensureDeferred
@pytest.mark.parametrize("case", GOOD)
async def test_a_good_certificate_is_accepted(case: str, trusted: str, tmp_path: Path) -> None:
    issued, host = GOOD[case]
    with showing(issued, tmp_path, "::1" if "[" in host else LOOPBACK) as (port, _):
        await close(await Note().open_websocket(f"wss://{host}:{port}/", tls=trusted))


@pytest_twisted.ensureDeferred
@pytest.mark.parametrize("host", ["b.a.example.com", "example.com", "a.example.com.org", "127.1", "0x7f.1", LOOPBACK])
async def test_a_wildcard_is_one_label(host: str, trusted: str, tmp_path: Path) -> None:
    refused = await refusal_of(ROOT.issue(names("*.example.com", "*.1", "*.0.0.1")), tmp_path, host, tls=trusted)
    assert refused.cause == "wrong name"


@pytest_twisted.ensureDeferred
async def test_a_sign_whose_lower_case_is_a_letter_is_not_that_letter(trusted: str, tmp_path: Path) -> None:
    kelvin = x509.UnrecognizedExtension(SAN, b"\x30\x05\x82\x03\xe2\x84\xaa")
    refused = await refusal_of(ROOT.issue(extensions=[kelvin]), tmp_path, "k", tls=trusted)
    assert (refused.cause, refused.names) == ("wrong name", ("\u212a",))


@pytest_twisted.ensureDeferred
async def test_a_refusal_has_the_names_that_the_certificate_has(trusted: str, tmp_path: Path) -> None:
    refused = await refusal_of(ROOT.issue(names("a.example", "192.0.2.1")), tmp_path, tls=trusted)
    assert refused.names == ("a.example", "192.0.2.1")


@pytest_twisted.ensureDeferred
async def test_a_certificate_that_is_trusted_itself_is_accepted(tmp_path: Path) -> None:
    own = make_root("localhost")
    with_name = Issued(own.key, own.issue(names("localhost"), key=own.key, extensions=[AUTHORITY]).certificate)
    file = tmp_path / "trusted.pem"
    file.write_bytes(with_name.certificate.public_bytes(PEM))
    with showing(with_name, tmp_path) as (port, _):
        await close(await Note().open_websocket(f"wss://localhost:{port}/", tls=file))


@pytest_twisted.ensureDeferred
async def test_what_the_system_trusts_is_trusted_by_default(
    trusted: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", trusted)
    with showing(ROOT.issue(names("localhost")), tmp_path) as (port, _):
        await close(await Note().open_websocket(f"wss://localhost:{port}/"))


@pytest_twisted.ensureDeferred
async def test_without_a_name_the_system_trust_does_not_help(
    trusted: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", trusted)
    refused = await refusal_of(ROOT.issue(), tmp_path)
    assert refused.cause == "no name"


def twisteds_own(host: str) -> Any:
    """What Twisted's documentation tells to make."""
    return optionsForClientTLS(host, trustRoot=trustRootFromCertificates([Certificate.loadPEM(TRUSTED)]))


@pytest_twisted.ensureDeferred
@pytest.mark.parametrize("case", ["only a common name", "a wildcard for a top level", "another name", "expired"])
async def test_twisteds_own_options_fail_closed_too(case: str, tmp_path: Path) -> None:
    issued, cause, _ = BAD[case]
    refused = await refusal_of(issued, tmp_path, tls=twisteds_own("localhost"))
    assert refused.cause == cause


@pytest_twisted.ensureDeferred
async def test_twisteds_own_options_say_which_name_is_expected(tmp_path: Path) -> None:
    with showing(ROOT.issue(names("other.example")), tmp_path) as (port, _):
        await close(await Note().open_websocket(f"wss://localhost:{port}/", tls=twisteds_own("other.example")))


@pytest_twisted.ensureDeferred
async def test_a_creator_of_the_callers_own_is_used_as_it_is(tmp_path: Path) -> None:
    with showing(BAD["expired"][0], tmp_path) as (port, _):
        await close(await Note().open_websocket(f"wss://localhost:{port}/", tls=CertificateOptions()))


@pytest.mark.parametrize(
    "tls",
    [ssl.create_default_context(), ClientContextFactory(), CertificateOptions, b"trusted.pem", True, False, 5],
    ids=["ssl", "a context factory", "a class", "bytes", "True", "False", "5"],
)
def test_what_is_neither_a_path_nor_a_creator_is_a_bad_setting(tls: Any) -> None:
    with pytest.raises(BadSetting, match=r"^tls: .* is not a PEM file with certificates, by its path, or what options"):
        Note().open_websocket("wss://localhost:1/", tls=tls)


@pytest_twisted.ensureDeferred
async def test_what_a_creator_of_the_callers_own_refuses_is_a_bad_certificate(tmp_path: Path) -> None:
    strict: Any = CertificateOptions(trustRoot=trustRootFromCertificates([]))
    refused = await refusal_of(ROOT.issue(names("localhost")), tmp_path, tls=strict)
    assert (refused.cause, refused.names) == ("", ())


@pytest_twisted.ensureDeferred
async def test_a_server_that_wants_a_certificate_is_not_said_to_have_a_bad_one(trusted: str, tmp_path: Path) -> None:
    file = tmp_path / "server.pem"
    file.write_bytes(ROOT.issue(names("localhost")).pem)
    with s_server(file, "-Verify", "1") as port, pytest.raises(NotWebSocket, match=r"TLS failed: .* required"):
        await Note().open_websocket(f"wss://localhost:{port}/", tls=trusted)


@pytest.mark.parametrize(
    "content", [None, b"", b"not PEM", b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----"]
)
def test_a_file_without_certificates_is_a_bad_setting(content: bytes | None, tmp_path: Path) -> None:
    file = tmp_path / "trusted.pem"
    if content is None:
        file.mkdir()
    else:
        file.write_bytes(content)
    with pytest.raises(BadSetting, match="is not a PEM file with certificates"):
        Note().open_websocket("wss://localhost:1/", tls=file)


def test_twisted_lets_a_certificate_without_a_name_pass() -> None:
    """A canary: when this fails, Twisted's own check fails closed, and `Verification` may be looked at again."""
    from service_identity.exceptions import CertificateError, VerificationError

    assert not issubclass(CertificateError, VerificationError)
