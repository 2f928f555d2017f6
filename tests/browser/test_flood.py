"""Many lines: they take a time that grows with their number, are bounded, and the view follows their end."""

from __future__ import annotations

import pytest
from selenium.webdriver.chrome.webdriver import WebDriver

from tests.browser import peers
from tests.browser.chamber import Chamber
from tests.browser.conftest import file_url
from tests.browser.flood import cost_of
from tests.browser.trial import Trial

MOST_LINES = 10_000
MOST_CHARACTERS = 2_000_000
BOUNDS = f"{MOST_LINES} lines and {MOST_CHARACTERS} characters"
SUPERLINEAR = 9
"""Four times the lines take four times as long; where each asks for its own layout, sixteen times and more."""

COLUMN = "document.querySelector('.trial')"
PAGE = "document.documentElement"
NO_FRAMES = "window.requestAnimationFrame = () => 0"


def test_the_time_is_linear_in_the_number_of_lines(browser: WebDriver, page: str) -> None:
    few, many = (min(cost_of(browser, page, count).cpu_s for _ in range(2)) for count in (1000, 4000))
    assert many < SUPERLINEAR * few


def test_the_oldest_lines_go_and_are_counted(chamber: Chamber) -> None:
    with peers.sending([f"message {number}" for number in range(MOST_LINES + 500)]) as port:
        chamber.load(file_url(port))
        chamber.open()
        chamber.wait_until(lambda: last_line(chamber) == f"RECEIVED: message {MOST_LINES + 499}")
        assert count_lines(chamber) == MOST_LINES
        # CONNECTED is one line more.
        assert dropped(chamber) == f"… 501 earlier lines, no longer shown (at most {BOUNDS} are)"


def test_the_characters_of_all_lines_are_bounded(chamber: Chamber) -> None:
    with peers.sending(["w" * 9000] * 300 + ["last"]) as port:
        chamber.load(file_url(port))
        chamber.open()
        chamber.wait_until(lambda: last_line(chamber) == "RECEIVED: last")
        shown = chamber.browser.execute_script("return document.getElementById('messages').textContent.length")
        assert MOST_CHARACTERS - 10_000 < shown <= MOST_CHARACTERS
        assert dropped(chamber).startswith("… 80 earlier lines")


def test_lines_that_were_dropped_are_forgotten_by_the_next_connection(trial: Trial) -> None:
    with peers.sending(["w" * 9000] * 300 + ["last"]) as port:
        open_at(trial, port)
        trial.wait_for("RECEIVED: last")
    assert dropped(trial)
    with peers.sending(["again"]) as port:
        trial.wait_for("Connection closed")
        open_at(trial, port)
        trial.wait_for("opening", "CONNECTED", "RECEIVED: again")
    assert not trial.browser.find_element("css selector", ".dropped").is_displayed()


def test_a_page_without_frames_shows_its_lines(chamber: Chamber) -> None:
    """As one that is hidden."""
    with peers.sending(["hello"]) as port:
        chamber.load(file_url(port))
        chamber.browser.execute_script(NO_FRAMES)
        chamber.open()
        chamber.expect("CONNECTED ", "RECEIVED: hello")


def test_the_page_follows_the_end_of_many_lines(chamber: Chamber) -> None:
    with peers.sending([str(number) for number in range(1200)]) as port:
        chamber.load(file_url(port))
        chamber.open()
        chamber.wait_until(lambda: last_line(chamber) == "RECEIVED: 1199")
    chamber.wait_until(lambda: is_at_end(chamber, PAGE))


@pytest.mark.usefixtures("wide")
def test_the_column_follows_the_end_of_many_lines(trial: Trial) -> None:
    with peers.sending([str(number) for number in range(1200)]) as port:
        open_at(trial, port)
        trial.wait_for("RECEIVED: 1199")
    assert is_at_end(trial, COLUMN)


@pytest.mark.usefixtures("wide")
def test_a_column_that_was_scrolled_up_stays_there(trial: Trial) -> None:
    with peers.sending([str(number) for number in range(600)]) as port:
        open_at(trial, port)
        trial.wait_for("RECEIVED: 599")
        trial.browser.execute_script(f"{COLUMN}.scrollTop = 100")
        trial.send("x")
        trial.wait_for("SENT x")
    assert trial.browser.execute_script(f"return {COLUMN}.scrollTop") == 100


@pytest.fixture
def wide(browser: WebDriver) -> None:
    """The list has a column of its own."""
    browser.set_window_size(1200, 800)


def open_at(trial: Trial, port: int) -> None:
    """The URL of another server, edited by hand."""
    trial.edit_url(f"ws://127.0.0.1:{port}/")
    trial.open()


def last_line(chamber: Chamber) -> str:
    return chamber.browser.execute_script("return document.getElementById('messages').lastChild?.textContent")


def count_lines(chamber: Chamber) -> int:
    return chamber.browser.execute_script("return document.getElementById('messages').childElementCount")


def dropped(chamber: Chamber) -> str:
    return chamber.browser.execute_script("return document.querySelector('.dropped').textContent")


def is_at_end(chamber: Chamber, view: str) -> bool:
    script = f"const view = {view}; return view.scrollTop + view.clientHeight >= view.scrollHeight - 8"
    return chamber.browser.execute_script(script)
