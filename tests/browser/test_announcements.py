"""What a screen reader is told: messages as they are, and the number of them when there are many."""

from __future__ import annotations

import re

from tests.browser import peers
from tests.browser.chamber import CLOSED, Chamber
from tests.browser.conftest import file_url
from tests.child import Daemon

LISTEN = """
    window.announced = [];
    const live = document.querySelectorAll("[aria-live=polite], [role=status], [role=log], [role=alert]");
    const note = (changes) => {
      for (const { addedNodes } of changes) for (const node of addedNodes) announced.push(node.textContent);
    };
    for (const region of live) new MutationObserver(note).observe(region, { childList: true });
"""


def announced(chamber: Chamber) -> list[str]:
    return chamber.browser.execute_script("return announced")


def test_single_messages_are_announced_as_they_are(chamber: Chamber, daemon: Daemon) -> None:
    chamber.load(daemon.url("/client2.html"))
    chamber.browser.execute_script(LISTEN)
    chamber.open()
    chamber.wait_until(lambda: announced(chamber) == ["CONNECTED"])
    chamber.send("hello")
    chamber.wait_until(lambda: announced(chamber) == ["CONNECTED", "SENT hello. RECEIVED: hello"])
    chamber.close()
    chamber.wait_until(lambda: announced(chamber)[2:] == [CLOSED])


def test_the_same_message_is_announced_again(chamber: Chamber, daemon: Daemon) -> None:
    chamber.load(daemon.url("/client2.html"))
    chamber.browser.execute_script(LISTEN)
    for _ in range(2):
        seen = len(announced(chamber))
        chamber.close()
        chamber.wait_until(lambda seen=seen: len(announced(chamber)) > seen)
    assert announced(chamber) == ["Nothing to close: open a connection first."] * 2


def test_a_flood_is_announced_as_a_number(chamber: Chamber) -> None:
    with peers.sending(["tick"] * 3000) as port:
        chamber.load(file_url(port))
        chamber.browser.execute_script(LISTEN)
        chamber.open()
        chamber.wait_until(lambda: counted(chamber) == 3000)
    assert len(announced(chamber)) < 10


def counted(chamber: Chamber) -> int:
    """Messages that the announcements have counted so far."""
    return sum(int(number) for number in re.findall(r"(\d+) messages received", ". ".join(announced(chamber))))


def test_the_end_of_a_flood_is_announced_as_it_is(chamber: Chamber) -> None:
    with peers.sending(["tick"] * 1000) as port:
        chamber.load(file_url(port))
        chamber.browser.execute_script(LISTEN)
        chamber.open()
        chamber.wait_until(lambda: len(chamber.lines) == 1001)
        chamber.close()
        chamber.wait_until(lambda: CLOSED in "".join(announced(chamber)))


def test_a_long_message_is_not_read_to_its_end(chamber: Chamber) -> None:
    with peers.sending(["w" * 1000]) as port:
        chamber.load(file_url(port))
        chamber.browser.execute_script(LISTEN)
        chamber.open()
        chamber.wait_until(lambda: "RECEIVED: w" in "".join(announced(chamber)))
    assert max(map(len, announced(chamber))) < 250
