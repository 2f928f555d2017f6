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
    """What connections may use, in bytes, counts and seconds."""

    max_header_bytes: int = 16 * KIB
    """Of a request line and its headers."""
    max_header_count: int = 100
    """Header fields of a request; the request line is none."""
    handshake_timeout_s: float = 5.0
    """From the TCP accept to the last byte of the request headers, TLS and PROXY headers included."""
    max_message_bytes: int = 16 * MIB
    """Of one whole message after inflation; the conformance suite sends messages of this size."""
    write_buffer_bytes: int = 64 * KIB
    """Bytes buffered for a connection before reading from it is paused (back-pressure)."""
    waiting_messages: int = 16
    """Messages that may wait for a callback's Deferred before reading is paused."""
    ping_interval_s: float = 20.0
    """Zero: no pings."""
    ping_timeout_s: float = 20.0
    open_timeout_s: float = 10.0
    """For a client: from connecting to the end of the opening handshake."""
    close_timeout_s: float = 5.0
    """From our Close to the peer's, and from the last byte that the peer read to the end of the connection."""
    stall_timeout_s: float = 20.0
    """In which the peer reads nothing while replies wait; the connection is then aborted."""
    max_fragments: int = 131_072
    """Of one message, empty ones counted."""
    max_unfinished_bytes: int = 256 * MIB
    """Of unfinished messages, all connections together."""
    inflated_bytes_per_s: int = 64 * MIB
    max_connections: int = 0
    """All together, silent ones included; zero: what the open files allow."""
    max_per_address: int = 0
    """From one IPv4 address or IPv6 /64; zero: no limit."""
    drain_timeout_s: float = 25.0
    """From the signal to the abort of the connections that are left."""
    drain_spread_s: float = 3.0
    """Over which the Closes of a drain are staggered; of more than half of `drain_timeout_s`, that half is used."""

    @property
    def effective_drain_spread_s(self) -> float:
        """Within which every client is told of a drain: well before the first of them is aborted."""
        return min(self.drain_spread_s, self.drain_timeout_s / 2)


@dataclass(frozen=True, slots=True)
class Settings:
    """How a daemon runs."""

    listen: tuple[str, ...] = ()
    """Twisted endpoint strings; none: `port` of `host`."""
    listen_source: str = "--listen"
    """What the user calls the setting that they come from."""
    port: int = DEFAULT_PORT
    host: str | None = None
    """The address or name to listen on with `port`; None: every interface, IPv4 and IPv6."""
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
