"""What the page of behaviours says of a URL: what is true, after asking the daemon."""

from __future__ import annotations

import re

import pytest
from selenium.webdriver.chrome.webdriver import WebDriver
from selenium.webdriver.common.by import By

from tests.browser import peers
from tests.browser.trial import Trial
from tests.child import Daemon

GOOD = "The server accepts this URL."
NO_URL = "Not a WebSocket URL: it begins with ws:// or wss://."
NOWHERE = "The server does not open a WebSocket on {} for this page."
COUNT_CONNECTIONS = """
    window.opened = 0;
    window.WebSocket = class extends WebSocket { constructor(url) { super(url); opened += 1; } };
"""
ELSEWHERE = "Not checked: this is not the server that the page came from."


def is_good(trial: Trial) -> bool:
    return trial.browser.find_element(By.ID, "verdict").get_attribute("class") == "good"


@pytest.mark.parametrize("target", ["/echo", "/", "/info", "/multi-echo", "/simple-echo", "/echo?delay=200ms"])
def test_what_opens_is_accepted(trial: Trial, daemon: Daemon, target: str) -> None:
    trial.edit_url(daemon.uri(target))
    trial.wait_until(lambda: trial.verdict == GOOD)
    assert is_good(trial)


@pytest.mark.parametrize(
    "path", ["/nope", "/nope?delay=200ms", "/echo/", "/Echo", "/client.html", "/behaviours?times=2"]
)
def test_a_path_without_an_endpoint_is_not_accepted(trial: Trial, daemon: Daemon, path: str) -> None:
    trial.edit_url(daemon.uri(path))
    trial.wait_until(lambda: trial.verdict == NOWHERE.format(path.partition("?")[0]))
    assert not is_good(trial)


@pytest.mark.parametrize(
    "text", ["foo", "", "/echo", "http://127.0.0.1/echo", "ws:", "ws://", "ws://[", "javascript:x"]
)
def test_what_is_no_websocket_url_is_not_accepted(trial: Trial, text: str) -> None:
    trial.edit_url(text)
    trial.wait_until(lambda: trial.verdict == NO_URL)
    assert not is_good(trial)


def test_a_fragment_is_not_accepted(trial: Trial, daemon: Daemon) -> None:
    trial.edit_url(daemon.uri("/echo?greet=a#b"))
    trial.wait_until(lambda: trial.verdict.startswith("A WebSocket URL has no fragment"))
    assert not is_good(trial)


@pytest.mark.parametrize("query", ["delay=soon", "status=403&close=1000", "dely=1s", "chop", "delay=1s&delay=2s"])
def test_the_daemon_says_what_is_wrong_with_a_query(trial: Trial, daemon: Daemon, query: str) -> None:
    trial.edit_url(daemon.uri(f"/echo?{query}"))
    trial.wait_until(lambda: trial.verdict.startswith("400 Bad Request: "))
    assert not is_good(trial)


@pytest.mark.parametrize("url", ["ws://localhost:{port}/echo", "wss://127.0.0.1:{port}/echo", "ws://example.org/nope"])
def test_another_server_is_not_judged(trial: Trial, daemon: Daemon, url: str) -> None:
    trial.edit_url(url.format(port=daemon.port))
    trial.wait_until(lambda: trial.verdict == ELSEWHERE)
    assert not is_good(trial)


def test_a_verdict_goes_with_its_url(trial: Trial) -> None:
    trial.wait_until(lambda: trial.verdict == GOOD)
    trial.browser.execute_script("window.fetch = () => new Promise(() => {})")  # No answer.
    trial.browser.find_element(By.ID, "url").send_keys("x")
    assert trial.verdict == ""
    assert not is_good(trial)


def test_an_origin_that_may_not_connect_is_not_accepted(browser: WebDriver) -> None:
    with Daemon("--origin", "https://example.com") as strict:
        trial = Trial(browser)
        trial.visit(strict.url("/behaviours.html"))
        trial.wait_until(lambda: trial.verdict == NOWHERE.format("/echo"))
        trial.open()
        trial.wait_for("Connection closed with code 1006")
    assert trial.errors == []


def test_a_server_that_has_gone_is_not_said_to_accept(browser: WebDriver) -> None:
    trial = Trial(browser)
    with Daemon() as own:
        trial.visit(own.url("/behaviours.html"))
        trial.wait_until(lambda: trial.verdict == GOOD)
    trial.tick("delay")
    trial.wait_until(lambda: trial.verdict == "The server does not answer.")
    trial.browser.get_log("browser")


def test_an_endpoint_is_tried_once(trial: Trial, daemon: Daemon) -> None:
    """Each query is asked for; the path is not opened again for it."""
    trial.wait_until(lambda: trial.verdict == GOOD)
    trial.browser.execute_script(COUNT_CONNECTIONS)
    for query in ("delay=1s", "delay=2s"):
        trial.edit_url(daemon.uri(f"/echo?{query}"))
        trial.wait_until(lambda: trial.verdict == GOOD)
    assert trial.browser.execute_script("return opened") == 0


def test_the_page_in_a_folder_makes_urls_in_the_folder(browser: WebDriver) -> None:
    """Where a reverse proxy has it."""
    with peers.in_a_folder("/lab/echo") as port:
        browser.get(f"http://127.0.0.1:{port}/lab/echo/behaviours.html")
        trial = Trial(browser)
        trial.wait_until(lambda: trial.url == f"ws://127.0.0.1:{port}/lab/echo/echo")
        trial.open()
        trial.wait_for("CONNECTED", "RECEIVED: /echo")
    trial.browser.get_log("browser")


def test_over_tls_it_makes_and_judges_wss(browser: WebDriver, tls_daemon: Daemon) -> None:
    trial = Trial(browser)
    trial.visit(f"https://localhost:{tls_daemon.port}/behaviours.html")
    assert trial.url == f"wss://localhost:{tls_daemon.port}/echo"
    trial.wait_until(lambda: trial.verdict == GOOD)
    trial.open()
    trial.wait_for("CONNECTED")
    trial.send("hello")
    trial.wait_for("SENT hello", re.escape("RECEIVED: hello"))
    assert trial.errors == []
