"""Five defects that a simple WebSocket page has: each is answered with a plain line, and none is an error."""

from __future__ import annotations

from tests.browser import peers
from tests.browser.chamber import CLOSED, Chamber
from tests.browser.conftest import file_url


def test_send_before_open_says_so(chamber: Chamber, page_url: str) -> None:
    chamber.load(page_url)
    chamber.send("hello")
    chamber.expect("Not sent: open a connection first.")
    assert chamber.errors == []


def test_send_after_close_says_so(chamber: Chamber, page_url: str) -> None:
    chamber.connect(page_url)
    chamber.close()
    chamber.expect("CONNECTED ", CLOSED)
    chamber.send("hello")
    chamber.expect("CONNECTED ", CLOSED, "Not sent: the connection is closed.")
    assert chamber.errors == []


def test_send_while_connecting_says_so(chamber: Chamber) -> None:
    with peers.never_answering() as port:
        chamber.load(file_url(port))
        chamber.open()
        chamber.send("hello")
        chamber.expect("Not sent: the connection is not open yet.")
    assert chamber.errors == []


def test_close_before_open_says_so(chamber: Chamber, page_url: str) -> None:
    chamber.load(page_url)
    chamber.close()
    chamber.expect("Nothing to close: open a connection first.")
    assert chamber.errors == []


def test_close_after_close_says_so(chamber: Chamber, page_url: str) -> None:
    chamber.connect(page_url)
    chamber.close()
    chamber.expect("CONNECTED ", CLOSED)
    chamber.close()
    chamber.expect("CONNECTED ", CLOSED, "Nothing to close: the connection is closed.")
    assert chamber.errors == []


def test_markup_is_shown_as_text(chamber: Chamber, page_url: str) -> None:
    markup = "<b id=planted>bold</b><img src=x onerror=nonsense()>"
    chamber.connect(page_url)
    chamber.send(markup)
    chamber.expect("CONNECTED ", f"SENT {markup}", f"RECEIVED: {markup}")
    assert chamber.browser.find_elements("css selector", "#messages :not(li)") == []
    assert chamber.errors == []
