"""Frozen settings and limits: each field has its default, its unit in its name, its meaning and its option.

Values only: how options and variables are read is the business of `daemon/options.py`.
"""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import TypeVar

T = TypeVar("T")

KIB = 1024
MIB = 1024 * KIB

DEFAULT_PORT = 9001
"""The port of the note, and of the Autobahn TestSuite's default configuration."""

BACKLOG = 4096
"""Connections that may wait to be accepted; with Twisted's 50 a burst of 2,000 takes two seconds."""


def option(default: T, doc: str, unset: str | None = None, *, group: str = "", name: str = "", kind: str = "") -> T:
    """A field with its meaning and its option.

    Args:
        doc: what `--help` and the docstring of `Limits` say of it, in sentences.
        unset: what the default is called where its value would not tell; empty: there is nothing to say.
        group: the heading in `--help` of this option and those after it; empty: that of the option before.
        name: of the option, where it is not that of the field without its unit.
        kind: of the values, one of `KINDS` in `daemon/options.py`; empty: unit and type tell.
    """
    return field(default=default, metadata={"doc": doc, "unset": unset, "group": group, "name": name, "kind": kind})


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What connections may use, in counts, bytes (`_bytes`) and seconds (`_s`); a limit of 0 connections is none."""

    max_header_bytes: int = option(
        16 * KIB, "Bytes of request headers; more are answered 431.", group="Limits", name="max-header-size"
    )
    max_header_count: int = option(100, "Header fields of a request; more are answered 431.")
    # Messages of the conformance suite are as large as that.
    max_message_bytes: int = option(16 * MIB, "Bytes of a message after inflation; more end in Close 1009.")
    max_fragments: int = option(131_072, "Frames of a message; more end in Close 1009.")
    max_unfinished_bytes: int = option(
        256 * MIB, "Bytes of unfinished messages on all connections; more end in Close 1013."
    )
    inflated_bytes_per_s: int = option(
        64 * MIB, "Bytes inflated per connection and second before reading is paused.", name="inflate-rate"
    )
    write_buffer_bytes: int = option(
        64 * KIB, "Bytes buffered per connection before reading is paused (back-pressure)."
    )
    max_connections: int = option(0, "Connections, silent ones included; more are answered 503.", "open files less 64")
    max_per_address: int = option(
        0, "Connections from one IPv4 address or IPv6 /64; more are answered 503.", "no limit"
    )
    waiting_messages: int = field(default=16, metadata={"doc": "Messages waiting for Deferreds; more pause reading."})
    handshake_timeout_s: float = option(
        5.0, "Time from the TCP accept to the end of the request headers; then the answer is 408.", group="Timeouts"
    )
    stall_timeout_s: float = option(20.0, "Time without progress while replies wait; the connection is then aborted.")
    ping_interval_s: float = option(
        20.0, "Silence after which a client is pinged (keepalive); 0 is never.", kind="TIME_OR_ZERO"
    )
    ping_timeout_s: float = option(20.0, "Time from a ping to any byte of the client; the connection is then aborted.")
    close_timeout_s: float = option(5.0, "Time for the client's Close after ours, and then for the end of TCP.")
    drain_timeout_s: float = option(25.0, "Grace period after SIGTERM; remaining connections are then aborted.")
    drain_spread_s: float = option(
        3.0, "Time over which a drain sends its Closes; at most half of --drain-timeout.", kind="TIME_OR_ZERO"
    )
    open_timeout_s: float = field(
        default=10.0, metadata={"doc": "Time for a client from connecting to the end of the opening handshake."}
    )

    @property
    def effective_drain_spread_s(self) -> float:
        """Within which every client is told of a drain: well before the first of them is aborted."""
        return min(self.drain_spread_s, self.drain_timeout_s / 2)


Limits.__doc__ = f"{Limits.__doc__}\n\n    Attributes:\n" + "\n".join(
    f"        {field.name}: {field.metadata['doc']}" for field in fields(Limits)
)


@dataclass(frozen=True, slots=True)
class Settings:
    """How a daemon runs."""

    port: int = option(DEFAULT_PORT, "Port to listen on; 0 takes any free one.", group="Listening", kind="PORT")
    host: str | None = option(None, "Address or name to listen on.", "every interface, IPv4 and IPv6", kind="ADDRESS")
    listen: tuple[str, ...] = option(
        (), "Twisted endpoint to listen on instead, such as unix:/run/echod.", "", kind="ENDPOINT"
    )
    listen_source: str = "--listen"
    """What the user calls the setting that they come from."""
    backlog: int = option(BACKLOG, "Connections that may wait to be accepted on the port.")
    web: Path | None = option(  # noqa: RUF009
        None, "Folder whose files are served as pages.", "the pages of echod", group="Serving", kind="FOLDER"
    )
    origins: tuple[str, ...] | None = option(
        None, "Allow only this origin (exact match), null, or another text.", "all", name="origin", kind="ORIGIN"
    )
    compression: bool = option(True, "Whether permessage-deflate is agreed to when it is offered.")
    limits: Limits = Limits()
    behaviours: bool = option(
        True, "Whether clients may ask for faults in the query of a URL.", group="Behaviours (fault injection)"
    )
    debug: bool = option(False, "Log handshakes, frames and closes.", group="Logging", kind="FLAG")
