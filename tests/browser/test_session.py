"""What a person sees who opens, sends and closes: both pages, from the daemon and from a file."""

from __future__ import annotations

from urllib.parse import urljoin

import pytest
from selenium.webdriver.chrome.webdriver import WebDriver
from selenium.webdriver.common.keys import Keys

from tests.browser.chamber import CLOSED, Chamber
from tests.child import Daemon

ENDPOINTS = {"client.html": "/simple-echo", "client2.html": "/multi-echo"}


def test_the_title_is_echo_chamber(browser: WebDriver, page_url: str) -> None:
    browser.get(page_url)
    assert browser.title == "Echo Chamber"


def test_the_buttons_are_open_send_and_close(chamber: Chamber, page_url: str) -> None:
    chamber.load(page_url)
    buttons = chamber.browser.find_elements("css selector", "button")
    assert [button.text for button in buttons] == ["Open", "Send", "Close"]
    assert [button.get_attribute("id") for button in buttons] == ["open", "send", "close"]


def test_open_send_close_write_the_lines_of_a_session(chamber: Chamber, page_url: str) -> None:
    chamber.connect(page_url)
    chamber.send("12345")
    chamber.expect("CONNECTED ", "SENT 12345", "RECEIVED: 12345")
    chamber.close()
    chamber.expect("CONNECTED ", "SENT 12345", "RECEIVED: 12345", CLOSED)
    assert chamber.errors == []


@pytest.mark.usefixtures("shared_mode_off")
def test_add_and_none_switch_the_mode(chamber: Chamber, page_url: str) -> None:
    chamber.connect(page_url)
    seen = ["CONNECTED "]
    for text, reply in [("add", "add...added..."), ("x", "x...added..."), ("none", "none"), ("y", "y")]:
        chamber.send(text)
        seen += [f"SENT {text}", f"RECEIVED: {reply}"]
        chamber.expect(*seen)


def test_open_while_open_says_so(chamber: Chamber, page_url: str) -> None:
    chamber.connect(page_url)
    chamber.open()
    chamber.expect("CONNECTED ", "WebSocket is already opened.")


def test_a_closed_connection_can_be_opened_again(chamber: Chamber, page_url: str) -> None:
    chamber.connect(page_url)
    chamber.close()
    chamber.expect("CONNECTED ", CLOSED)
    chamber.open()
    chamber.expect("CONNECTED ", CLOSED, "CONNECTED ")


def test_enter_in_the_input_sends(chamber: Chamber, page_url: str) -> None:
    chamber.connect(page_url)
    chamber.type("hello" + Keys.ENTER)
    chamber.expect("CONNECTED ", "SENT hello", "RECEIVED: hello")


def test_an_empty_message_is_sent_and_comes_back(chamber: Chamber, page_url: str) -> None:
    chamber.connect(page_url)
    chamber.send()
    chamber.expect("CONNECTED ", "SENT ", "RECEIVED: ")


def test_the_page_shows_where_it_connects_to(chamber: Chamber, page: str, daemon: Daemon) -> None:
    chamber.load(daemon.url(f"/{page}"))
    assert chamber.target == daemon.uri(ENDPOINTS[page])


def test_the_scripts_add_no_global_name(chamber: Chamber, page_url: str) -> None:
    names = "return Object.getOwnPropertyNames(window).sort()"
    chamber.browser.get(urljoin(page_url, "index.html"))  # A page without scripts.
    chamber.browser.execute_script(names)  # The first script of a page leaves a name of the driver's own.
    before = chamber.browser.execute_script(names)
    chamber.load(page_url)
    assert chamber.browser.execute_script(names) == before


@pytest.mark.usefixtures("shared_mode_off")
@pytest.mark.parametrize(("page", "reply"), [("client.html", "x...added..."), ("client2.html", "x")])
def test_the_shared_mode_outlives_a_connection_and_the_own_mode_does_not(
    chamber: Chamber, daemon: Daemon, page: str, reply: str
) -> None:
    chamber.connect(daemon.url(f"/{page}"))
    chamber.send("add")
    chamber.expect("CONNECTED ", "SENT add", "RECEIVED: add...added...")
    chamber.close()
    chamber.wait_until(lambda: chamber.lines[-1] == CLOSED)
    chamber.open()
    chamber.wait_until(lambda: chamber.lines[-1] == "CONNECTED ")
    chamber.send("x")
    chamber.wait_until(lambda: chamber.lines[-2:] == ["SENT x", f"RECEIVED: {reply}"])
