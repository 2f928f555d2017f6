"""curl and the pages."""

from __future__ import annotations

import pytest

from tests.child import Daemon
from tests.peers.programs import find, run

PAGES = ("/", "/behaviours.html", "/health/live", "/behaviours")


def curl(*arguments: str) -> str:
    return run(find("curl"), "-sS", "--max-time", "10", *arguments).stdout


def status(*arguments: str) -> str:
    return curl("-o", "/dev/null", "-w", "%{http_code}", *arguments)


@pytest.mark.parametrize("ranges", ["0-0", "-99999", "5-", "0-0,5-9", "99999-"])
def test_no_range_is_served_but_the_whole(daemon: Daemon, ranges: str) -> None:
    assert curl("-r", ranges, daemon.url()) == curl(daemon.url())
    assert status("-r", ranges, daemon.url()) == "200"


@pytest.mark.parametrize("path", PAGES)
def test_the_head_of_a_page_is_that_of_a_get(daemon: Daemon, path: str) -> None:
    assert fields(curl("-I", daemon.url(path))) == fields(curl("-D", "-", "-o", "/dev/null", daemon.url(path)))


def fields(head: str) -> list[str]:
    """The status line and header fields, without the clock."""
    return [line for line in head.splitlines() if not line.lower().startswith("date:")]


def test_a_page_that_curl_has_is_not_sent_again(daemon: Daemon, tmp_path: object) -> None:
    kept = f"{tmp_path}/etag"
    assert status("--etag-save", kept, daemon.url()) == "200"
    assert status("--etag-compare", kept, daemon.url()) == "304"


def test_health_answers_as_http_1_0_too(daemon: Daemon) -> None:
    assert status("--http1.0", daemon.url("/health/live")) == "200"
