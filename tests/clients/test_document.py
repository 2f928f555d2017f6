"""The page about clients has every client on every behaviour, and is what `make clients` writes of its outcomes."""

from __future__ import annotations

import pytest

from echod.rules.behaviours.query import Behaviour, read_behaviour
from echod.rules.behaviours.table import BY_NAME
from echod.rules.behaviours.violations import VIOLATIONS
from tests.clients.run import BEHAVIOURS, CLIENTS, DOCUMENT, RULES, verdict, write

TEXT = DOCUMENT.read_text()


def rows(behaviour: str) -> dict[str, list[str]]:
    """What a client does and the close code, by client."""
    section = TEXT.partition(f"\n## {behaviour}\n")[2].partition("\n## ")[0]
    lines = [line[2:-2].split(" | ") for line in section.splitlines() if line.startswith("| ")][2:]
    return {name: [told.replace(r"\|", "|"), code.strip()] for name, told, code, _ in lines}


@pytest.mark.parametrize("behaviour", BEHAVIOURS)
def test_every_client_has_a_row(behaviour: str) -> None:
    assert list(rows(behaviour)) == list(CLIENTS)
    assert all(told for told, _ in rows(behaviour).values())


@pytest.mark.parametrize(
    ("names", "form", "line"), [(BY_NAME, "{}=", "Behaviours: "), (VIOLATIONS, "bad={}", "Faults of `bad`: ")]
)
def test_each_behaviour_and_fault_is_measured_or_named_as_not_measured(
    names: dict[str, object], form: str, line: str
) -> None:
    rest = TEXT.partition("\n## Not measured\n")[2].partition(line)[2].partition(".\n")[0]
    asked = "&".join(path.partition("?")[2] for _, path in BEHAVIOURS.values())
    assert rest == ", ".join(f"`{name}`" for name in names if f"&{form.format(name)}" not in f"&{asked}")


def test_the_page_is_what_is_written_of_its_outcomes() -> None:
    versions = dict(cell.rsplit(" ", 1) for cell in TEXT.split("\n\n")[4].rstrip(".").split(", "))
    found = {behaviour: rows(behaviour) for behaviour in BEHAVIOURS}
    outcomes = {
        name: [([found[behaviour][name][0]], found[behaviour][name][1]) for behaviour in BEHAVIOURS] for name in CLIENTS
    }
    assert write(versions, outcomes) == TEXT


@pytest.mark.parametrize(
    ("behaviour", "told", "code", "said"),
    [
        ("A refused upgrade", "error event", "", "yes"),
        ("A refused upgrade", "opens; error event", "", "**no**"),
        ("Bad UTF-8", "opens; an error", "1007", "yes"),
        ("Bad UTF-8", "opens; an error", "1006", "no Close"),
        ("Bad UTF-8", "opens; notices nothing", "", "**no**"),
        ("A reserved opcode", "opens; close event 1000", "1000", "**no**"),
        ("An abort", "opens; gets 'hello'; close event 1006", "1006", "yes"),
        ("An abort", "opens; still waits", "", "**no**"),
        ("A close code", "opens; close event 4001", "1000", "yes"),
        ("A close code", "opens; close event 4001", "1006", "**no**"),
        ("1-byte fragments", "opens; puts 1,000 fragments together", "", "yes"),
        ("A forced subprotocol", "opens; notices nothing", "", "**no**"),
        ("A slow handshake", "still waits", "", "—"),
    ],
)
def test_a_verdict_is_whether_the_client_did_what_the_rfc_says(behaviour: str, told: str, code: str, said: str) -> None:
    assert verdict(behaviour, told, code) == said


def test_rules_are_of_behaviours_that_are_measured() -> None:
    assert set(RULES) <= set(BEHAVIOURS)


@pytest.mark.parametrize("path", [path for _, path in BEHAVIOURS.values()])
def test_what_is_measured_can_be_asked_for(path: str) -> None:
    assert isinstance(read_behaviour(path.partition("?")[2]), Behaviour)
