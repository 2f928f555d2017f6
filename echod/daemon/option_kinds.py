"""The kinds of values that options take: how each is called in `--help`, read and shown."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from ipaddress import ip_address
from pathlib import Path
from typing import Any

from echod.errors import BadSetting
from echod.rules import quantities
from echod.rules.quantities import N, Quantity
from echod.settings import MIB
from echod.site.table import check_origin

MOST = 2**31 - 1
"""The largest count that the operating system takes."""
MOST_BYTES = MIB * MIB
DAY_S = 86_400.0
"""Must be smaller than the 24 days for which the operating system waits at the most."""

SWITCH = {"on": True, "1": True, "true": True, "off": False, "0": False, "false": False}
HOST_NAME = re.compile(r"[0-9A-Za-z]([0-9A-Za-z._-]*[0-9A-Za-z])?")


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of value.

    Attributes:
        word: what stands for a value in `--help`; empty: the option is a flag.
        parse: the value of a text; the message of its ValueError says what is expected.
        show: the text of a value.
        suffix: the unit, with which fields of this kind end.
    """

    word: str
    parse: Callable[[str], object]
    show: Callable[[Any], str] = str
    suffix: str = ""


def parse_switch(text: str) -> bool:
    if text.lower() not in SWITCH:
        raise ValueError("on or off")
    return SWITCH[text.lower()]


def show_switch(value: bool) -> str:
    return "on" if value else "off"


def parse_folder(text: str) -> Path:
    if not text or not Path(text).is_dir():
        raise ValueError("a folder")
    return Path(text)


def parse_origin(text: str) -> str:
    try:
        return check_origin(text)
    except BadSetting as error:
        raise ValueError(error.wanted) from None


def parse_host(text: str) -> str:
    """An address or a name as it is; whether a name has an address shows when it is listened on."""
    try:
        return text if HOST_NAME.fullmatch(text) else str(ip_address(text))
    except ValueError:
        raise ValueError("an IPv4 or IPv6 address, or a name such as localhost") from None


def kind_of(word: str, quantity: Quantity[N], suffix: str = "") -> Kind:
    """The kind of a quantity."""
    return Kind(word, quantity.parse, quantity.show, suffix)


PORT = kind_of("PORT", quantities.count(0, 65535, "a port number"))
COUNT = kind_of("COUNT", quantities.count(1, MOST))
SIZE = kind_of("SIZE", quantities.size(MOST_BYTES), "_bytes")
TIME = kind_of("TIME", quantities.time_or_seconds(0.001, DAY_S), "_s")
TIME_OR_ZERO = kind_of("TIME", quantities.time_or_seconds(0.0, DAY_S), "_s")
ON_OFF, FLAG = Kind("on|off", parse_switch, show_switch), Kind("", parse_switch, show_switch)
ADDRESS, ENDPOINT = Kind("ADDRESS", parse_host), Kind("ENDPOINT", str)
FOLDER, ORIGIN = Kind("DIR", parse_folder), Kind("ORIGIN", parse_origin)
