"""Options and `ECHOD_*` variables: one table, one way to read them.

Precedence: option, variable, default. Every bad value is one line that names the source, the value and what is right.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any

from echod.errors import BadSetting
from echod.settings import DEFAULT_PORT, KIB, MIB, Limits, Settings
from echod.site.table import check_origin

MOST = 2**31 - 1
"""The largest count that the operating system takes."""

UNITS = {"": 1, "K": KIB, "M": MIB, "G": KIB * MIB}
SIZE = re.compile(r"([0-9]+)([KMG]?)")
SECONDS = {"ms": 0.001, "s": 1.0, "": 1.0, "m": 60.0}
DURATION = re.compile(r"([0-9]+(?:\.[0-9]+)?)(ms|s|m|)")
SWITCH = {"on": True, "off": False}
FLAG = {**SWITCH, "1": True, "0": False, "true": True, "false": False, "": False}


def parse_port(text: str) -> int:
    if not (text.isascii() and text.isdigit() and int(text) <= 65535):
        raise ValueError("a port number from 0 (any free one) to 65535")
    return int(text)


def parse_size(text: str) -> int:
    """`1048576`, `1024K` or `1M`; at least one byte."""
    found = SIZE.fullmatch(text)
    if found is None or int(found[1]) == 0:
        raise ValueError("a size such as 65536, 64K or 16M")
    return int(found[1]) * UNITS[found[2]]


def parse_count(text: str) -> int:
    if not (text.isascii() and text.isdigit() and 1 <= int(text) <= MOST):
        raise ValueError(f"a number from 1 to {MOST}")
    return int(text)


def parse_duration(text: str) -> float:
    """Seconds, of `250ms`, `2s`, `1m` or plain seconds; above zero."""
    seconds = parse_pause(text)
    if not seconds:
        raise ValueError("a time above zero, such as 250ms, 2s or 1m")
    return seconds


def parse_pause(text: str) -> float:
    """As `parse_duration`, zero too."""
    found = DURATION.fullmatch(text)
    if found is None:
        raise ValueError("a time such as 250ms, 2s or 1m")
    return float(found[1]) * SECONDS[found[2]]


def parse_switch(text: str) -> bool:
    if text not in SWITCH:
        raise ValueError("on or off")
    return SWITCH[text]


def parse_flag(text: str) -> bool:
    if text.lower() not in FLAG:
        raise ValueError("1 or 0")
    return FLAG[text.lower()]


def parse_folder(text: str) -> Path:
    if not text or not Path(text).is_dir():
        raise ValueError("a folder")
    return Path(text)


def parse_origin(text: str) -> str:
    try:
        return check_origin(text)
    except BadSetting as error:
        raise ValueError(error.wanted) from None


@dataclass(frozen=True, slots=True)
class Option:
    """One setting: its option, its variable, its field in `Settings` or `Limits`."""

    name: str
    field: str
    parse: Callable[[str], Any]
    doc: str
    default: str
    is_repeatable: bool = False
    is_flag: bool = False

    @property
    def help(self) -> str:
        """What `--help` says."""
        return f"{self.doc} [default: {self.default}]" if self.default else self.doc

    @property
    def variable(self) -> str:
        return "ECHOD_" + self.name.upper().replace("-", "_")

    def read(self, source: str, words: Sequence[str]) -> Any:
        """The value of these words; a repeatable option gives a tuple."""
        values = tuple(self._parse(source, word) for word in words)
        return values if self.is_repeatable else values[-1]

    def _parse(self, source: str, word: str) -> Any:
        try:
            return self.parse(word)
        except ValueError as error:
            raise BadSetting(source, word, str(error)) from None

    def words(self, text: str) -> list[str]:
        """The words in a variable: several for a repeatable option, with blanks between them."""
        return text.split() if self.is_repeatable else [text]


OPTIONS = (
    Option("port", "port", parse_port, "Port on every interface, IPv4 and IPv6; 0 is any free one", str(DEFAULT_PORT)),
    Option(
        "listen", "listen", str, "Twisted endpoint instead of --port, such as unix:/run/echod; repeatable", "", True
    ),
    Option("backlog", "backlog", parse_count, "Connections that may wait to be accepted on --port", "4096"),
    Option("web", "web", parse_folder, "Folder of the pages", "those of echod"),
    Option("origin", "origins", parse_origin, "Origin that may connect, or null; repeatable", "all", True),
    Option("compression", "compression", parse_switch, "permessage-deflate, on or off", "on"),
    Option("behaviours", "behaviours", parse_switch, "Behaviours that clients ask for in queries, on or off", "on"),
    Option("debug", "debug", parse_flag, "Log handshakes, frames and closes", "off", is_flag=True),
    Option("head-size", "head_bytes", parse_size, "Largest head of a request", "16K"),
    Option("head-lines", "head_lines", parse_count, "Most lines of the head of a request", "100"),
    Option("head-timeout", "head_timeout_s", parse_duration, "From accept to the end of the head", "5s"),
    Option("max-message", "max_message_bytes", parse_size, "Largest message, inflated", "16M"),
    Option("max-fragments", "max_fragments", parse_count, "Most frames of one message", "131072"),
    Option("unfinished", "unfinished_bytes", parse_size, "Unfinished messages, all connections together", "256M"),
    Option("inflate-rate", "inflated_bytes_per_s", parse_size, "Inflated bytes a second and connection", "64M"),
    Option("write-buffer", "write_buffer_bytes", parse_size, "Replies that may wait before reading pauses", "64K"),
    Option("stall-timeout", "stall_timeout_s", parse_duration, "Without progress, while replies wait", "20s"),
    Option("ping-interval", "ping_interval_s", parse_pause, "Between pings; 0 for none", "20s"),
    Option("ping-timeout", "ping_timeout_s", parse_duration, "From a ping to its pong", "20s"),
    Option("close-timeout", "close_timeout_s", parse_duration, "For a closing handshake, and the end after it", "5s"),
    Option("max-connections", "max_connections", parse_count, "Most connections", "open files less 64"),
    Option("max-per-address", "max_per_address", parse_count, "Most from one IPv4 address or IPv6 /64", "no limit"),
    Option("drain-timeout", "drain_timeout_s", parse_duration, "From SIGTERM to the cut of whoever is left", "25s"),
    Option("drain-spread", "drain_spread_s", parse_pause, "Over which the Closes of a drain are spread", "3s"),
)

BARE_PORT = "PORT"
"""What hosting platforms set; honoured after `ECHOD_PORT`."""

LIMIT_FIELDS = {field.name for field in fields(Limits)}


def read_settings(given: Mapping[str, Sequence[str]], environ: Mapping[str, str]) -> Settings:
    """Settings from options (name to words) and the environment.

    Raises:
        BadSetting: the first value that cannot be, named by its option or variable.
    """
    check_unknown(environ)
    values = {option.field: value for option in OPTIONS if (value := read_option(option, given, environ)) is not None}
    if "port" in given and "listen" not in given:
        values.pop("listen", None)
    if "listen" in values and "listen" not in given:
        values["listen_source"] = "ECHOD_LISTEN"
    limits = {name: values.pop(name) for name in LIMIT_FIELDS & values.keys()}
    return Settings(**values, limits=replace(Limits(), **limits))


def read_option(option: Option, given: Mapping[str, Sequence[str]], environ: Mapping[str, str]) -> Any:
    """The value of one option from where it is set first, or None."""
    if option.name in given:
        return option.read(f"--{option.name}", given[option.name])
    for variable in (option.variable, BARE_PORT) if option.name == "port" else (option.variable,):
        if environ.get(variable, "").strip():
            return option.read(variable, option.words(environ[variable]))
    return None


def check_unknown(environ: Mapping[str, str]) -> None:
    """Refuse a misspelt `ECHOD_*` variable: silently ignored, it would surprise later."""
    known = {option.variable for option in OPTIONS}
    unknown = next((name for name in sorted(environ) if name.startswith("ECHOD_") and name not in known), None)
    if unknown:
        raise BadSetting("variable", unknown, f"one of {', '.join(sorted(known))}")
