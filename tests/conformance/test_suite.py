"""The reading of kosoku's reports: what counts as passed must not be taken for granted."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.conformance import suite

REPORT: dict[str, object] = {
    "description": "Send a\n text.",
    "result": "Actual events differ from any expected.",
    "resultClose": "Connection was properly closed",
    "expected": {"OK": [["message", "a", False]]},
    "received": [],
    "wasNotCleanReason": None,
}


def write_index(outdir: Path, *agents: str, **verdicts: str) -> None:
    """Reports as kosoku leaves them; `_7_1_6="OK"` is the behaviour of case 7.1.6."""
    (outdir / "report.json").write_text(json.dumps(REPORT))
    cases = {name[1:].replace("_", "."): write_entry(behavior) for name, behavior in verdicts.items()}
    (outdir / "index.json").write_text(json.dumps(dict.fromkeys(agents, cases)))


def write_entry(behavior: str) -> dict[str, object]:
    behavior, _, behavior_close = behavior.partition("/")
    return {
        "behavior": behavior,
        "behaviorClose": behavior_close or behavior,
        "remoteCloseCode": 1000,
        "duration": 1,
        "reportfile": "report.json",
    }


@pytest.mark.parametrize("case", ["_7_1_6", "_7_13_1", "_7_13_2"])
def test_informational_is_expected_of_three_cases(tmp_path: Path, case: str) -> None:
    write_index(tmp_path, "echod", **{case: "INFORMATIONAL"})
    (verdict,) = suite.read_verdicts(tmp_path)
    assert verdict.is_expected


@pytest.mark.parametrize(
    "behavior", ["NON-STRICT", "INFORMATIONAL", "FAILED", "UNIMPLEMENTED", "ERROR", "OK/WRONG CODE", "NON-STRICT/OK"]
)
def test_anything_but_ok_is_a_fault_elsewhere(tmp_path: Path, behavior: str) -> None:
    write_index(tmp_path, "echod", _1_1_1="OK", _4_1_3=behavior)
    run = suite.Run("x", suite.read_verdicts(tmp_path), 1.0)
    assert [verdict.case for verdict in run.faults] == ["4.1.3"]


def test_a_fault_tells_what_was_expected_and_what_came(tmp_path: Path) -> None:
    write_index(tmp_path, "echod", _1_1_1="FAILED/OK")
    (verdict,) = suite.read_verdicts(tmp_path)
    assert str(verdict) == (
        "case 1.1.1: FAILED, close OK, the peer's close code 1000\n"
        "    Send a text.\n"
        "    Actual events differ from any expected. Connection was properly closed\n"
        "    expected {'OK': [['message', 'a', False]]}\n"
        "    received []\n"
        "    unclean because: None"
    )


def test_of_many_faults_the_first_are_described_and_the_rest_counted(tmp_path: Path) -> None:
    write_index(tmp_path, "echod", _1_1_1="FAILED", _1_1_2="FAILED", _1_1_3="FAILED")
    told = suite.describe(suite.read_verdicts(tmp_path), limit=1)
    assert told.startswith("\ncase 1.1.1: FAILED")
    assert told.endswith("\n2 more")


def test_cases_are_read_in_the_order_of_their_numbers(tmp_path: Path) -> None:
    write_index(tmp_path, "echod", _10_1_1="OK", _2_10="OK", _2_9="OK")
    assert [verdict.case for verdict in suite.read_verdicts(tmp_path)] == ["2.9", "2.10", "10.1.1"]


def test_two_agents_are_refused(tmp_path: Path) -> None:
    write_index(tmp_path, "echod", "another", _1_1_1="OK")
    with pytest.raises(AssertionError, match="one agent expected"):
        suite.read_verdicts(tmp_path)


def test_a_run_tells_its_figures_in_one_line(tmp_path: Path) -> None:
    write_index(tmp_path, "echod", _1_1_1="OK", _1_1_2="OK", _7_1_6="INFORMATIONAL")
    run = suite.Run("server /simple-echo", suite.read_verdicts(tmp_path), 4.6)
    assert str(run) == "server /simple-echo: 3 cases in 5 s: 2 OK, 1 INFORMATIONAL"


def test_all_cases_are_517_and_those_without_compression_301() -> None:
    assert (sum(suite.ALL_GROUPS.values()), sum(suite.PLAIN_GROUPS.values())) == (517, 301)
