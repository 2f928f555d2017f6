"""The pages on a phone, in the dark, and without a mouse; and that they load nothing from another origin."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from selenium.webdriver import ActionChains
from selenium.webdriver.chrome.webdriver import WebDriver
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.remote.webelement import WebElement
from selenium.webdriver.support.ui import Select

from tests.browser.chamber import CLOSED, Chamber
from tests.child import Daemon

NAVIGATION = {
    "index.html": "Overview",
    "client.html": "Echo, shared state",
    "client2.html": "Echo, state per connection",
    "behaviours.html": "Behaviours",
}
ALL_PAGES = list(NAVIGATION)
NARROW = 320
TOUCH_TARGET = 44  # CSS pixels, WCAG 2.2, 2.5.5
WRITE_30_LINES = "for (let n = 0; n < 30; n++) document.getElementById('close').click()"
READABLE = 4.5  # to 1, WCAG 2.2, 1.4.3


@pytest.fixture
def narrow(browser: WebDriver) -> Iterator[WebDriver]:
    """A phone: `set_window_size` alone stops at the smallest width of a desktop window."""
    metrics = {"width": NARROW, "height": 640, "deviceScaleFactor": 2, "mobile": True}
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)
    yield browser
    browser.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})


@pytest.fixture(params=["light", "dark"])
def scheme(browser: WebDriver, request: pytest.FixtureRequest) -> Iterator[str]:
    prefer(browser, request.param)
    yield request.param
    prefer(browser, "")


@pytest.mark.parametrize("name", ALL_PAGES)
def test_every_page_has_the_same_navigation_and_marks_itself(browser: WebDriver, daemon: Daemon, name: str) -> None:
    browser.get(daemon.url(f"/{name}"))
    links = browser.find_elements(By.CSS_SELECTOR, "nav a")
    assert {link.get_attribute("href"): link.text for link in links} == {
        daemon.url(f"/{page}"): text for page, text in NAVIGATION.items()
    }
    assert [link.text for link in links if link.get_attribute("aria-current") == "page"] == [NAVIGATION[name]]


@pytest.mark.parametrize("name", ALL_PAGES)
def test_a_phone_needs_no_horizontal_scrolling(narrow: WebDriver, daemon: Daemon, name: str) -> None:
    narrow.get(daemon.url(f"/{name}"))
    assert narrow.execute_script("return [innerWidth, document.documentElement.scrollWidth]") == [NARROW, NARROW]


def test_a_long_word_is_broken_on_a_phone(narrow: WebDriver, chamber: Chamber, daemon: Daemon) -> None:
    chamber.connect(daemon.url("/client.html"))
    chamber.send("w" * 300)
    chamber.expect("CONNECTED ", "SENT " + "w" * 300, "RECEIVED: " + "w" * 300)
    assert narrow.execute_script("return document.documentElement.scrollWidth") == NARROW


def test_controls_are_large_enough_to_touch(narrow: WebDriver, chamber: Chamber, daemon: Daemon) -> None:
    chamber.load(daemon.url("/client.html"))
    for control in narrow.find_elements(By.CSS_SELECTOR, "input, button, nav a"):
        assert control.size["height"] >= TOUCH_TARGET


def test_the_newest_line_is_in_sight(narrow: WebDriver, chamber: Chamber, daemon: Daemon) -> None:
    chamber.load(daemon.url("/client.html"))
    newest = "return document.getElementById('messages').lastChild.getBoundingClientRect().bottom <= innerHeight"
    write_30_lines(chamber)
    assert narrow.execute_script(newest)
    chamber.close()
    chamber.wait_until(lambda: len(chamber.lines) == 31)
    assert narrow.execute_script(newest)


def test_a_list_that_was_scrolled_up_stays_there(narrow: WebDriver, chamber: Chamber, daemon: Daemon) -> None:
    chamber.load(daemon.url("/client.html"))
    write_30_lines(chamber)
    narrow.execute_script("scrollTo(0, 0)")
    write_30_lines(chamber)
    assert narrow.execute_script("return scrollY") == 0


def test_the_controls_stay_in_sight(narrow: WebDriver, chamber: Chamber, daemon: Daemon) -> None:
    chamber.load(daemon.url("/client.html"))
    write_30_lines(chamber)
    assert narrow.execute_script("return document.getElementById('messageinput').getBoundingClientRect().top >= 0")


@pytest.mark.parametrize("name", ALL_PAGES)
def test_the_background_follows_the_colour_scheme(browser: WebDriver, daemon: Daemon, scheme: str, name: str) -> None:
    browser.get(daemon.url(f"/{name}"))
    background = luminance(browser.find_element(By.TAG_NAME, "body").value_of_css_property("background-color"))
    assert background < 0.05 if scheme == "dark" else background > 0.8


@pytest.mark.usefixtures("scheme")
def test_every_text_has_contrast(chamber: Chamber, daemon: Daemon) -> None:
    chamber.connect(daemon.url("/client.html"))
    chamber.send("hello")
    chamber.expect("CONNECTED ", "SENT hello", "RECEIVED: hello")
    for element in chamber.browser.find_elements(By.CSS_SELECTOR, "a, h1, p, code, label, input, button, li"):
        assert contrast(element) >= READABLE, element.text


def test_a_session_needs_only_the_keyboard(chamber: Chamber, daemon: Daemon) -> None:
    chamber.load(daemon.url("/client.html"))
    chamber.input.send_keys("hello")
    press(chamber, Keys.TAB, Keys.ENTER)
    chamber.expect("CONNECTED ")
    press(chamber, Keys.TAB, Keys.TAB, Keys.SPACE)
    chamber.expect("CONNECTED ", "SENT hello", "RECEIVED: hello")
    press(chamber, Keys.TAB, Keys.ENTER)
    chamber.expect("CONNECTED ", "SENT hello", "RECEIVED: hello", CLOSED)


@pytest.mark.parametrize("name", ALL_PAGES)
def test_the_focus_is_visible_at_every_stop(browser: WebDriver, daemon: Daemon, name: str) -> None:
    browser.get(daemon.url(f"/{name}"))
    if name == "behaviours.html":
        Chamber(browser).wait_until(lambda: browser.find_elements(By.TAG_NAME, "summary"))
    found = browser.find_elements(By.CSS_SELECTOR, "a, input, select, summary, button, pre")
    for stop in [element for element in found if element.is_displayed()]:
        ActionChains(browser).send_keys(Keys.TAB).perform()
        assert browser.switch_to.active_element == stop
        assert stop.value_of_css_property("outline-style") == "solid"
        assert stop.value_of_css_property("outline-width") == "3px"


def test_every_field_has_a_name(chamber: Chamber, daemon: Daemon) -> None:
    chamber.load(daemon.url("/client.html"))
    assert chamber.input.accessible_name == "Message"
    formats = chamber.browser.find_element(By.ID, "format")
    assert formats.accessible_name == "Send as"
    Select(formats).select_by_visible_text("File")
    assert chamber.browser.find_element(By.ID, "file").accessible_name == "Message"


@pytest.mark.parametrize("name", ALL_PAGES)
def test_no_request_leaves_the_origin_of_the_page(browser: WebDriver, daemon: Daemon, name: str) -> None:
    browser.get(daemon.url(f"/{name}"))
    asked = browser.execute_script("return performance.getEntriesByType('resource').map(entry => entry.name)")
    assert daemon.url("/style.css") in asked
    assert [url for url in asked if not url.startswith(daemon.url("/"))] == []


@pytest.mark.parametrize("name", ALL_PAGES)
def test_a_page_of_the_daemon_loads_without_an_error(browser: WebDriver, daemon: Daemon, name: str) -> None:
    browser.get(daemon.url(f"/{name}"))
    assert Chamber(browser).errors == []


def write_30_lines(chamber: Chamber) -> None:
    """And wait for the frame that shows them."""
    lines = len(chamber.lines) + 30
    chamber.browser.execute_script(WRITE_30_LINES)
    chamber.wait_until(lambda: len(chamber.lines) == lines)


def prefer(browser: WebDriver, scheme: str) -> None:
    features = [{"name": "prefers-color-scheme", "value": scheme}]
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": features})


def press(chamber: Chamber, *keys: str) -> None:
    ActionChains(chamber.browser).send_keys(*keys).perform()


def contrast(element: WebElement) -> float:
    """Between the text of an element and what is behind it (WCAG 2.2, contrast ratio)."""
    behind = """
        const colour = element => getComputedStyle(element).backgroundColor;
        let element = arguments[0];
        while (colour(element) === "rgba(0, 0, 0, 0)") element = element.parentElement;
        return colour(element);
    """
    text = luminance(element.value_of_css_property("color"))
    background = luminance(element.parent.execute_script(behind, element))
    lighter, darker = max(text, background), min(text, background)
    return (lighter + 0.05) / (darker + 0.05)


def luminance(colour: str) -> float:
    """Relative luminance of `rgb(…)` or `rgba(…)`: 0 is black, 1 is white (WCAG 2.2)."""
    shares = [int(number) / 255 for number in re.findall(r"\d+", colour)[:3]]
    linear = [share / 12.92 if share <= 0.04045 else ((share + 0.055) / 1.055) ** 2.4 for share in shares]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
