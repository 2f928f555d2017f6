"""The line of a close: its code, what the code means, its reason, and that a page that is left closes cleanly."""

from __future__ import annotations

import pytest

from tests.browser import peers
from tests.browser.chamber import Chamber
from tests.browser.conftest import file_url
from tests.browser.trial import Trial
from tests.child import Daemon

CLOSES = [
    (1000, "", "1000 (normal closure), no reason"),
    (1000, "bye", '1000 (normal closure), reason "bye"'),
    (1001, "shutting down", '1001 (going away), reason "shutting down"'),
    (1002, "", "1002 (protocol error), no reason"),
    (1003, "", "1003 (unsupported data), no reason"),
    (1007, "", "1007 (invalid payload), no reason"),
    (1008, "<b>no</b>", '1008 (policy violation), reason "<b>no</b>"'),
    (1009, "", "1009 (message too big), no reason"),
    (1010, "", "1010 (mandatory extension missing), no reason"),
    (1011, "ärger", '1011 (internal error), reason "ärger"'),
    (1012, "", "1012 (service restart), no reason"),
    (1013, "", "1013 (try again later), no reason"),
    (1014, "", "1014 (bad gateway), no reason"),
    (3000, "", "3000 (unauthorized), no reason"),
    (3999, "", "3999 (registered use), no reason"),
    (4999, "a\u202eb\n", '4999 (private use), reason "a⟨U+202E⟩b\n"'),
]


@pytest.mark.parametrize(("code", "reason", "told"), CLOSES)
def test_code_meaning_and_reason_are_told(chamber: Chamber, code: int, reason: str, told: str) -> None:
    with peers.closing(code, reason) as port:
        chamber.load(file_url(port))
        chamber.open()
        chamber.expect("CONNECTED ", f"Connection closed with code {told}")
    assert chamber.errors == []


def test_the_second_page_tells_them_too(chamber: Chamber) -> None:
    with peers.closing(1013, "busy") as port:
        chamber.load(file_url(port, page="client2.html"))
        chamber.open()
        chamber.expect("CONNECTED ", 'Connection closed with code 1013 (try again later), reason "busy"')


def test_the_page_of_behaviours_tells_them_too(trial: Trial) -> None:
    with peers.closing(1013, "busy") as port:
        trial.edit_url(f"ws://127.0.0.1:{port}/")
        trial.open()
        trial.wait_for(r'Connection closed with code 1013 \(try again later\), reason "busy"$')


def test_a_page_that_is_left_closes_cleanly_and_can_be_opened_again_when_it_comes_back(
    chamber: Chamber, page: str, daemon: Daemon
) -> None:
    with peers.remembering() as (port, codes):
        chamber.connect(daemon.url(f"/{page}?host=127.0.0.1&port={port}"))
        chamber.browser.get(daemon.url("/"))
        assert codes.get(timeout=10) == 1005
        chamber.browser.back()
        chamber.wait_until(lambda: chamber.target != "none")
        chamber.open()
        chamber.wait_until(lambda: chamber.lines[-1:] == ["CONNECTED "])
    assert chamber.errors == []
