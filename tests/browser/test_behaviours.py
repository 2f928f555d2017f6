"""The page of behaviours: ticks make a URL, the daemon judges it, and what happens is listed with its time."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator

import pytest
from selenium.webdriver.chrome.webdriver import WebDriver
from selenium.webdriver.common.by import By
from selenium.webdriver.support.ui import Select

from echod.rules.behaviours.table import PARAMETERS
from tests.browser.chamber import Chamber
from tests.browser.test_looks import NARROW, READABLE, contrast, prefer
from tests.child import ROOT, Daemon

GOOD = "The server accepts this query."
NO_LIST = "Could not load the list of behaviours: is the daemon running with --behaviours on?"


class Page(Chamber):
    """The page as a person uses it."""

    def visit(self, url: str) -> None:
        self.browser.get(url)
        self.wait_until(lambda: self.browser.find_elements(By.TAG_NAME, "summary"))
        for summary in self.browser.find_elements(By.TAG_NAME, "summary"):
            self.browser.execute_script("arguments[0].parentElement.open = true", summary)

    def tick(self, name: str, value: str | None = None) -> None:
        if value is not None:
            field = self.browser.find_element(By.CSS_SELECTOR, f"[aria-label='Value of {name}']")
            if field.tag_name == "select":
                Select(field).select_by_visible_text(value)
            else:
                field.clear()
                field.send_keys(value)
        tick = self.browser.find_element(By.ID, f"with-{name}")
        if not tick.is_selected():
            self.browser.execute_script("arguments[0].click()", tick)

    @property
    def url(self) -> str:
        return self.browser.find_element(By.ID, "url").get_property("value")

    @property
    def verdict(self) -> str:
        return self.browser.find_element(By.ID, "verdict").text

    @property
    def events(self) -> list[str]:
        """The lines without their times."""
        return [re.sub(r"^ *\d+ ms ", "", line) for line in self.lines]

    def wait_for(self, *events: str) -> None:
        """Wait until these have happened, in this order, and others perhaps between them."""

        def has_happened() -> bool:
            lines = iter(self.events)
            return all(any(re.match(event, line) for line in lines) for event in events)

        self.wait_until(has_happened)


@pytest.fixture
def page(browser: WebDriver, daemon: Daemon) -> Iterator[Page]:
    page = Page(browser)
    page.visit(daemon.url("/behaviours.html"))
    yield page
    # The browser logs that a query was refused, too.
    assert [error for error in page.errors if "/behaviours?" not in error] == []


def test_it_lists_every_parameter_with_its_example(page: Page) -> None:
    rows = page.browser.find_elements(By.CSS_SELECTOR, ".parameter")
    shown = [
        (row.get_attribute("data-name"), row.find_element(By.CSS_SELECTOR, "[aria-label]").get_property("value"))
        for row in rows
    ]
    assert shown == [(parameter.name, parameter.grammar.example) for parameter in PARAMETERS]


def test_ticks_make_the_url_and_the_daemon_judges_it(page: Page, daemon: Daemon) -> None:
    assert page.url == daemon.uri("/echo")
    page.tick("greet", "a b&c")
    page.tick("reply", "size")
    assert page.url == daemon.uri("/echo?reply=size&greet=a%20b%26c")
    page.wait_until(lambda: page.verdict == GOOD)
    page.tick("delay", "soon")
    page.wait_until(lambda: page.verdict.startswith("400 Bad Request: delay='soon': expected a time"))


def test_the_endpoint_is_chosen(page: Page, daemon: Daemon) -> None:
    Select(page.browser.find_element(By.ID, "endpoint")).select_by_visible_text("/multi-echo")
    assert page.url == daemon.uri("/multi-echo")
    page.open()
    page.wait_for("OPEN")
    page.send("add")
    page.wait_for("SENT add", r"RECEIVED add\.\.\.added\.\.\.")


def primary(page: Page) -> list[str]:
    """The buttons that stand out."""
    return [button.text for button in page.browser.find_elements(By.CSS_SELECTOR, "button.primary")]


def test_the_button_that_comes_next_stands_out(page: Page) -> None:
    assert primary(page) == ["Open"]
    page.open()
    page.wait_for("OPEN")
    assert primary(page) == ["Send"]
    page.close()
    page.wait_for("CLOSED")
    assert primary(page) == ["Open"]


def test_an_old_answer_does_not_replace_the_last(page: Page) -> None:
    """The first question is answered last."""
    page.browser.execute_script("""
        const real = window.fetch;
        let count = 0;
        window.fetch = (...given) => {
          const answer = real(...given);
          return ++count > 1 ? answer.then((came) => { setTimeout(window.answerFirst); return came; })
            : new Promise((resolve) => { window.answerFirst = () => { resolve(answer); window.isAnswered = true; }; });
        };
    """)
    page.tick("delay", "soon")
    page.wait_until(lambda: page.browser.execute_script("return window.answerFirst !== undefined"))
    page.tick("delay", "1s")
    page.wait_until(lambda: page.browser.execute_script("return window.isAnswered === true"))
    page.wait_until(lambda: page.verdict == GOOD)
    page.browser.execute_async_script("setTimeout(arguments[0], 100)")
    assert page.verdict == GOOD


def test_headings_begin_with_a_capital_letter(page: Page) -> None:
    titles = [title.text for title in page.browser.find_elements(By.CSS_SELECTOR, "summary strong")]
    assert titles == [title.capitalize() for title in titles]


def test_a_session_is_listed_with_its_times(page: Page) -> None:
    page.tick("delay", "300ms")
    page.open()
    page.wait_for("opening ws://", "OPEN, subprotocol none, extensions")
    page.send("hello")
    page.wait_for("SENT hello", "RECEIVED hello")
    sent, received = (int(re.match(r" *(\d+) ms", line)[1]) for line in page.lines[-2:])
    assert received - sent >= 290
    page.close()
    page.wait_for("closing", "CLOSED after a closing handshake, code 1005")


@pytest.mark.parametrize(
    ("name", "value", "event"),
    [
        ("status", "403", r"CLOSED without a closing handshake, code 1006\. It never opened"),
        ("close", "4001", r"CLOSED after a closing handshake, code 4001"),
        ("bad", "opcode", r"CLOSED without a closing handshake, code 1006\.$"),
        ("end", "abort", r"CLOSED without a closing handshake, code 1006\.$"),
        ("greet", "<b>bold</b>", r"RECEIVED <b>bold</b>$"),
        ("flood", "1M", r"RECEIVED 65536 bytes, binary"),
    ],
)
def test_what_happens_is_said(page: Page, name: str, value: str, event: str) -> None:
    page.tick(name, value)
    page.open()
    page.wait_for("opening", event)
    page.browser.get_log("browser")


def test_the_url_may_be_edited(page: Page, daemon: Daemon) -> None:
    field = page.browser.find_element(By.ID, "url")
    field.clear()
    field.send_keys(daemon.uri("/echo?times=2&header=A:1&header=B:2"))
    page.wait_until(lambda: page.verdict == GOOD)
    page.open()
    page.wait_for("OPEN")
    page.send("x")
    page.wait_for("SENT x", "RECEIVED x", "RECEIVED x")


def test_a_long_flood_is_counted_and_not_listed(page: Page) -> None:
    page.tick("push", "x")
    page.browser.execute_script("document.getElementById('url').value += '&every=10ms'")
    page.tick("flood", "40M")
    page.open()
    page.wait_for("OPEN", r"… \d+ more messages, \d+ more bytes")
    assert len(page.lines) <= 501
    page.close()


def test_a_long_message_is_cut_short(page: Page) -> None:
    page.tick("greet", "w" * 300)
    page.open()
    page.wait_for(r"RECEIVED w{200}… \(300 characters\)")


def test_every_button_answers_in_every_state(page: Page) -> None:
    page.send()
    page.close()
    page.wait_for("Not sent: open a connection first", "Nothing to close")
    page.open()
    page.wait_for("OPEN")
    page.open()
    page.wait_for("WebSocket is already opened")
    page.close()
    page.wait_for("CLOSED")
    page.close()
    page.wait_for("Nothing to close")


def test_a_bad_url_is_said_to_be_one(page: Page) -> None:
    field = page.browser.find_element(By.ID, "url")
    field.clear()
    field.send_keys("ws://127.0.0.1:99999/")
    page.open()
    page.wait_for("Cannot open: ")


def test_it_says_what_it_needs_when_it_is_a_file(browser: WebDriver) -> None:
    browser.get((ROOT / "web" / "behaviours.html").as_uri())
    page = Page(browser)
    assert_says_that_the_list_is_missing(page)


def test_without_behaviours_it_says_so(browser: WebDriver) -> None:
    with Daemon("--behaviours", "off") as plain:
        browser.get(plain.url("/behaviours.html"))
        assert_says_that_the_list_is_missing(Page(browser))


def assert_says_that_the_list_is_missing(page: Page) -> None:
    """And goes on saying so when the URL changes, which is judged a moment later."""
    page.wait_until(lambda: page.verdict == NO_LIST)
    page.browser.find_element(By.ID, "url").send_keys("?delay=1s")
    time.sleep(0.5)
    assert page.verdict == NO_LIST
    page.browser.get_log("browser")


def test_the_last_event_is_in_sight(page: Page) -> None:
    page.browser.set_window_size(1200, 500)
    page.tick("push", "tick")
    page.tick("every", "10ms")
    page.tick("count", "60")
    page.open()
    page.wait_until(lambda: page.events.count("RECEIVED tick") == 60)
    last = page.browser.find_elements(By.CSS_SELECTOR, "#messages li")[-1]
    bottom = page.browser.execute_script("return arguments[0].getBoundingClientRect().bottom", last)
    assert bottom <= page.browser.execute_script("return window.innerHeight")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_text_has_contrast(page: Page, scheme: str) -> None:
    prefer(page.browser, scheme)
    page.tick("delay", "soon")
    page.wait_until(lambda: page.verdict.startswith("400"))
    for element in page.browser.find_elements(
        By.CSS_SELECTOR, "h1, p, summary, strong, label, code, input, select, button"
    ):
        if element.is_displayed():
            assert contrast(element) >= READABLE, element.text
    prefer(page.browser, "")


def test_a_phone_needs_no_horizontal_scrolling(page: Page) -> None:
    metrics = {"width": NARROW, "height": 640, "deviceScaleFactor": 2, "mobile": True}
    page.browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)
    assert page.browser.execute_script("return document.documentElement.scrollWidth") == NARROW
    page.browser.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})
