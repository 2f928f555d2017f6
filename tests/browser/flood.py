"""How long a page takes to show many messages: `python -m tests.browser.flood` prints it for both client pages."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

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


class Cost(NamedTuple):
    """Of a flood: seconds on the clock, and seconds of CPU in the thread of the page, which a busy machine spares."""

    clock_s: float
    cpu_s: float


def cost_of(browser: WebDriver, page: str, count: int) -> Cost:
    """From Open until a frame in which all messages of an eager server are in the list."""
    with peers.sending([f"message {number}" for number in range(count)]) as port:
        Chamber(browser).load(file_url(port, page=page))
        browser.set_script_timeout(110)  # Less than the driver waits.
        browser.execute_cdp_cmd("Performance.enable", {"timeDomain": "threadTicks"})
        before = cpu_s(browser)
        clock_s = browser.execute_async_script(SCRIPT, count) / 1000
        return Cost(clock_s, cpu_s(browser) - before)


def cpu_s(browser: WebDriver) -> float:
    metrics = browser.execute_cdp_cmd("Performance.getMetrics", {})["metrics"]
    return next(metric["value"] for metric in metrics if metric["name"] == "TaskDuration")


def main() -> None:
    with TemporaryDirectory() as profile, starting_browser(Path(profile)) as browser:
        for page in ("client.html", "client2.html"):
            for count in (500, 1000, 4000):
                cost = cost_of(browser, page, count)
                print(f"{page}: {count} messages in {cost.clock_s:.2f} s, {cost.cpu_s:.2f} s of CPU")


if __name__ == "__main__":
    main()
