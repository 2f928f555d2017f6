"""What the echo load does to a server: how many connections, how many messages in flight on each, of what size."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Scenario:
    """One shape of load; `payload` in bytes of text."""

    name: str
    connections: int
    in_flight: int
    payload: int

    def arguments(self) -> list[str]:
        """The options of the load generator."""
        return [
            *("--connections", str(self.connections)),
            *("--in-flight", str(self.in_flight)),
            *("--payload", str(self.payload)),
        ]


SCENARIOS = (
    Scenario("pp1", 1, 1, 128),
    Scenario("pp64", 64, 1, 128),
    Scenario("pp1k", 1000, 1, 128),
    Scenario("pl16", 64, 16, 128),
    Scenario("pl64", 64, 64, 128),
    Scenario("4k", 64, 1, 4096),
    Scenario("64k", 16, 1, 65536),
    Scenario("1m", 8, 1, 1048576),
)
QUICK = tuple(scenario for scenario in SCENARIOS if scenario.name in ("pp64", "pl16", "4k"))
