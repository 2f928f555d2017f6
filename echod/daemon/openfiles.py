"""How many connections the operating system lets us have."""

from __future__ import annotations

import resource

RESERVE = 64
"""Open files that are not connections: the reactor, listening sockets, pages, logs."""


def most_connections() -> int:
    """The connections that the hard limit of open files allows."""
    return max(1, resource.getrlimit(resource.RLIMIT_NOFILE)[1] - RESERVE)


def raise_open_files() -> None:
    """Raise the soft limit of open files to the hard one."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
