"""Pages that are not ours, opened as files: their Origin is "null" and they close without a code.

One such page is written here. The pages of the note are not part of the project:
ECHOD_NOTE_PAGES=<folder> runs the same tests with its client.html and client2.html,
unmodified but for the port.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from selenium.webdriver.chrome.webdriver import WebDriver

from tests.browser.chamber import Chamber
from tests.child import Daemon

NOTE_PAGES = os.environ.get("ECHOD_NOTE_PAGES", "")
ADDRESS = "localhost:9001"
NO_CODE = 1005  # RFC 6455, 7.4.1
ENDPOINTS = {"client.html": "/simple-echo", "client2.html": "/multi-echo"}
PAGE = """<!DOCTYPE html>
<meta charset="utf-8">
<title>An old-fashioned page</title>
<input id="messageinput">
<button onclick="connect()">Open</button>
<button onclick="webSocket.send(messageinput.value); show('SENT ' + messageinput.value)">Send</button>
<button onclick="webSocket.close()">Close</button>
<div id="messages"></div>
<script>
  var webSocket;
  function connect() {
    webSocket = new WebSocket("ws://localhost:9001/ENDPOINT");
    webSocket.onopen = function () { show("CONNECTED "); };
    webSocket.onmessage = function (event) { show("RECEIVED: " + event.data); };
    webSocket.onclose = function (event) { show("Connection closed "); };
  }
  function show(line) { document.getElementById("messages").innerHTML += "<br>" + line; }
</script>
"""


class OtherPage(Chamber):
    """Its lines are pieces of text between line breaks."""

    @property
    def lines(self) -> list[str]:
        script = """
            const pieces = [...document.getElementById("messages").childNodes];
            return pieces.filter(piece => piece.nodeType === Node.TEXT_NODE).map(piece => piece.data);
        """
        return self.browser.execute_script(script)


def our_own(page: str) -> str:
    return PAGE.replace("/ENDPOINT", ENDPOINTS[page])


def of_the_note(page: str) -> str:
    if not NOTE_PAGES:
        pytest.skip("ECHOD_NOTE_PAGES does not name a folder with the note's client.html and client2.html")
    return Path(NOTE_PAGES, page).read_text(encoding="utf-8")


@pytest.fixture(params=[our_own, of_the_note])
def other(request: pytest.FixtureRequest, browser: WebDriver, page: str, daemon: Daemon, tmp_path: Path) -> OtherPage:
    html = request.param(page)
    assert html.count(ADDRESS) == 1
    copy = tmp_path / page
    copy.write_text(html.replace(ADDRESS, f"localhost:{daemon.port}"), encoding="utf-8")
    browser.get(copy.as_uri())
    return OtherPage(browser)


def test_a_session_of_a_page_from_a_file(other: OtherPage) -> None:
    other.open()
    other.expect("CONNECTED ")
    other.send("12345")
    other.expect("CONNECTED ", "SENT 12345", "RECEIVED: 12345")
    other.close()
    other.expect("CONNECTED ", "SENT 12345", "RECEIVED: 12345", "Connection closed ")
    assert other.errors == []


@pytest.mark.usefixtures("shared_mode_off")
def test_the_mode_switches_for_a_page_from_a_file(other: OtherPage) -> None:
    other.open()
    other.expect("CONNECTED ")
    seen = ["CONNECTED "]
    for text, reply in [("add", "add...added..."), ("x", "x...added..."), ("none", "none"), ("y", "y")]:
        other.send(text)
        seen += [f"SENT {text}", f"RECEIVED: {reply}"]
        other.expect(*seen)


def test_a_close_without_a_code_is_answered_cleanly(other: OtherPage) -> None:
    other.open()
    other.expect("CONNECTED ")
    note = "webSocket.addEventListener('close', event => { window.ending = [event.code, event.wasClean]; });"
    other.browser.execute_script(note)
    other.close()
    other.expect("CONNECTED ", "Connection closed ")
    assert other.browser.execute_script("return window.ending") == [NO_CODE, True]
