"""From figures to RESULTS.md and plots: medians, ratios, verdicts, and nothing of the machine but what matters."""

from __future__ import annotations

import xml.etree.ElementTree as ElementTree
from pathlib import Path

import pytest

from bench import charts, figures, goals, machine, markdown, output, plots, report
from bench.figures import Run
from bench.installation import Missing, PythonPeer, command, install, interpreter
from bench.run import rotated
from bench.scenarios import SCENARIOS

SVG = "{http://www.w3.org/2000/svg}"


def echoes(*cpu_us: float) -> list[dict[str, float]]:
    """One measurement for each; the other figures follow from it."""
    return [
        {"cpu_us": us, "messages_per_s": 1e6 / us, "p50_us": us, "p99_us": 2 * us, "p999_us": 3 * us} for us in cpu_us
    ]


def a_run() -> Run:
    """echod costs 10, 9 and 11 µs everywhere, stock 40, and picows was measured in no scenario but pp64."""
    run = Run(
        machine={"CPU": "a CPU"},
        titles={"echod": "echod", "picows": "picows + uvloop", "stock": "stock Autobahn"},
        versions={"echod": "echod 1", "picows": "picows 2", "stock": "autobahn 3"},
        missing={"node ws": "node is not installed"},
        openings={"echod": echoes(100), "stock": echoes(250)},
        handshakes={"echod": [{"cpu_us": 150, "handshakes_per_s": 6000}]},
        idle={"echod": [{"each_kib": 8.5}, {"each_kib": 10.5}, {"each_kib": 10.4}], "stock": [{"each_kib": 8.9}]},
        memory={"echod": {"start": 40.0, "end": 60.0, "peak": 99.0}},
    )
    for scenario in SCENARIOS:
        run.echo[scenario.name] = {"echod": echoes(9, 11, 10), "stock": echoes(40)}
    run.echo["pp64"]["picows"] = echoes(7)
    return run


def test_the_middle_of_five_is_the_third_and_of_none_there_is_none() -> None:
    assert figures.middle(echoes(5, 1, 2, 9, 3), "cpu_us") == 3
    assert figures.middle([], "cpu_us") is None


def test_a_ratio_says_how_many_times_as_much_the_other_costs() -> None:
    assert figures.ratio(a_run(), "pp64", "echod", "stock") == 4
    assert figures.ratio(a_run(), "pp64", "echod", "picows") == pytest.approx(0.7)
    assert figures.ratio(a_run(), "pl16", "echod", "picows") is None


def test_gm_is_the_geometric_mean_and_needs_every_scenario() -> None:
    run = a_run()
    run.echo["pp1"]["stock"] = echoes(160)
    assert figures.gm(run, "echod", ["pp1", "pp64"]) == pytest.approx(8)
    assert figures.gm(run, "stock", ["pp1", "pp64"]) == pytest.approx(1)
    assert figures.gm(run, "picows", ["pp1", "pp64"]) is None


@pytest.mark.parametrize(
    ("peer", "scenario", "said"),
    [
        ("stock", "pp64", "4.00× of 3.5×: yes"),
        ("stock", "4k", "4.00× of 4×: yes"),
        ("stock", "pl64", "4.00× of 14×: **no**"),
        ("picows", "pp64", "0.70× of 0.65×: yes"),
        ("picows", "1m", "not measured"),
    ],
)
def test_a_verdict_names_the_ratio_and_the_goal(peer: str, scenario: str, said: str) -> None:
    assert goals.verdict(a_run(), peer, scenario) == said


def test_every_goal_has_a_ratio_for_each_column_and_each_column_is_a_scenario() -> None:
    assert {len(ratios) for ratios in goals.GOALS.values()} == {len(goals.COLUMNS)}
    assert {*goals.COLUMNS} <= {scenario.name for scenario in SCENARIOS}


def test_bounds_are_held_or_not() -> None:
    handshake, idle = goals.limits(a_run())
    assert handshake[1:] == ("100 µs", "≤ 120 µs", "yes")
    assert idle[1:] == ("10.4 KiB", "≤ 10 KiB", "**no**")
    assert goals.limits(Run({}, {}, {}))[0][1:] == ("not measured", "≤ 120 µs", "—")


@pytest.mark.parametrize(
    ("value", "shown"),
    [(0.1234, "0.123"), (1.234, "1.23"), (12.34, "12.3"), (123.4, "123"), (12345.6, "12,346"), (None, "—")],
)
def test_numbers_have_three_digits_that_count(value: float | None, shown: str) -> None:
    assert markdown.number(value) == shown


def rows(document: str, title: str) -> dict[str, list[str]]:
    """The first table of a section, by its first column."""
    section = document.partition(f"## {title}")[2].partition("\n## ")[0]
    cells = [[cell.strip() for cell in line.split("|")[1:-1]] for line in section.splitlines() if line.startswith("|")]
    return {row[0]: row[1:] for row in cells}


def test_the_results_have_every_server_in_every_table() -> None:
    document = report.document(a_run())
    assert rows(document, "CPU")["echod"] == ["10.0"] * 8 + ["4.00"]
    assert rows(document, "CPU")["picows + uvloop"] == ["—", "7.00", *["—"] * 7]
    assert rows(document, "Messages a second")["stock Autobahn"] == ["25,000"] * 8
    assert rows(document, "Latency")["echod"][0] == "10.0 / 20.0 / 30.0"
    assert rows(document, "Handshakes")["echod"] == ["100", "150", "6,000"]
    assert rows(document, "Memory")["echod"] == ["10.4", "40.0", "60.0", "99.0"]
    assert rows(document, "Spread")["echod"] == ["9.00–11.0"] * 8
    assert rows(document, "What echod is to reach")["stock Autobahn"][0] == "4.00× of 3.5×: yes"


def test_the_results_name_what_is_missing_and_what_failed() -> None:
    run = a_run()
    run.failures.append("stock under 1m: load: a wrong byte")
    document = report.document(run)
    assert "* Not measured: node ws, as node is not installed.\n" in document
    assert "* Failed: stock under 1m: load: a wrong byte.\n" in document


def test_the_facts_name_neither_host_nor_path() -> None:
    facts = machine.facts()
    assert {*facts} == {"CPU", "kernel", "Python"}
    assert all("/" not in fact for fact in facts.values())


def test_the_quick_table_has_what_was_measured() -> None:
    run = a_run()
    run.echo = {name: run.echo[name] for name in ("pp64", "4k")}
    assert report.quick(run).startswith("|  | pp64 | 4k | gm |\n")


def bars(svg: str) -> list[ElementTree.Element]:
    return [element for element in ElementTree.fromstring(svg).iter(f"{SVG}rect") if element.get("rx")]


def test_a_plot_has_a_bar_for_each_figure_and_one_in_the_legend() -> None:
    measured = 2 * len(SCENARIOS) + 1
    assert len(bars(charts.all_of(a_run())["cpu"])) == measured + 3


def test_the_height_of_a_bar_grows_by_the_same_for_each_power_of_ten() -> None:
    scale = plots.LogScale.around([0.5, 500])
    assert (scale.low, scale.high) == (-1, pytest.approx(3))
    assert scale.y(1) - scale.y(10) == pytest.approx(scale.y(10) - scale.y(100))


def test_the_length_of_a_level_bar_is_its_value() -> None:
    first, second = bars(
        plots.bars("title", [("echod", "echod", 10), ("ws", "node <ws>", 5), ("stock", "stock", None)])
    )
    assert float(first.get("width", 0)) == pytest.approx(2 * float(second.get("width", 0)), abs=0.1)


def test_the_results_are_written_and_made_again_from_the_raw_figures(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(output, "HERE", tmp_path)
    monkeypatch.setattr(output, "RAW", tmp_path / "raw.json")
    output.write(a_run())
    assert output.read() == a_run()
    assert (output.HERE / "RESULTS.md").read_text() == report.document(a_run())
    assert {path.name for path in (output.HERE / "plots").iterdir()} == {"cpu.svg", "latency.svg", "memory.svg"}


@pytest.mark.parametrize(("by", "order"), [(0, "abc"), (1, "bca"), (5, "cab")])
def test_each_round_begins_with_another_server(by: int, order: str) -> None:
    assert "".join(rotated("abc", by)) == order


def test_a_peer_that_cannot_be_installed_is_named_with_the_reason(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(peer: PythonPeer) -> None:
        raise Missing(f"{peer.packages[0]} has no wheel")

    monkeypatch.setattr(PythonPeer, "install", fail)
    assert install([PythonPeer("picows", "picows + uvloop", ("picows",))]) == (
        [],
        {"picows + uvloop": "picows has no wheel"},
    )


def test_an_environment_is_made_again_for_another_python(tmp_path: Path) -> None:
    assert interpreter(tmp_path) == []
    (tmp_path / "pyvenv.cfg").write_text("home = /opt/bin\nversion = 3.99.0\nprompt = here\n")
    assert interpreter(tmp_path) == ["home = /opt/bin", "version = 3.99.0"]


def test_a_command_that_fails_or_is_absent_is_a_reason() -> None:
    with pytest.raises(Missing, match=r"^sh failed with exit code 3$"):
        command("sh", "sh", "-c", "exit 3")
    with pytest.raises(Missing, match=r"^npm is not installed$"):
        command("npm", "no-such-program-anywhere")
