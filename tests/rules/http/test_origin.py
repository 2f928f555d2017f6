"""Origins: compared exactly, and only what is an origin is one (RFC 6454)."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from echod.rules.http.origin import is_allowed, normalize_origin, read_allowed

NO_ORIGINS = [
    "",
    "example.com",
    "//example.com",
    "https:",
    "https://",
    "https:example.com",
    "https:///",
    "https://:443",
    "https://example.com/",
    "https://example.com/path",
    "https://example.com?query",
    "https://example.com#fragment",
    "https://user@example.com",
    "https://user:password@example.com",
    "https://@example.com",
    "https://example.com:port",
    "https://example.com:65536",
    "https://example.com:-1",
    "https://example.com:+443",
    "https://[::1",
    "https://[example.com]",
    "https://ex\u00e4mple.com",
    "https://example.com https://evil.example",
    "null null",
    "*",
    "https://*",
    "https://*.example.com",
    "https://example.*",
    "https://example.com:*",
]
NEARLY_ORIGINS = [
    "https://example.com?",
    "https://example.com#",
    " https://example.com",
    "https://example.com ",
    "https://example .com",
    "https://exam\tple.com",
    "\thttps://example.com",
    "https://example.com\r\n",
    "https://evil[::1]",
    "https://[::1]evil",
    "https://[::1]evil:443",
]


def allowed(*origins: str) -> frozenset[str]:
    """These origins, as they are compared."""
    return frozenset(map(read_allowed, origins))


@pytest.mark.parametrize(
    ("origin", "same"),
    [
        ("http://example.com", "http://example.com:80"),
        ("https://example.com", "https://example.com:443"),
        ("ws://example.com", "ws://example.com:80"),
        ("wss://example.com", "wss://example.com:443"),
        ("https://example.com", "HTTPS://EXAMPLE.COM"),
        ("http://localhost:8080", "http://LocalHost:8080"),
        ("http://[::1]:8080", "http://[::1]:8080"),
        ("http://[2001:DB8::1]", "http://[2001:db8::1]:80"),
        ("chrome-extension://abcdef", "chrome-extension://abcdef"),
        ("null", "null"),
    ],
)
def test_an_origin_allows_itself_with_and_without_its_default_port(origin: str, same: str) -> None:
    assert is_allowed(same, allowed(origin))
    assert is_allowed(origin, allowed(same))


@pytest.mark.parametrize(
    "other",
    [
        "https://evilexample.com",
        "https://example.com.evil.test",
        "https://www.example.com",
        "https://example.co",
        "https://example.com.",
        "http://example.com",
        "http://example.com:443",
        "https://example.com:80",
        "https://example.com:8443",
        "wss://example.com",
        "null",
    ],
)
def test_another_origin_is_not_allowed(other: str) -> None:
    assert not is_allowed(other, allowed("https://example.com"))


def test_port_zero_is_not_the_default_port() -> None:
    assert not is_allowed("https://example.com:0", allowed("https://example.com"))


def test_null_is_allowed_by_its_name_alone() -> None:
    assert not is_allowed("null", allowed("https://example.com"))


def test_null_allows_nobody_else() -> None:
    assert not is_allowed("https://null", allowed("null"))


def test_an_address_of_ipv6_is_no_name_with_a_port() -> None:
    assert not is_allowed("x://[::1:8080]", allowed("x://[::1]:8080"))


@pytest.mark.parametrize("origin", NO_ORIGINS + NEARLY_ORIGINS)
def test_what_is_no_origin_has_no_normal_form(origin: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - the promise is this class, whatever it says
        normalize_origin(origin)


@pytest.mark.parametrize("origin", NO_ORIGINS + NEARLY_ORIGINS)
def test_what_is_no_origin_is_not_allowed(origin: str) -> None:
    assert not is_allowed(origin, allowed("https://example.com", "https://[::1]", "null"))


@given(st.text() | st.text("htps:/.[]@?#*%10ax \t-"), st.sampled_from(["", "http://", "https://[", "https://a:"]))
def test_any_text_has_an_answer(text: str, start: str) -> None:
    assert is_allowed(start + text, allowed("https://example.com")) in (True, False)


@given(st.from_regex("[a-z]([a-z0-9.-]*[a-z0-9])?", fullmatch=True), st.integers(1, 65535))
def test_a_normal_form_is_an_origin_that_is_its_own_normal_form(host: str, port: int) -> None:
    normal = normalize_origin(f"HTTP://{host}:{port}")
    assert normalize_origin(normal) == normal == f"http://{host}:{port}"


@pytest.mark.parametrize(
    "origin",
    [
        "file://",
        "file:///",
        "app://",
        "chrome-extension://abcdef",
        "MyApp",
        "localhost:21000",
        "example.com:80",
        "x:y",
        "app:",
    ],
)
def test_what_is_no_url_is_allowed_as_a_text(origin: str) -> None:
    assert is_allowed(origin, allowed(origin))
    assert not is_allowed(f"{origin}x", allowed(origin))


@pytest.mark.parametrize("other", ["myapp", "MyApp ", "http://MyApp", "", "null", "My\xe4pp"])
def test_a_text_is_compared_exactly(other: str) -> None:
    assert not is_allowed(other, allowed("MyApp"))


@pytest.mark.parametrize(
    "origin",
    [
        "",
        "*",
        "app://*",
        "https://*.example.com",
        "https://example.com/",
        "HTTPS://example.com/",
        "https:",
        "http://",
        "ws://h:99999",
        "https://u@h",
        "a b",
        "https://a.test https://b.test",
        "\u00e4",
        "a\n",
        "example.com",
        "www.example.com",
    ],
)
def test_what_no_client_sends_or_is_a_mistake_cannot_be_allowed(origin: str) -> None:
    with pytest.raises(ValueError, match=r"not an? "):
        read_allowed(origin)
