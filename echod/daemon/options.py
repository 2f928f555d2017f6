"""The options and their `ECHOD_*` variables: how each is read and shown, and how a `Settings` is made from both.

The table is made from the fields in `settings.py`. Precedence: option, variable, default.
A bad value is one line that names its source, the value and what is expected.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import Field, dataclass, fields, replace
from ipaddress import ip_address
from pathlib import Path
from typing import Any

from twisted.logger import Logger

from echod.daemon.service_links import find_services, without_links
from echod.errors import BadSetting
from echod.rules import quantities
from echod.rules.quantities import N, Quantity
from echod.rules.suggestion import suggest
from echod.settings import MIB, Limits, Settings
from echod.site.table import check_origin

log = Logger(namespace="echod")

MOST = 2**31 - 1
"""The largest count that the operating system takes."""
DAY_S = 86_400.0
"""Must be smaller than the 24 days for which the operating system waits at the most."""

PREFIX = "ECHOD_"
"""Of every variable of ours."""
SWITCH = {"on": True, "1": True, "true": True, "off": False, "0": False, "false": False}
HOST_NAME = re.compile(r"[0-9A-Za-z]([0-9A-Za-z._-]*[0-9A-Za-z])?")


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of value.

    Attributes:
        word: what stands for a value in `--help`; empty: the option is a flag.
        parse: the value of a text; the message of its ValueError says what is expected.
        show: the text of a value.
    """

    word: str
    parse: Callable[[str], object]
    show: Callable[[Any], str] = str


def parse_switch(text: str) -> bool:
    if text.lower() not in SWITCH:
        raise ValueError("on or off")
    return SWITCH[text.lower()]


def parse_folder(text: str) -> Path:
    if not text or not Path(text).is_dir():
        raise ValueError("a folder")
    return Path(text)


def parse_host(text: str) -> str:
    """An address or a name as it is; whether a name has an address shows when it is listened on."""
    try:
        return text if HOST_NAME.fullmatch(text) else str(ip_address(text))
    except ValueError:
        raise ValueError("an IPv4 or IPv6 address, or a name such as localhost") from None


def kind_of(word: str, quantity: Quantity[N]) -> Kind:
    return Kind(word, quantity.parse, quantity.show)


SIZE = kind_of("SIZE", quantities.size(MIB * MIB))
ON_OFF = Kind("on|off", parse_switch, {True: "on", False: "off"}.__getitem__)
KINDS = {
    "_bytes_per_s": SIZE,
    "_bytes": SIZE,
    "_per_s": kind_of("COUNT", quantities.count(1, MOST)),
    "_s": kind_of("TIME", quantities.time(0.001, DAY_S)),
    "int": kind_of("COUNT", quantities.count(1, MOST)),
    "bool": ON_OFF,
    "str": Kind("TEXT", str),
    "FLAG": replace(ON_OFF, word=""),
    "PORT": kind_of("PORT", quantities.count(0, 65535, "a port number")),
    "TIME_OR_ZERO": kind_of("TIME", quantities.time(0.0, DAY_S)),
    "ADDRESS": Kind("ADDRESS", parse_host),
    "ENDPOINT": Kind("ENDPOINT", str),
    "FOLDER": Kind("DIR", parse_folder),
    "ORIGIN": Kind("ORIGIN", check_origin),
}
"""The kinds of fields by unit, by type, and by the word of those that neither tells."""


@dataclass(frozen=True, slots=True)
class Option:
    """One setting: its option with its text in `--help`, its default as a user would write it, and its field."""

    name: str
    variable: str
    kind: Kind
    help: str
    default: str
    field: str
    is_repeatable: bool

    def read(self, source: str, words: Sequence[str]) -> object:
        """The value of these words; a repeatable option gives a tuple."""
        values = []
        for word in words:
            try:
                values.append(self.kind.parse(word))
            except ValueError as error:
                wanted = error.wanted if isinstance(error, BadSetting) else str(error)
                raise BadSetting(source, word, wanted) from None
        return tuple(values) if self.is_repeatable else values[-1]


def variable_of(name: str) -> str:
    """The variable of the option with this name."""
    return PREFIX + name.upper().replace("-", "_")


def option_of(field: Field[object]) -> Option:
    """The option that a field carries."""
    told = field.metadata
    unit = next((unit for unit in ("_bytes_per_s", "_per_s", "_bytes", "_s") if field.name.endswith(unit)), "")
    name = told["name"] or field.name.removesuffix(unit).replace("_", "-")
    kind = KINDS[told["kind"] or unit or str(field.type)]
    default = kind.show(field.default) if told["unset"] is None else told["unset"]
    is_repeatable = str(field.type).startswith("tuple")
    text = told["doc"] + " May be repeated." * is_repeatable + (f" [default: {default}]" if default else "")
    return Option(name, variable_of(name), kind, text, default, field.name, is_repeatable)


def make_groups() -> dict[str, list[Option]]:
    """The options in the order of their fields, by their headings in `--help`."""
    groups: dict[str, list[Option]] = {}
    for outer in fields(Settings):
        for field in fields(Limits) if outer.name == "limits" else [outer]:
            if "group" in field.metadata:
                groups.setdefault(field.metadata["group"] or [*groups][-1], []).append(option_of(field))
    return groups


GROUPS = make_groups()
OPTIONS = tuple(option for group in GROUPS.values() for option in group)
FORMER = {
    "head-size": "max-header-size",
    "head-lines": "max-header-count",
    "head-timeout": "handshake-timeout",
    "unfinished": "max-unfinished",
}
"""Names that options had, and their names now."""
WHERE_LISTED = "--help lists the options"

BARE_PORT = "PORT"
"""What hosting platforms set; honoured after `ECHOD_PORT`."""
OF_PORT = ("port", "host", "backlog")
"""Options that an endpoint has words of its own for."""


def read_settings(given: Mapping[str, Sequence[str]], environ: Mapping[str, str]) -> Settings:
    """Settings from options (name to words) and the environment; a BadSetting names the first invalid value."""
    environ = leave_out_links(environ)
    check_variables(environ)
    values: dict[str, Any] = {
        option.field: value for option in OPTIONS if (value := read_option(option, given, environ)) is not None
    }
    if "listen" in values:
        choose_endpoints(values, given, environ)
    limits = {field.name: values.pop(field.name) for field in fields(Limits) if field.name in values}
    return Settings(**values, limits=Limits(**limits))


def read_option(option: Option, given: Mapping[str, Sequence[str]], environ: Mapping[str, str]) -> object:
    """The value of one option from where it is set first, or None."""
    if option.name in given:
        return option.read(f"--{option.name}", given[option.name])
    for variable in (option.variable, BARE_PORT) if option.name == "port" else (option.variable,):
        text = environ.get(variable, "")
        if text.strip():
            return option.read(variable, text.split() if option.is_repeatable else [text])
    return None


def choose_endpoints(values: dict[str, Any], given: Mapping[str, Sequence[str]], environ: Mapping[str, str]) -> None:
    """Keep the endpoints, or drop them for a port that is on the command line while they are in the variable.

    What else belongs to a port would have no effect: on the command line it is a BadSetting, in a variable a warning.
    """
    beside = [name for name in OF_PORT if name in given]
    if "listen" not in given and {"port", "host"} & given.keys():
        del values["listen"]
        return
    values["listen_source"] = source = "--listen" if "listen" in given else variable_of("listen")
    if beside:
        own = "whose endpoints have a port, a host and a backlog of their own"
        raise BadSetting(f"--{beside[0]}", given[beside[0]][-1], f"allowed with {source}, {own}")
    for variable in map(variable_of, OF_PORT):
        if "listen" not in given and environ.get(variable, "").strip():
            log.warn("echod ignores {variable}: {source} says where to listen", variable=variable, source=source)


def leave_out_links(environ: Mapping[str, str]) -> Mapping[str, str]:
    """The variables without the service links of Kubernetes, which the log names once."""
    services = find_services(environ, PREFIX)
    if services:
        log.info("echod ignores the service links of {services} in its variables", services=", ".join(services))
    return without_links(environ, services)


def check_variables(environ: Mapping[str, str]) -> None:
    """Refuse a misspelt `ECHOD_*` variable, which would otherwise be ignored silently."""
    known = {option.variable for option in OPTIONS}
    unknown = next((name for name in sorted(environ) if name.startswith(PREFIX) and name not in known), None)
    if unknown:
        name = unknown.removeprefix(PREFIX).lower().replace("_", "-")
        raise BadSetting("variable", unknown, f"known{suggest_option(name, variable_of)}; {WHERE_LISTED}")


def suggest_option(name: str, show: Callable[[str], str] = "--{}".format) -> str:
    """`, did you mean --NAME?` for a name that no option has, or has no more; empty when none is near."""
    return suggest(FORMER.get(name, name), (option.name for option in OPTIONS), show)
