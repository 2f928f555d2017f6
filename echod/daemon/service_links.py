"""Variables that Kubernetes, or Docker for a link, sets in every container beside a Service of that name.

A Service `echod` gives `ECHOD_SERVICE_HOST`, `ECHOD_PORT=tcp://10.0.0.1:9001`, `ECHOD_PORT_9001_TCP_ADDR` and others:
they look like settings, are none, and cannot be told apart by their names alone. Pure.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

URL = re.compile(r"(tcp|udp|sctp)://\S+")
NUMBER = re.compile(r"[0-9]+")
LINKS = (
    (re.compile(r"_SERVICE_HOST"), re.compile(r"\S+")),
    (re.compile(r"_SERVICE_PORT(_[A-Z0-9_]+)?"), NUMBER),
    (re.compile(r"_PORT(_[0-9]+_(TCP|UDP|SCTP))?"), URL),
    (re.compile(r"_PORT_[0-9]+_(TCP|UDP|SCTP)_PROTO"), re.compile(r"tcp|udp|sctp")),
    (re.compile(r"_PORT_[0-9]+_(TCP|UDP|SCTP)_PORT"), NUMBER),
    (re.compile(r"_PORT_[0-9]+_(TCP|UDP|SCTP)_ADDR"), re.compile(r"\S+")),
    # Docker alone (`docker run --link`).
    (re.compile(r"_NAME"), re.compile(r"/\S+")),
    (re.compile(r"_ENV_.+"), re.compile(r".*", re.DOTALL)),
)
"""What follows the name of the Service in the name of a variable, and what its value looks like."""

EVIDENCE = re.compile(r"(.+?)(_SERVICE_HOST|_PORT_[0-9]+_(TCP|UDP|SCTP))")
"""Variables that no setting could be mistaken for: there is a Service of that name."""


def find_services(environ: Mapping[str, str], prefix: str) -> list[str]:
    """The Services of which there are variables with this prefix, as their names stand in them."""
    found = (EVIDENCE.fullmatch(name) for name in environ if name.startswith(prefix))
    return sorted({link[1] for link in found if link})


def without_links(environ: Mapping[str, str], services: Iterable[str]) -> dict[str, str]:
    """The variables but for the links of these Services; one whose value is that of a setting is none."""
    names = [*services]
    return {
        name: value
        for name, value in environ.items()
        if not any(name.startswith(service) and is_link(name.removeprefix(service), value) for service in names)
    }


def is_link(rest: str, value: str) -> bool:
    return any(names.fullmatch(rest) and values.fullmatch(value) for names, values in LINKS)
