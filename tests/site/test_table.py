"""The table of published paths, and the origins of an endpoint."""

from __future__ import annotations

import pytest
from twisted.internet.protocol import Factory

from echod.errors import BadSetting
from echod.site.table import Endpoint, Endpoints, check_origin


@pytest.fixture
def endpoint() -> Endpoint:
    return Endpoint(Factory())


def test_a_published_endpoint_is_found_on_its_path(endpoint: Endpoint) -> None:
    endpoints = Endpoints()
    endpoints.publish("/a", endpoint)
    assert endpoints.find("/a") is endpoint


@pytest.mark.parametrize("path", ["/", "/A", "/a/", "/ab", "a", "", "/b"])
def test_it_is_found_nowhere_else(endpoint: Endpoint, path: str) -> None:
    endpoints = Endpoints()
    endpoints.publish("/a", endpoint)
    assert endpoints.find(path) is None


@pytest.mark.parametrize(("published", "asked"), [("/a-b", "/%61%2db"), ("/%61-b", "/a-b"), ("/%c3", "/%C3")])
def test_a_character_equals_its_encoded_form(endpoint: Endpoint, published: str, asked: str) -> None:
    """RFC 3986, 6.2.2."""
    endpoints = Endpoints()
    endpoints.publish(published, endpoint)
    assert endpoints.find(asked) is endpoint
    endpoints.remove(asked)
    assert endpoints.find(published) is None


@pytest.mark.parametrize("asked", ["/a%2fb", "/a%2Fb", "/a/%2562"])
def test_what_is_reserved_does_not_equal_its_encoded_form(endpoint: Endpoint, asked: str) -> None:
    endpoints = Endpoints()
    endpoints.publish("/a/b", endpoint)
    assert endpoints.find(asked) is None


def test_publishing_again_replaces(endpoint: Endpoint) -> None:
    endpoints = Endpoints()
    first = Endpoint(Factory())
    assert endpoints.publish("/a", first) is None
    assert endpoints.publish("/%61", endpoint) is first
    assert endpoints.find("/a") is endpoint
    assert endpoints.paths() == ["/a"]


def test_a_removed_endpoint_is_not_found(endpoint: Endpoint) -> None:
    endpoints = Endpoints()
    endpoints.publish("/a", endpoint)
    endpoints.remove("/a")
    assert endpoints.find("/a") is None


def test_removing_what_is_not_there_changes_nothing(endpoint: Endpoint) -> None:
    endpoints = Endpoints()
    endpoints.publish("/a", endpoint)
    endpoints.remove("/b")
    endpoints.remove("/b")
    endpoints.remove(None)  # type: ignore[arg-type]
    assert endpoints.paths() == ["/a"]


def test_the_paths_are_told_in_order(endpoint: Endpoint) -> None:
    endpoints = Endpoints()
    for path in ("/b", "/", "/a"):
        endpoints.publish(path, endpoint)
    assert endpoints.paths() == ["/", "/a", "/b"]


@pytest.mark.parametrize("path", ["", "a", "/a?b", "/a#b", "/a b", "/\u00e4", "/a\n", "*", "ws://h/a"])
def test_what_can_be_no_path_is_refused_and_nothing_is_published(endpoint: Endpoint, path: str) -> None:
    endpoints = Endpoints()
    with pytest.raises(BadSetting, match=r"path: .* is not a path: a slash"):
        endpoints.publish(path, endpoint)
    assert endpoints.paths() == []


@pytest.mark.parametrize("origins", [[], ["https://example.com"], ["garbage"], ["a", "b"]])
def test_an_endpoint_without_origins_allows_everybody(origins: list[str]) -> None:
    assert Endpoint(Factory()).allows(origins)


@pytest.mark.parametrize("origins", [[], ["https://example.com"], ["HTTPS://example.com:443"], ["null"]])
def test_an_endpoint_allows_its_origins_and_who_sends_none(origins: list[str]) -> None:
    assert Endpoint(Factory(), ["https://example.com", "null"]).allows(origins)


@pytest.mark.parametrize("origins", [["https://evilexample.com"], [""], ["https://example.com", "https://other.test"]])
def test_an_endpoint_allows_no_other_origin(origins: list[str]) -> None:
    assert not Endpoint(Factory(), ["https://example.com"]).allows(origins)


def test_an_empty_list_of_origins_allows_no_browser() -> None:
    assert not Endpoint(Factory(), []).allows(["https://example.com"])


@pytest.mark.parametrize("origin", ["*", "https://*.example.com", "example.com", "https://example.com/", "https://u@h"])
def test_a_pattern_or_what_is_no_origin_cannot_be_published(origin: str) -> None:
    with pytest.raises(BadSetting, match=r"is not an origin such as https://example\.com") as caught:
        Endpoint(Factory(), [origin])
    assert (caught.value.name, caught.value.value) == ("origin", origin)


def test_an_origin_is_checked_into_its_normal_form() -> None:
    assert check_origin("HTTPS://Example.com") == check_origin("https://example.com:443")
