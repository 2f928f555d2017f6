"""The page of behaviours in the browser, used as a person uses it."""

from __future__ import annotations

import re

from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.support.ui import Select

from tests.browser.chamber import Chamber


class Trial(Chamber):
    """`tick` asks for a behaviour; `wait_for` waits for what happens."""

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

    def edit_url(self, text: str) -> None:
        field = self.browser.find_element(By.ID, "url")
        field.send_keys(Keys.CONTROL, "a", Keys.NULL, Keys.DELETE, text)

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
