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
from echod.site.endpoints import check_origin

UNITS = {"": 1, "K": KIB, "M": MIB, "G": KIB * MIB}
SIZE = re.compile(r"(\d+)([KMG]?)")
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


def parse_switch(text: str) -> bool:
    if text not in SWITCH:
        raise ValueError("on or off")
    return SWITCH[text]


def parse_flag(text: str) -> bool:
    if text.lower() not in FLAG:
        raise ValueError("1 or 0")
    return FLAG[text.lower()]


def parse_folder(text: str) -> Path:
    if not Path(text).is_dir():
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
    is_flag: bool = False
    is_repeatable: bool = False

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
    Option(
        "port",
        "port",
        parse_port,
        f"Port on every interface, IPv4 and IPv6; 0 is any free one [default: {DEFAULT_PORT}]",
    ),
    Option(
        "listen",
        "listen",
        str,
        "Twisted endpoint to listen on instead of --port, such as ssl:443 or unix:/run/echod; repeatable",
        is_repeatable=True,
    ),
    Option("web", "web", parse_folder, "Folder of the pages [default: the pages of echod]"),
    Option(
        "origin",
        "origins",
        parse_origin,
        "Origin that may connect, or null; repeatable [default: all]",
        is_repeatable=True,
    ),
    Option("max-message", "max_message_bytes", parse_size, "Largest message, such as 64K [default: 16M]"),
    Option("compression", "compression", parse_switch, "permessage-deflate, on or off [default: on]"),
    Option("debug", "debug", parse_flag, "Log handshakes, frames and closes", is_flag=True),
)

BARE_PORT = "PORT"
"""What hosting platforms set; honoured after `ECHOD_PORT`."""

LIMIT_FIELDS = {field.name for field in fields(Limits)}


def read_settings(given: Mapping[str, Sequence[str]], environ: Mapping[str, str]) -> Settings:
    """Settings from options (name to words) and the environment.

    Raises:
        BadSetting: the first value that cannot be, named by its option or variable.
    """
    values = {option.field: value for option in OPTIONS if (value := read_option(option, given, environ)) is not None}
    if "port" in given and "listen" not in given:
        values.pop("listen", None)
    limits = {name: values.pop(name) for name in LIMIT_FIELDS & values.keys()}
    return Settings(**values, limits=replace(Limits(), **limits))


def read_option(option: Option, given: Mapping[str, Sequence[str]], environ: Mapping[str, str]) -> Any:
    """The value of one option from where it is set first, or None."""
    if option.name in given:
        return option.read(f"--{option.name}", given[option.name])
    for variable in (option.variable, BARE_PORT) if option.name == "port" else (option.variable,):
        if environ.get(variable):
            return option.read(variable, option.words(environ[variable]))
    return None


def check_unknown(environ: Mapping[str, str]) -> None:
    """Refuse a misspelt `ECHOD_*` variable: silently ignored, it would surprise later."""
    known = {option.variable for option in OPTIONS}
    unknown = next((name for name in sorted(environ) if name.startswith("ECHOD_") and name not in known), None)
    if unknown:
        raise BadSetting("variable", unknown, f"one of {', '.join(sorted(known))}")
