"""Which names a certificate is for, and why one is refused (RFC 9525)."""

from __future__ import annotations

import pytest

from echod.rules.certificates import REASONS, Facts, Names, explain, is_address, is_name

FACTS = Facts("CN=one", "CN=other", "2020-01-01 00:00:00 UTC", "2021-01-01 00:00:00 UTC")


@pytest.mark.parametrize(
    ("pattern", "host"),
    [
        ("localhost", "localhost"),
        ("LOCALHOST", "localhost"),
        ("localhost", "LocalHost."),
        ("web_1", "web_1"),
        ("*.example.com", "a.example.com"),
        ("*.example.com", "xn--bcher-kva.example.com."),
        ("*.Example.com", "a.eXample.com"),
        ("*.a.b.c", "x.a.b.c"),
    ],
)
def test_a_name_covers_a_host(pattern: str, host: str) -> None:
    assert Names((pattern,)).check(host) is None


@pytest.mark.parametrize(
    ("pattern", "host"),
    [
        ("localhost", "localhost.example"),
        ("a.example.com", "example.com"),
        ("*.example.com", "example.com"),
        ("*.example.com", ".example.com"),
        ("*.example.com", "b.a.example.com"),
        ("*.com", "example.com"),
        ("*", "localhost"),
        ("*.", "localhost."),
        ("*..", "a.."),
        ("a*.example.com", "ab.example.com"),
        ("*a.example.com", "ba.example.com"),
        ("a.*.com", "a.example.com"),
        ("*.*.com", "a.b.com"),
        ("127.0.0.1", "127.0.0.1"),
        ("::1", "::1"),
        ("127.1", "127.1"),
        ("*.0.0.1", "127.0.0.1"),
        ("*.1.0x7f", "1.1.0x7f"),
        ("localhost\0", "localhost"),
        ("\u212abc.example", "kbc.example"),
        ("*.\u212abc.example", "a.kbc.example"),
        ("", "localhost"),
    ],
)
def test_a_name_does_not_cover_another_host(pattern: str, host: str) -> None:
    refused = Names((pattern,)).check(host)
    assert refused is not None
    assert (refused.cause, refused.names) == ("wrong name", (pattern,))


@pytest.mark.parametrize(
    ("address", "host"), [("127.0.0.1", "127.0.0.1"), ("::1", "0:0:0:0:0:0:0:1"), ("fe80::a", "FE80::A")]
)
def test_an_address_covers_itself(address: str, host: str) -> None:
    assert Names((), (address,)).check(host) is None


@pytest.mark.parametrize(
    ("address", "host"),
    [
        ("127.0.0.1", "127.0.0.2"),
        ("127.0.0.1", "localhost"),
        ("::ffff:127.0.0.1", "127.0.0.1"),
        ("127.0.0.0/8", "127.0.0.1"),
    ],
)
def test_an_address_covers_nothing_else(address: str, host: str) -> None:
    assert Names((), (address,)).check(host) is not None


def test_no_names_are_a_cause_of_their_own() -> None:
    refused = Names().check("localhost")
    assert refused is not None
    assert (refused.cause, refused.names) == ("no name", ())


@pytest.mark.parametrize(
    ("code", "depth", "cause", "why"),
    [
        (10, 0, "expired", "the certificate has expired, on 2021-01-01 00:00:00 UTC"),
        (9, 1, "not yet valid", "the certificate of the issuer CN=one is not valid before 2020-01-01 00:00:00 UTC"),
        (20, 0, "unknown issuer", "the certificate has an issuer that is not known: CN=other"),
        (999, 0, "invalid", "the certificate is refused, with OpenSSL's verification error 999"),
    ],
)
def test_an_error_of_openssl_is_explained(code: int, depth: int, cause: str, why: str) -> None:
    refused = explain(code, depth, FACTS)
    assert (refused.cause, refused.why) == (cause, why)


@pytest.mark.parametrize("code", REASONS)
def test_each_reason_is_a_sentence(code: int) -> None:
    assert "{" not in explain(code, 0, FACTS).why


@pytest.mark.parametrize(
    ("host", "name", "address"),
    [
        ("localhost", True, False),
        ("a.b.", True, False),
        ("1and1.com", True, False),
        ("127.0.0.1", False, True),
        ("::1", False, True),
        ("127.1", False, False),
        ("2130706433", False, False),
        ("0x7f.1.", False, False),
    ],
)
def test_a_name_and_an_address_are_told_apart(host: str, name: bool, address: bool) -> None:
    assert (is_name(host), is_address(host)) == (name, address)
