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


@dataclass(frozen=True, slots=True)
class Limits:
    """What one connection may take, in bytes, lines and seconds."""

    head_bytes: int = 16 * KIB
    head_lines: int = 100
    head_timeout_s: float = 5.0
    """From accept to the last byte of the head, TLS and PROXY headers included."""
    max_message_bytes: int = 16 * MIB
    """Of one whole message after inflation; the conformance suite sends messages of this size."""
    waiting_messages: int = 16
    """Messages that may wait for a callback's Deferred before reading pauses."""
    ping_interval_s: float = 20.0
    """Zero: no pings."""
    ping_timeout_s: float = 20.0
    open_timeout_s: float = 10.0
    """For a client: from connecting to the end of the opening handshake."""
    close_timeout_s: float = 5.0
    """From our Close to the peer's."""


@dataclass(frozen=True, slots=True)
class Settings:
    """How a daemon runs."""

    listen: tuple[str, ...] = ()
    """Twisted endpoint strings; none: `port` on every interface, IPv4 and IPv6."""
    port: int = DEFAULT_PORT
    web: Path | None = None
    """The folder of the pages; None: the pages that come with echod."""
    origins: tuple[str, ...] | None = None
    """Allowed origins; None: all."""
    compression: bool = True
    debug: bool = False
    limits: Limits = field(default_factory=Limits)
