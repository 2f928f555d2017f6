"""The page of behaviours: ticks make a URL, the daemon judges it, and what happens is listed with its time."""

from __future__ import annotations

import re
import time

import pytest
from selenium.webdriver.chrome.webdriver import WebDriver
from selenium.webdriver.common.by import By
from selenium.webdriver.support.ui import Select

from echod.rules.behaviours.table import PARAMETERS
from tests.browser import chamber
from tests.browser.test_looks import NARROW, READABLE, contrast, prefer
from tests.browser.trial import Trial
from tests.child import ROOT, Daemon

GOOD = "The server accepts this URL."
NEVER_OPENED, LOST, CLOSED = map(re.escape, (chamber.NEVER_OPENED, chamber.LOST, chamber.CLOSED))
NO_LIST = "Could not load the list of behaviours: is the daemon running with --behaviours on?"


@pytest.fixture
def page(trial: Trial) -> Trial:
    return trial


def test_it_lists_every_parameter_with_its_example(page: Trial) -> None:
    rows = page.browser.find_elements(By.CSS_SELECTOR, ".parameter")
    shown = [
        (row.get_attribute("data-name"), row.find_element(By.CSS_SELECTOR, "[aria-label]").get_property("value"))
        for row in rows
    ]
    assert shown == [(parameter.name, parameter.grammar.example) for parameter in PARAMETERS]


def test_ticks_make_the_url_and_the_daemon_judges_it(page: Trial, daemon: Daemon) -> None:
    assert page.url == daemon.uri("/echo")
    page.tick("greet", "a b&c")
    page.tick("reply", "size")
    assert page.url == daemon.uri("/echo?reply=size&greet=a%20b%26c")
    page.wait_until(lambda: page.verdict == GOOD)
    page.tick("delay", "soon")
    page.wait_until(lambda: page.verdict.startswith("400 Bad Request: delay='soon': expected a time"))


def test_the_endpoint_is_chosen(page: Trial, daemon: Daemon) -> None:
    Select(page.browser.find_element(By.ID, "endpoint")).select_by_visible_text("/multi-echo")
    assert page.url == daemon.uri("/multi-echo")
    page.open()
    page.wait_for("CONNECTED")
    page.send("add")
    page.wait_for("SENT add", r"RECEIVED: add\.\.\.added\.\.\.")


def primary(page: Trial) -> list[str]:
    """The buttons that stand out."""
    return [button.text for button in page.browser.find_elements(By.CSS_SELECTOR, "button.primary")]


def test_the_button_that_comes_next_stands_out(page: Trial) -> None:
    assert primary(page) == ["Open"]
    page.open()
    page.wait_for("CONNECTED")
    assert primary(page) == ["Send"]
    page.close()
    page.wait_for("Connection closed")
    assert primary(page) == ["Open"]


def test_an_old_answer_does_not_replace_the_last(page: Trial) -> None:
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


def test_headings_begin_with_a_capital_letter(page: Trial) -> None:
    titles = [title.text for title in page.browser.find_elements(By.CSS_SELECTOR, "summary strong")]
    assert titles == [title.capitalize() for title in titles]


def test_a_session_is_listed_with_its_times(page: Trial) -> None:
    page.tick("delay", "300ms")
    page.open()
    page.wait_for("opening ws://", "CONNECTED subprotocol none, extensions")
    page.send("hello")
    page.wait_for("SENT hello", "RECEIVED: hello")
    sent, received = (int(re.match(r" *(\d+) ms", line)[1]) for line in page.lines[-2:])
    assert received - sent >= 290
    page.close()
    page.wait_for("closing", CLOSED)


@pytest.mark.parametrize(
    ("name", "value", "event"),
    [
        ("status", "403", NEVER_OPENED),
        ("close", "4001", r"Connection closed with code 4001 \(private use\), no reason$"),
        ("bad", "opcode", LOST),
        ("end", "abort", LOST),
        ("greet", "<b>bold</b>", r"RECEIVED: <b>bold</b>$"),
        ("flood", "1M", r"RECEIVED: ([0-9a-f]{2} ){256}… \(binary, 65536 bytes, the first 256 shown\)$"),
    ],
)
def test_what_happens_is_said(page: Trial, name: str, value: str, event: str) -> None:
    page.tick(name, value)
    page.open()
    page.wait_for("opening", event)
    page.browser.get_log("browser")


def test_the_url_may_be_edited(page: Trial, daemon: Daemon) -> None:
    field = page.browser.find_element(By.ID, "url")
    field.clear()
    field.send_keys(daemon.uri("/echo?times=2&header=A:1&header=B:2"))
    page.wait_until(lambda: page.verdict == GOOD)
    page.open()
    page.wait_for("CONNECTED")
    page.send("x")
    page.wait_for("SENT x", "RECEIVED: x", "RECEIVED: x")


def test_every_button_answers_in_every_state(page: Trial) -> None:
    page.send()
    page.close()
    page.wait_for("Not sent: open a connection first", "Nothing to close")
    page.open()
    page.wait_for("CONNECTED")
    page.open()
    page.wait_for("WebSocket is already opened")
    page.close()
    page.wait_for("Connection closed")
    page.close()
    page.wait_for("Nothing to close")


def test_a_bad_url_is_said_to_be_one(page: Trial) -> None:
    field = page.browser.find_element(By.ID, "url")
    field.clear()
    field.send_keys("ws://127.0.0.1:99999/")
    page.open()
    page.wait_for("Cannot open: ")


def test_it_says_what_it_needs_when_it_is_a_file(browser: WebDriver) -> None:
    browser.get((ROOT / "web" / "behaviours.html").as_uri())
    page = Trial(browser)
    assert_says_that_the_list_is_missing(page)


def test_without_behaviours_it_says_so(browser: WebDriver) -> None:
    with Daemon("--behaviours", "off") as plain:
        browser.get(plain.url("/behaviours.html"))
        assert_says_that_the_list_is_missing(Trial(browser))


def assert_says_that_the_list_is_missing(page: Trial) -> None:
    """And goes on saying so when the URL changes, which is judged a moment later."""
    page.wait_until(lambda: page.verdict == NO_LIST)
    page.browser.find_element(By.ID, "url").send_keys("?delay=1s")
    time.sleep(0.5)
    assert page.verdict == NO_LIST
    page.browser.get_log("browser")


def test_the_last_event_is_in_sight(page: Trial) -> None:
    page.browser.set_window_size(1200, 500)
    page.tick("push", "tick")
    page.tick("every", "10ms")
    page.tick("count", "60")
    page.open()
    page.wait_until(lambda: page.events.count("RECEIVED: tick") == 60)
    last = page.browser.find_elements(By.CSS_SELECTOR, "#messages li")[-1]
    bottom = page.browser.execute_script("return arguments[0].getBoundingClientRect().bottom", last)
    assert bottom <= page.browser.execute_script("return window.innerHeight")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_text_has_contrast(page: Trial, scheme: str) -> None:
    prefer(page.browser, scheme)
    page.tick("delay", "soon")
    page.wait_until(lambda: page.verdict.startswith("400"))
    for element in page.browser.find_elements(
        By.CSS_SELECTOR, "h1, p, summary, strong, label, code, input, select, button"
    ):
        if element.is_displayed():
            assert contrast(element) >= READABLE, element.text
    prefer(page.browser, "")


def test_a_phone_needs_no_horizontal_scrolling(page: Trial) -> None:
    metrics = {"width": NARROW, "height": 640, "deviceScaleFactor": 2, "mobile": True}
    page.browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)
    assert page.browser.execute_script("return document.documentElement.scrollWidth") == NARROW
    page.browser.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})
