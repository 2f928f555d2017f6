"""The buttons and events of a connection that is on its way, on its way out, or lost."""

from __future__ import annotations

from tests.browser import peers
from tests.browser.chamber import LEFT, LOST, NEVER_OPENED, Chamber
from tests.browser.conftest import file_url
from tests.child import Daemon


def test_open_while_connecting_says_so(chamber: Chamber) -> None:
    with peers.never_answering() as port:
        chamber.load(file_url(port))
        chamber.open()
        chamber.open()
        chamber.expect("WebSocket is already opened.")


def test_close_while_connecting_closes(chamber: Chamber) -> None:
    with peers.never_answering() as port:
        chamber.load(file_url(port))
        chamber.open()
        chamber.close()
        chamber.expect(NEVER_OPENED)
    assert chamber.errors == []


def test_open_while_closing_says_so(chamber: Chamber) -> None:
    with peers.never_closing() as port:
        open_then_close(chamber, port)
        chamber.open()
        chamber.expect("CONNECTED ", "WebSocket is already opened.")


def test_send_while_closing_says_so(chamber: Chamber) -> None:
    with peers.never_closing() as port:
        open_then_close(chamber, port)
        chamber.send("hello")
        chamber.expect("CONNECTED ", "Not sent: the connection is closing.")
    assert chamber.errors == []


def test_close_while_closing_says_so(chamber: Chamber) -> None:
    with peers.never_closing() as port:
        open_then_close(chamber, port)
        chamber.close()
        chamber.expect("CONNECTED ", "The connection is already closing.")
    assert chamber.errors == []


def test_a_peer_that_hangs_up_while_closing_closes(chamber: Chamber) -> None:
    with peers.never_closing() as port:
        open_then_close(chamber, port)
    chamber.expect("CONNECTED ", LOST)


def test_a_refused_connection_is_closed(chamber: Chamber) -> None:
    with peers.never_answering() as port:
        pass  # Nobody listens there any more.
    chamber.load(file_url(port))
    chamber.open()
    chamber.expect(NEVER_OPENED)
    assert chamber.errors == []


def test_a_server_that_goes_away_closes(chamber: Chamber) -> None:
    with Daemon() as own:
        chamber.connect(own.url("/client.html"))
        own.terminate()
        chamber.expect("CONNECTED ", LEFT)
    assert chamber.errors == []


def open_then_close(chamber: Chamber, port: int) -> None:
    """The page waits for the Close of a peer that sends none."""
    chamber.connect(file_url(port))
    chamber.close()
