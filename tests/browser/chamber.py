"""An Echo Chamber page in the browser, used as a person uses it."""

from __future__ import annotations

import re
from collections.abc import Callable
from contextlib import suppress

from selenium.common.exceptions import TimeoutException
from selenium.webdriver.chrome.webdriver import WebDriver
from selenium.webdriver.common.by import By
from selenium.webdriver.remote.webelement import WebElement
from selenium.webdriver.support.ui import WebDriverWait

WAIT_S = 20
POLL_S = 0.02

# Not errors of the page: that a file: page is refused its modules (the reason for from-file.js),
# and that a connection could not be made or broke.
FORESEEN = re.compile(
    r"Access to script at 'file:.*\.js'.*blocked by CORS policy"
    r"|^file:.*\.js - Failed to load resource: net::ERR_FAILED"
    r"|WebSocket connection to '.*' failed"
)


# The lines of three ends: a Close without a code (close() gives none), a server that leaves, and no Close at all.
CLOSED = "Connection closed with code 1005 (no code in the Close frame), no reason"
LEFT = "Connection closed with code 1001 (going away), no reason"
LOST = "Connection closed with code 1006 (abnormal closure, no Close frame), no reason, without a closing handshake"
NEVER_OPENED = LOST.replace("without a closing handshake", "it never opened, and browsers do not say why")


class Chamber:
    """`open`, `send` and `close` press the buttons; `expect` waits for lines; `errors` is what went wrong.

    `connect` loads a page and opens its connection.
    """

    def __init__(self, browser: WebDriver) -> None:
        self.browser = browser

    def load(self, url: str) -> None:
        self.browser.get(url)
        # A file: page has its script only after the load event.
        self.wait_until(lambda: self.target != "none" or self.lines)

    def connect(self, url: str) -> None:
        self.load(url)
        self.open()
        self.expect("CONNECTED ")

    def open(self) -> None:
        self.button("Open").click()

    def send(self, text: str | None = None) -> None:
        if text is not None:
            self.type(text)
        self.button("Send").click()

    def close(self) -> None:
        self.button("Close").click()

    def type(self, text: str) -> None:
        self.input.clear()
        self.input.send_keys(text)

    def button(self, text: str) -> WebElement:
        return self.browser.find_element(By.XPATH, f"//button[normalize-space()='{text}']")

    @property
    def input(self) -> WebElement:
        return self.browser.find_element(By.ID, "messageinput")

    @property
    def target(self) -> str:
        return self.browser.execute_script("return document.getElementById('target').textContent")

    @property
    def lines(self) -> list[str]:
        script = "return [...document.getElementById('messages').children].map(line => line.textContent)"
        return self.browser.execute_script(script)

    def expect(self, *lines: str) -> None:
        """Wait until there are so many lines; then they must be these, and no others."""
        with suppress(TimeoutException):
            self.wait_until(lambda: len(self.lines) >= len(lines))
        assert self.lines == list(lines)

    def wait_until(self, condition: Callable[[], object]) -> None:
        WebDriverWait(self.browser, WAIT_S, POLL_S).until(lambda _: condition())

    @property
    def errors(self) -> list[str]:
        """What the browser has logged as an error since the last call, as uncaught, refused or not found."""
        log = self.browser.get_log("browser")
        severe = [entry["message"] for entry in log if entry["level"] == "SEVERE"]
        return [message for message in severe if not FORESEEN.search(message)]
