"""RESULTS.md, made of what a run found. Pure: text out of figures."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from bench import goals
from bench.figures import ByServer, Run, echo_figure, ends, gm, middle
from bench.markdown import NOTHING, number, span, table
from bench.scenarios import SCENARIOS

Cell = Callable[[str, str], str]

INTRODUCTION = (
    "Each figure is the median of five rounds of one run; of idle connections, of three.",
    "In each round every server is measured in turn, and the order is another one each time.",
    "Server and load have a core each; the load generator (`bench/load`) sends text under random masks"
    " and compares every byte of every echo.",
    "CPU is user and system time of all threads of the server, from `/proc/PID/task/*/schedstat`,"
    " divided by the messages that came back in the time that counts.",
    "echod is `twistd -n echod` with every guard on; no server compresses.",
    "pp*N* is ping-pong on *N* connections with messages of 128 B;"
    " pl*N* is 64 connections with *N* messages of 128 B in flight on each;"
    " 4k, 64k and 1m are ping-pong of messages of that size, on 64, 16 and 8 connections.",
    "picows hands over frames: it neither puts fragmented messages together nor checks that text is UTF-8,"
    " and its program here does not either; the others do both.",
)


def document(run: Run) -> str:
    """The whole of RESULTS.md."""
    sections = ["# What echoes cost", "\n".join(INTRODUCTION), *(section(title, text) for title, text in parts(run))]
    return "\n\n".join(sections) + "\n"


def section(title: str, text: str) -> str:
    return f"## {title}\n\n{text}"


def parts(run: Run) -> list[tuple[str, str]]:
    names = measured(run)
    return [
        ("Machine and versions", versions(run)),
        ("CPU, µs a message", "![CPU by load and server](plots/cpu.svg)\n\n" + cpu(run, names)),
        ("What echod is to reach", reached(run)),
        ("Messages a second", by_scenario(run, names, "messages_per_s")),
        (
            "Latency, µs: p50 / p99 / p99.9",
            "![Latency by load and server](plots/latency.svg)\n\n" + latency(run, names),
        ),
        ("Handshakes", handshakes(run)),
        ("Memory", "![Memory for an idle connection by server](plots/memory.svg)\n\n" + memory(run)),
        ("Spread of CPU, µs a message: least–most of the rounds", spread(run, names)),
    ]


def measured(run: Run) -> list[str]:
    return [scenario.name for scenario in SCENARIOS if scenario.name in run.echo]


def versions(run: Run) -> str:
    lines = [f"* {name}: {value}." for name, value in run.machine.items()]
    lines += [f"* {run.titles[key]}: {value}." for key, value in run.versions.items()]
    lines += [f"* Not measured: {title}, as {why}." for title, why in run.missing.items()]
    lines += [f"* Failed: {failure}." for failure in run.failures]
    return "\n".join([*lines, f"* The run took {run.seconds / 60:.0f} minutes."])


def grid(run: Run, columns: Sequence[str], cell: Cell) -> str:
    """A row for each server, a column for each of these."""
    return table(
        ["", *columns], [[run.titles[server], *(cell(server, column) for column in columns)] for server in run.titles]
    )


def by_scenario(run: Run, names: Sequence[str], figure: str) -> str:
    return grid(run, names, lambda server, scenario: number(echo_figure(run, scenario, server, figure)))


def cpu(run: Run, names: Sequence[str]) -> str:
    """With `gm`: the geometric mean of stock ÷ this, over all scenarios."""

    def cell(server: str, column: str) -> str:
        if column == "gm":
            return number(gm(run, server, names))
        return number(echo_figure(run, column, server, "cpu_us"))

    return grid(run, [*names, "gm"], cell) + "\n\ngm is the geometric mean of stock ÷ this."


def reached(run: Run) -> str:
    """The ratios beside those wanted, and the bounds."""
    peers = [peer for peer in goals.GOALS if peer in run.titles]
    rows = [[run.titles[peer], *(goals.verdict(run, peer, name) for name in goals.COLUMNS)] for peer in peers]
    ratios = table(["CPU of the peer ÷ CPU of echod", *goals.COLUMNS], rows)
    return ratios + "\n\n" + table(["", "measured", "wanted", "reached"], goals.limits(run))


def latency(run: Run, names: Sequence[str]) -> str:
    def cell(server: str, scenario: str) -> str:
        quantiles = (echo_figure(run, scenario, server, name) for name in ("p50_us", "p99_us", "p999_us"))
        return " / ".join(map(number, quantiles))

    return grid(run, names, cell)


def column(by_server: ByServer, figure: str) -> Callable[[str], str]:
    return lambda server: number(middle(by_server.get(server, []), figure))


def handshakes(run: Run) -> str:
    columns = {
        "µs of CPU to open": column(run.openings, "cpu_us"),
        "µs of CPU to open and close": column(run.handshakes, "cpu_us"),
        "opened and closed a second": column(run.handshakes, "handshakes_per_s"),
    }
    text = "From the connect of 32 clients at a time to the 101, and to the end of the closing handshake."
    return text + "\n\n" + grid(run, list(columns), lambda server, name: columns[name](server))


def memory(run: Run) -> str:
    def resident(when: str) -> Callable[[str], str]:
        return lambda server: number(run.memory.get(server, {}).get(when))

    columns = {
        "KiB for an idle connection": column(run.idle, "each_kib"),
        "RSS at the start, MiB": resident("start"),
        "RSS after all rounds, MiB": resident("end"),
        "RSS at most, MiB": resident("peak"),
    }
    text = "An idle connection is a part of 10,000 on a server of their own; RSS is that of the servers under load."
    return text + "\n\n" + grid(run, list(columns), lambda server, name: columns[name](server))


def spread(run: Run, names: Sequence[str]) -> str:
    servers = [server for server in ("echod", "stock") if server in run.titles]

    def cells(server: str) -> list[str]:
        return [span(ends(run.echo[scenario].get(server, []), "cpu_us")) for scenario in names]

    return table(["", *names], [[run.titles[server], *cells(server)] for server in servers])


def quick(run: Run) -> str:
    """What `make bench-quick` prints: CPU, and how many times that of echod."""
    names = measured(run)
    ratios = grid(
        run, names, lambda server, scenario: goals.verdict(run, server, scenario) if server in goals.GOALS else NOTHING
    )
    return f"{cpu(run, names)}\n\n{ratios}\n\n{spread(run, names)}" + "".join(f"\nFailed: {f}" for f in run.failures)
