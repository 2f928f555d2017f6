"""The overview page: what it says and where it leads."""

from __future__ import annotations

import pytest
from selenium.webdriver.chrome.webdriver import WebDriver
from selenium.webdriver.common.by import By

from tests.browser.chamber import Chamber
from tests.child import ROOT, Daemon


@pytest.mark.parametrize("path", ["/", "/index.html"])
def test_the_daemon_answers_with_the_overview(browser: WebDriver, daemon: Daemon, path: str) -> None:
    browser.get(daemon.url(path))
    assert browser.find_element(By.TAG_NAME, "h1").text == "echod"


@pytest.mark.parametrize("endpoint", ["/simple-echo", "/multi-echo", "/echo", "/", "/info"])
def test_every_endpoint_is_named(browser: WebDriver, daemon: Daemon, endpoint: str) -> None:
    browser.get(daemon.url("/"))
    named = [code.text for code in browser.find_elements(By.CSS_SELECTOR, "dl code")]
    assert endpoint in named


@pytest.mark.parametrize(("page", "endpoint"), [("client.html", "/simple-echo"), ("client2.html", "/multi-echo")])
def test_every_link_leads_to_its_page(chamber: Chamber, daemon: Daemon, page: str, endpoint: str) -> None:
    browser = chamber.browser
    browser.get(daemon.url("/"))
    links = len(browser.find_elements(By.CSS_SELECTOR, f"a[href='{page}']"))
    assert links == 2
    for number in range(links):
        browser.get(daemon.url("/"))
        browser.find_elements(By.CSS_SELECTOR, f"a[href='{page}']")[number].click()
        chamber.wait_until(lambda: browser.title == "Echo Chamber" and chamber.target == daemon.uri(endpoint))


@pytest.mark.parametrize(("link", "title"), [("behaviours.html", "Behaviours"), ("behaviours", "Behaviours")])
def test_behaviours_are_linked(browser: WebDriver, daemon: Daemon, link: str, title: str) -> None:
    browser.get(daemon.url("/"))
    browser.find_element(By.CSS_SELECTOR, f"main a[href='{link}']").click()
    Chamber(browser).wait_until(lambda: browser.title == title)


def test_the_pages_lead_back_to_the_overview(browser: WebDriver, daemon: Daemon, page: str) -> None:
    browser.get(daemon.url(f"/{page}"))
    browser.find_element(By.LINK_TEXT, "Overview").click()
    Chamber(browser).wait_until(lambda: browser.find_element(By.TAG_NAME, "h1").text == "echod")


def test_the_overview_works_as_a_file(browser: WebDriver) -> None:
    browser.get((ROOT / "web" / "index.html").as_uri())
    browser.find_element(By.CSS_SELECTOR, "main a[href='client.html']").click()
    Chamber(browser).wait_until(lambda: browser.title == "Echo Chamber")


def test_only_the_rfc_is_linked_outside(browser: WebDriver, daemon: Daemon) -> None:
    browser.get(daemon.url("/"))
    links = {link.get_attribute("href") for link in browser.find_elements(By.TAG_NAME, "a")}
    outside = {link for link in links if not link.startswith(daemon.url("/"))}
    assert outside == {"https://www.rfc-editor.org/rfc/rfc6455"}
