"""Binary messages: sent as hex or from a file, and shown as hex with their size."""

from __future__ import annotations

from pathlib import Path

import pytest
from selenium.webdriver.common.by import By
from selenium.webdriver.support.ui import Select

from tests.browser import peers
from tests.browser.chamber import Chamber
from tests.browser.conftest import file_url
from tests.browser.trial import Trial
from tests.child import Daemon

WRONG = "is not bytes in hex, as 48 65 6c 6c 6f is."
ALL_OCTETS = " ".join(f"{octet:02x}" for octet in range(256))


def choose(chamber: Chamber, form: str) -> None:
    Select(chamber.browser.find_element(By.ID, "format")).select_by_visible_text(form)


def choose_file(chamber: Chamber, path: Path, content: bytes) -> None:
    path.write_bytes(content)
    choose(chamber, "File")
    chamber.browser.find_element(By.ID, "file").send_keys(str(path))


def test_hex_is_sent_as_binary(chamber: Chamber, page_url: str) -> None:
    chamber.connect(page_url)
    choose(chamber, "Hex")
    chamber.send("48 65 6c")
    shown = "48 65 6c (binary, 3 bytes)"
    chamber.expect("CONNECTED ", f"SENT {shown}", f"RECEIVED: {shown}")
    assert chamber.errors == []


@pytest.mark.parametrize(
    ("typed", "shown"),
    [
        ("48656C", "48 65 6c (binary, 3 bytes)"),
        ("48:65:6c", "48 65 6c (binary, 3 bytes)"),
        ("0x48, 0x65", "48 65 (binary, 2 bytes)"),
        ("ff", "ff (binary, 1 byte)"),
        ("", "(binary, 0 bytes)"),
    ],
)
def test_hex_may_be_written_as_it_is_copied(chamber: Chamber, daemon: Daemon, typed: str, shown: str) -> None:
    chamber.connect(daemon.url("/client2.html"))
    choose(chamber, "Hex")
    chamber.send(typed)
    chamber.expect("CONNECTED ", f"SENT {shown}", f"RECEIVED: {shown}")
    assert chamber.errors == []


@pytest.mark.parametrize(
    ("typed", "wrong"),
    [("4", "4"), ("48 6", "6"), ("hello", "hello"), ("48 0x", "0x"), ("0x4 0x", "0x4"), ("é1", "é1")],
)
def test_what_is_no_hex_is_not_sent(chamber: Chamber, daemon: Daemon, typed: str, wrong: str) -> None:
    chamber.connect(daemon.url("/client2.html"))
    choose(chamber, "Hex")
    chamber.send(typed)
    chamber.expect("CONNECTED ", f'Not sent: "{wrong}" {WRONG}')


def test_a_file_is_sent_as_binary(chamber: Chamber, page_url: str, tmp_path: Path) -> None:
    chamber.connect(page_url)
    choose_file(chamber, tmp_path / "octets", bytes(range(256)))
    assert not chamber.input.is_displayed()
    chamber.send()
    shown = f"{ALL_OCTETS} (binary, 256 bytes)"
    chamber.expect("CONNECTED ", f"SENT {shown}", f"RECEIVED: {shown}")
    assert chamber.errors == []


def test_of_a_large_file_the_beginning_is_shown(chamber: Chamber, daemon: Daemon, tmp_path: Path) -> None:
    chamber.connect(daemon.url("/client2.html"))
    choose_file(chamber, tmp_path / "large", bytes(range(256)) * 4000)
    chamber.send()
    shown = f"{ALL_OCTETS} … (binary, 1024000 bytes, the first 256 shown)"
    chamber.expect("CONNECTED ", f"SENT {shown}", f"RECEIVED: {shown}")


def test_without_a_file_none_is_sent(chamber: Chamber, daemon: Daemon) -> None:
    chamber.connect(daemon.url("/client2.html"))
    choose(chamber, "File")
    chamber.send()
    chamber.expect("CONNECTED ", "Not sent: choose a file first.")
    assert chamber.errors == []


def test_a_file_that_has_gone_is_not_sent(chamber: Chamber, daemon: Daemon, tmp_path: Path) -> None:
    chamber.connect(daemon.url("/client2.html"))
    choose_file(chamber, tmp_path / "gone", b"x")
    (tmp_path / "gone").unlink()
    chamber.send()
    chamber.wait_until(lambda: len(chamber.lines) == 2)
    assert chamber.lines[1].startswith("Not sent: gone cannot be read: ")
    assert chamber.errors == []


def test_a_file_before_open_is_not_sent(chamber: Chamber, daemon: Daemon, tmp_path: Path) -> None:
    chamber.load(daemon.url("/client2.html"))
    choose_file(chamber, tmp_path / "some", b"x")
    chamber.send()
    chamber.expect("Not sent: open a connection first.")


def test_text_is_sent_as_text_again(chamber: Chamber, daemon: Daemon) -> None:
    chamber.connect(daemon.url("/client2.html"))
    choose(chamber, "Hex")
    choose(chamber, "Text")
    chamber.send("48")
    chamber.expect("CONNECTED ", "SENT 48", "RECEIVED: 48")


def test_the_page_of_behaviours_sends_binary_too(trial: Trial) -> None:
    trial.open()
    trial.wait_for("CONNECTED")
    choose(trial, "Hex")
    trial.send("00 ff")
    trial.wait_for(r"SENT 00 ff \(binary, 2 bytes\)", r"RECEIVED: 00 ff \(binary, 2 bytes\)")


def test_a_long_binary_message_is_shown_by_its_beginning(chamber: Chamber) -> None:
    with peers.sending([bytes(256), bytes(257)]) as port:
        chamber.load(file_url(port))
        chamber.open()
        zeros = " ".join(["00"] * 256)
        whole = f"RECEIVED: {zeros} (binary, 256 bytes)"
        chamber.expect("CONNECTED ", whole, f"RECEIVED: {zeros} … (binary, 257 bytes, the first 256 shown)")
