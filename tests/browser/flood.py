"""How long a page takes to show many messages: `python -m tests.browser.flood` prints it for both client pages."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory

from selenium.webdriver.chrome.webdriver import WebDriver

from tests.browser import peers
from tests.browser.chamber import Chamber
from tests.browser.conftest import file_url, starting_browser

SCRIPT = """
    const [count, done] = arguments;
    const list = document.getElementById("messages");
    const start = performance.now();
    const look = () => list.childElementCount > count ? done(performance.now() - start) : requestAnimationFrame(look);
    document.getElementById("open").click();
    look();
"""


def seconds_to_show(browser: WebDriver, page: str, count: int) -> float:
    """From Open until a frame in which all messages of an eager server are in the list."""
    with peers.sending([f"message {number}" for number in range(count)]) as port:
        Chamber(browser).load(file_url(port, page=page))
        browser.set_script_timeout(300)
        return browser.execute_async_script(SCRIPT, count) / 1000


def main() -> None:
    with TemporaryDirectory() as profile, starting_browser(Path(profile)) as browser:
        for page in ("client.html", "client2.html"):
            for count in (500, 1000, 4000):
                print(f"{page}: {count} messages in {seconds_to_show(browser, page, count):.2f} s")


if __name__ == "__main__":
    main()
