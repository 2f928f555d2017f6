"""Frozen settings and limits, each with its default and its unit in the name.

Values only: where they come from (options, variables, arguments) is the business of `daemon/options.py`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

KIB = 1024
MIB = 1024 * KIB

DEFAULT_PORT = 9001
"""The port of the note, and of the Autobahn TestSuite's default configuration."""

BACKLOG = 4096
"""Connections that may wait to be accepted; with Twisted's 50 a burst of 2,000 takes two seconds."""


@dataclass(frozen=True, slots=True)
class Limits:
    """What one connection may take, in bytes, lines and seconds."""

    head_bytes: int = 16 * KIB
    head_lines: int = 100
    head_timeout_s: float = 5.0
    """From accept to the last byte of the head, TLS and PROXY headers included."""
    max_message_bytes: int = 16 * MIB
    """Of one whole message after inflation; the conformance suite sends messages of this size."""
    write_buffer_bytes: int = 64 * KIB
    """Replies that may wait to be taken before reading pauses."""
    waiting_messages: int = 16
    """Messages that may wait for a callback's Deferred before reading pauses."""
    ping_interval_s: float = 20.0
    """Zero: no pings."""
    ping_timeout_s: float = 20.0
    open_timeout_s: float = 10.0
    """For a client: from connecting to the end of the opening handshake."""
    close_timeout_s: float = 5.0
    """From our Close to the peer's, and from the last byte that the peer took to the end of the connection."""
    stall_timeout_s: float = 20.0
    """Without any progress, while replies wait to be taken."""
    max_fragments: int = 131_072
    """Of one message, empty ones counted."""
    unfinished_bytes: int = 256 * MIB
    """Of unfinished messages, all connections together."""
    inflated_bytes_per_s: int = 64 * MIB
    max_connections: int = 0
    """All together, silent ones counted; zero: what the open files allow."""
    max_per_address: int = 0
    """From one IPv4 address or IPv6 /64; zero: no limit."""
    drain_timeout_s: float = 25.0
    """From the signal to the cut of whoever is left."""
    drain_spread_s: float = 3.0
    """Over which the Closes of a drain are spread; must be smaller than `drain_timeout_s`."""


@dataclass(frozen=True, slots=True)
class Settings:
    """How a daemon runs."""

    listen: tuple[str, ...] = ()
    """Twisted endpoint strings; none: `port` on every interface, IPv4 and IPv6."""
    listen_source: str = "--listen"
    """What the user calls the setting that they come from."""
    port: int = DEFAULT_PORT
    backlog: int = BACKLOG
    """Of `port`; an endpoint string has its own `backlog=`."""
    web: Path | None = None
    """The folder of the pages; None: the pages that come with echod."""
    origins: tuple[str, ...] | None = None
    """Allowed origins; None: all."""
    compression: bool = True
    behaviours: bool = True
    """Whether a client may ask for a behaviour in the query of its URL."""
    debug: bool = False
    limits: Limits = field(default_factory=Limits)
