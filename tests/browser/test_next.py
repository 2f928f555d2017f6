"""What comes next has the colour and the focus: Open, and when it is open the message and Send."""

from __future__ import annotations

import time

import pytest
from selenium.webdriver import ActionChains
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.support.ui import Select

from tests.browser import peers
from tests.browser.chamber import Chamber
from tests.browser.conftest import file_url
from tests.browser.trial import Trial
from tests.child import Daemon


def press(chamber: Chamber, *keys: str) -> None:
    ActionChains(chamber.browser).send_keys(*keys).perform()


def focused(chamber: Chamber) -> str:
    return chamber.browser.switch_to.active_element.get_attribute("id")


def coloured(chamber: Chamber) -> list[str]:
    return [button.text for button in chamber.browser.find_elements(By.CSS_SELECTOR, "button.primary")]


def focus(chamber: Chamber, name: str) -> None:
    chamber.browser.execute_script("document.getElementById(arguments[0]).focus()", name)


def test_a_session_by_keyboard_needs_three_keys_beside_the_message(chamber: Chamber, page_url: str) -> None:
    chamber.load(page_url)
    focus(chamber, "open")
    press(chamber, Keys.ENTER)
    chamber.wait_until(lambda: focused(chamber) == "messageinput")
    press(chamber, "hello", Keys.ENTER)
    chamber.wait_until(lambda: len(chamber.lines) == 3)
    press(chamber, Keys.TAB, Keys.TAB, Keys.TAB, Keys.SPACE)
    chamber.wait_until(lambda: len(chamber.lines) == 4)
    assert focused(chamber) == "open"


def test_the_page_of_behaviours_moves_the_focus_too(trial: Trial) -> None:
    focus(trial, "open")
    press(trial, Keys.SPACE)
    trial.wait_until(lambda: focused(trial) == "messageinput")
    focus(trial, "close")
    press(trial, Keys.SPACE)
    trial.wait_until(lambda: focused(trial) == "open")


@pytest.mark.parametrize(("form", "field"), [("Hex", "messageinput"), ("File", "file")])
def test_the_field_of_the_format_gets_the_focus(chamber: Chamber, daemon: Daemon, form: str, field: str) -> None:
    chamber.load(daemon.url("/client.html"))
    Select(chamber.browser.find_element(By.ID, "format")).select_by_visible_text(form)
    focus(chamber, "open")
    press(chamber, Keys.ENTER)
    chamber.wait_until(lambda: focused(chamber) == field)


def test_a_focus_that_is_elsewhere_stays_there(trial: Trial) -> None:
    focus(trial, "open")
    press(trial, Keys.SPACE)
    focus(trial, "url")
    trial.wait_for("CONNECTED")
    assert focused(trial) == "url"
    trial.browser.execute_script("document.getElementById('close').click()")
    trial.wait_for("Connection closed")
    assert focused(trial) == "url"


def test_a_server_that_goes_away_gives_the_focus_to_open(chamber: Chamber) -> None:
    with Daemon() as own:
        chamber.load(own.url("/client.html"))
        focus(chamber, "open")
        press(chamber, Keys.ENTER)
        chamber.wait_until(lambda: focused(chamber) == "messageinput")
        own.terminate()
        chamber.wait_until(lambda: len(chamber.lines) == 2)
        assert focused(chamber) == "open"


def test_who_is_typing_keeps_the_focus(chamber: Chamber) -> None:
    """A blank that was meant for the message would open the connection again."""
    with peers.never_closing() as port:
        chamber.connect(file_url(port))
        chamber.browser.execute_script("performance.now = () => 5000")  # Time stands still.
        focus(chamber, "messageinput")
        press(chamber, "hello")
    chamber.wait_until(lambda: len(chamber.lines) == 2)
    assert focused(chamber) == "messageinput"


def test_a_refused_connection_leaves_the_focus_on_open(chamber: Chamber) -> None:
    with peers.never_answering() as port:
        pass  # Nobody listens there any more.
    chamber.load(file_url(port))
    focus(chamber, "open")
    press(chamber, Keys.ENTER)
    chamber.wait_until(lambda: len(chamber.lines) == 1)
    assert focused(chamber) == "open"


def test_the_focus_scrolls_nothing(chamber: Chamber) -> None:
    """The newest line stays in sight, also on a screen that is too low to keep the controls there."""
    metrics = {"width": 640, "height": 320, "deviceScaleFactor": 1, "mobile": True}
    chamber.browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)
    with peers.sending([str(number) for number in range(100)]) as port:
        chamber.load(file_url(port))
        chamber.open()
        chamber.wait_until(lambda: len(chamber.lines) == 101)
        focus(chamber, "send")
        chamber.browser.execute_script("scrollTo(0, document.documentElement.scrollHeight)")
    chamber.wait_until(lambda: len(chamber.lines) == 102)
    script = "return document.getElementById('messages').lastChild.getBoundingClientRect().bottom <= innerHeight"
    assert focused(chamber) == "open"
    assert chamber.browser.execute_script(script)
    chamber.browser.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})


def test_the_colour_is_on_what_comes_next(chamber: Chamber, page_url: str) -> None:
    chamber.load(page_url)
    assert coloured(chamber) == ["Open"]
    chamber.open()
    chamber.expect("CONNECTED ")
    assert coloured(chamber) == ["Send"]
    chamber.close()
    chamber.wait_until(lambda: len(chamber.lines) == 2)
    assert coloured(chamber) == ["Open"]


def test_on_the_way_no_button_has_the_colour(chamber: Chamber) -> None:
    with peers.never_answering() as port:
        chamber.load(file_url(port))
        chamber.open()
        assert coloured(chamber) == []
        chamber.close()
        chamber.wait_until(lambda: coloured(chamber) == ["Open"])
    with peers.never_closing() as port:
        chamber.connect(file_url(port))
        chamber.close()
        assert coloured(chamber) == []


def test_open_loses_the_colour_under_a_contradiction(trial: Trial) -> None:
    trial.edit_url(f"{trial.url}?status=403&close=1000")
    trial.wait_until(lambda: "cannot be combined" in trial.verdict)
    assert coloured(trial) == []
    described = trial.button("Open").get_attribute("aria-describedby")
    assert trial.browser.find_element(By.ID, described).text == trial.verdict
    trial.edit_url(trial.url.partition("?")[0])
    trial.wait_until(lambda: coloured(trial) == ["Open"])
    time.sleep(0.5)
    assert coloured(trial) == ["Open"]
