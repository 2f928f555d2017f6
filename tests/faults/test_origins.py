"""Which pages may connect: origins are compared exactly, and a page from a file may be allowed."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.faults.attacker import request
from tests.faults.scene import Scene, attacked, set_up
from tests.faults.test_handshake import status

ALLOWED = ("https://example.com", "http://localhost:8080")
SAME = ["https://example.com", "https://example.com:443", "https://EXAMPLE.com", "http://localhost:8080"]
OTHER = [
    "https://evilexample.com",
    "https://example.com.evil.example",
    "https://sub.example.com",
    "http://example.com",
    "https://example.com:444",
    "http://localhost",
    "https://example.com/",
    "https://user@example.com",
    "https://*",
    "https://example.com https://evil.example",
    "//example.com",
    "null",
    "https://example.com\\@evil.example",
    "https://exam\tple.com",
]


@pytest.fixture(scope="module")
def strict_stage() -> Iterator[Scene]:
    """A daemon that two origins may use."""
    with set_up(*(f"--origin={origin}" for origin in ALLOWED)) as scene:
        yield scene


@pytest.fixture
def strict(strict_stage: Scene, request: pytest.FixtureRequest) -> Iterator[Scene]:
    """The same for one attack."""
    yield from attacked(strict_stage, request.node.name)


def status_for(scene: Scene, *origins: str) -> int:
    with scene.connect() as client:
        client.send(request("/multi-echo", *(f"Origin: {origin}" for origin in origins)))
        return status(client)


@pytest.mark.parametrize("origin", SAME)
def test_an_allowed_origin_may_connect(strict: Scene, origin: str) -> None:
    assert status_for(strict, origin) == 101


@pytest.mark.parametrize("origin", OTHER)
def test_any_other_origin_may_not(strict: Scene, origin: str) -> None:
    assert status_for(strict, origin) == 403


@pytest.mark.parametrize("origin", ["example.com", "", "localhost:8080", "MyApp", "file://", "app://example.com"])
def test_what_is_no_url_may_not(strict: Scene, origin: str) -> None:
    assert status_for(strict, origin) == 403


def test_two_origins_are_refused_though_one_is_allowed(strict: Scene) -> None:
    assert status_for(strict, "https://evil.example", ALLOWED[0]) in (400, 403)


def test_who_is_no_browser_may_connect(strict: Scene) -> None:
    assert status_for(strict) == 101


@pytest.mark.parametrize(
    "origin",
    [
        "null",
        "https://anything.example",
        "http://localhost:1",
        "localhost:21000",
        "MyApp",
        "",
        "file://",
        "http://",
        "http://[x",
    ],
)
def test_without_the_option_every_origin_may_connect(scene: Scene, origin: str) -> None:
    assert status_for(scene, origin) == 101


def test_a_page_from_a_file_may_be_allowed_alone() -> None:
    with set_up("--origin=null", clients=0) as scene:
        assert [status_for(scene, origin) for origin in ("null", "https://example.com")] == [101, 403]


@pytest.mark.parametrize("origin", ["file://", "chrome-extension://abcdef", "app://", "MyApp", "localhost:21000"])
def test_a_program_that_is_no_browser_may_be_allowed_alone(origin: str) -> None:
    with set_up(f"--origin={origin}", clients=0) as scene:
        assert [status_for(scene, each) for each in (origin, "https://example.com", f"{origin}x")] == [101, 403, 403]
